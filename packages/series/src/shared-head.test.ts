import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHead, headValue, textBytesOf, viewOf } from './shared-head.ts';

test('createHead keeps values of every type as they are', () => {
  const head = createHead(10, 100);
  const values = [1.5, -0, true, false, 'Füße \u{1f30a}', '', 12345678901234567890n, -9007199254740993n];
  for (const [i, value] of values.entries()) head.append(i, 1000 + i, value, 50 + i, i);
  const { columns, rows } = viewOf(head, 1);
  assert.deepEqual(
    Array.from({ length: rows }, (_, row) => headValue(columns, row)),
    values,
  );
  assert.equal(columns.time[3], 1003);
  assert.equal(columns.offset[3], 53);
  assert.equal(
    head.textBytes,
    values.reduce<number>((sum, value) => sum + textBytesOf(value), 0),
  );
});

test('createHead says when rows or text do not fit, and again has room after clear', () => {
  const head = createHead(2, 4);
  assert.equal(head.hasRoom(2, 4), true);
  assert.equal(head.hasRoom(3, 0), false);
  head.append(1, 1, 'abc', 1, 0);
  assert.equal(head.hasRoom(1, 2), false);
  assert.throws(() => head.append(1, 1, 'de', 1, 0));
  head.clear();
  assert.equal(head.hasRoom(2, 4), true);
});
