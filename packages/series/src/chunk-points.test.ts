import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNumeric } from './chunk-points.ts';
import { TYPE_CODE } from './head.ts';

test('isNumeric is true for numbers and exact integers, false for booleans and texts', () => {
  const { number, integer, boolean, text } = TYPE_CODE;
  assert.deepEqual([number, integer, boolean, text].map(isNumeric), [true, true, false, false]);
});
