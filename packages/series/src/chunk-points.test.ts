import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChunkPoints,
  firstAtOrAfter,
  isNumeric,
  joinPoints,
  slicePoints,
  sortPoints,
  valueAt,
} from './chunk-points.ts';
import { TYPE_CODE } from './head.ts';

/** Points from rows of time, offset, ordinal, number and text. */
function aRun(type: number, ...rows: readonly [number, number, number, number, string][]): ChunkPoints {
  return {
    type,
    times: Float64Array.from(rows, ([time]) => time),
    offsets: Float64Array.from(rows, ([, offset]) => offset),
    ordinals: Uint16Array.from(rows, ([, , ordinal]) => ordinal),
    numbers: type === TYPE_CODE.text ? new Float64Array(0) : Float64Array.from(rows, (row) => row[3]),
    texts: type === TYPE_CODE.text || type === TYPE_CODE.integer ? rows.map((row) => row[4]) : [],
  };
}

test('isNumeric is true for numbers and exact integers, false for booleans and texts', () => {
  const { number, integer, boolean, text } = TYPE_CODE;
  assert.deepEqual([number, integer, boolean, text].map(isNumeric), [true, true, false, false]);
});

test('valueAt gives the value in the form of its type', () => {
  const row = [1, 1, 0, 1, '9007199254740993'] as const;
  const read = (type: number) => valueAt(aRun(type, [...row]), 0);
  assert.equal(read(TYPE_CODE.number), 1);
  assert.equal(read(TYPE_CODE.boolean), true);
  assert.equal(read(TYPE_CODE.integer), 9_007_199_254_740_993n);
  assert.equal(read(TYPE_CODE.text), '9007199254740993');
  assert.equal(valueAt(aRun(TYPE_CODE.boolean, [1, 1, 0, 0, '']), 0), false);
});

for (const type of Object.values(TYPE_CODE)) {
  test(`joinPoints keeps every column of a row together, of type ${type}`, () => {
    const joined = joinPoints([
      aRun(type, [10, 5, 0, 1, 'a'], [30, 7, 2, 0, 'b']),
      aRun(type, [20, 6, 1, 1, 'c'], [30, 7, 1, 0, 'd'], [30, 9, 0, 1, 'e']),
      aRun(type, [5, 1, 3, 0, 'f']),
    ]);
    const expected = aRun(
      type,
      [5, 1, 3, 0, 'f'],
      [10, 5, 0, 1, 'a'],
      [20, 6, 1, 1, 'c'],
      [30, 7, 1, 0, 'd'],
      [30, 7, 2, 0, 'b'],
      [30, 9, 0, 1, 'e'],
    );
    assert.deepEqual(joined, expected);
  });
}

test('joinPoints keeps runs that follow each other as they are, and a single one itself', () => {
  const { number } = TYPE_CODE;
  const [first, second] = [aRun(number, [1, 1, 0, 0.5, '']), aRun(number, [2, 2, 0, 1.5, ''])];
  assert.equal(joinPoints([first]), first);
  assert.deepEqual(joinPoints([first, second]), aRun(number, [1, 1, 0, 0.5, ''], [2, 2, 0, 1.5, '']));
});

test('sortPoints gives points in order back themselves, equal ones too, and every bit of those that were not', () => {
  const { number } = TYPE_CODE;
  const inOrder = aRun(number, [1, 1, 0, 0, ''], [1, 1, 0, 1, ''], [1, 1, 1, 2, ''], [2, 0, 0, 3, '']);
  assert.equal(sortPoints(inOrder), inOrder);
  const bits = BigUint64Array.of(0x7ff8_0000_0000_0001n, 0x8000_0000_0000_0000n, 0x7ff0_0000_0000_0001n);
  const unordered = {
    ...aRun(number, [1, 1, 0, 0, ''], [3, 1, 0, 0, ''], [2, 1, 0, 0, '']),
    numbers: new Float64Array(bits.buffer),
  };
  const sorted = sortPoints(unordered);
  assert.deepEqual([...sorted.times], [1, 2, 3]);
  assert.deepEqual([...new BigUint64Array(sorted.numbers.buffer)], [bits[0], bits[2], bits[1]]);
});

test('slicePoints shares the memory of the points and their texts by place', () => {
  const run = aRun(TYPE_CODE.integer, [1, 4, 0, 7, '7'], [2, 5, 1, 8, '8'], [3, 6, 2, 9, '9']);
  const slice = slicePoints(run, 1, 3);
  assert.deepEqual(slice, aRun(TYPE_CODE.integer, [2, 5, 1, 8, '8'], [3, 6, 2, 9, '9']));
  assert.equal(slice.times.buffer, run.times.buffer);
});

test('firstAtOrAfter finds the first of equal times, the beginning and the end', () => {
  const times = Float64Array.of(10, 20, 20, 20, 30);
  const asked = [9, 10, 11, 20, 21, 30, 31];
  assert.deepEqual(
    asked.map((micros) => firstAtOrAfter(times, micros)),
    [0, 0, 1, 1, 4, 4, 5],
  );
  assert.equal(firstAtOrAfter(new Float64Array(0), 5), 0);
});
