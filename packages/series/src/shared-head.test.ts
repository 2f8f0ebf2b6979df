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

test('createHead takes the numbers of a record as it takes them one by one', () => {
  const [all, each] = [createHead(10, 0), createHead(10, 0)];
  const series = Int32Array.of(9, 4, 5, 6);
  const values = Float64Array.of(-0, 1.5, 2 ** 60, -1);
  for (const head of [all, each]) head.append(1, 1, 2, 3, 0);
  all.appendNumbers(series, values, 1, 4, 1_000, 77);
  for (let i = 1; i < 4; i++) each.append(Number(series[i]), 1_000, Number(values[i]), 77, i);
  assert.equal(all.rows, 4);
  assert.deepEqual(all.columns, each.columns);
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
