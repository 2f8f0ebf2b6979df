import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSaidBy } from './said-by.ts';

test('isSaidBy: a document says what was written when all of it stands there, whatever stands beside it', () => {
  const whole = { kind: 'P', spec: { stages: [{ name: 'a', limit: 1 }], shadow: false } };
  for (const part of [
    whole,
    {},
    { spec: {} },
    { spec: { stages: [{ name: 'a' }] } },
    { none: {}, spec: { list: [] } },
  ])
    assert.equal(isSaidBy(part, whole), true, JSON.stringify(part));
  for (const part of [
    { kind: 'Q' },
    { spec: { stages: [{ name: 'b' }] } },
    { spec: { stages: [{ name: 'a' }, { name: 'b' }] } },
    { spec: 1 },
    { other: 1 },
    undefined,
  ])
    assert.equal(isSaidBy(part, whole), false, JSON.stringify(part));
});
