import assert from 'node:assert/strict';
import { test } from 'node:test';
import { append, boundsOf, breakLines, NO_POINTS, trim } from './series-points.ts';

const at = (time: number, value: number | bigint = time) => ({ time, value });

test('append takes only points newer than those there are', () => {
  const points = append(append(NO_POINTS, [at(1), at(2)]), [at(1, 99), at(2, 99), at(3)]);
  assert.deepEqual(points, { times: [1, 2, 3], values: [1, 2, 3] });
  assert.equal(append(points, [at(3)]), points);
});

test('append keeps two points of one time that come together', () => {
  assert.deepEqual(append(NO_POINTS, [at(1, 5), at(1, 6)]).values, [5, 6]);
});

test('trim keeps the last point before the window so that the line reaches the edge', () => {
  const points = append(NO_POINTS, [at(1), at(2), at(3), at(4)]);
  assert.deepEqual(trim(points, 3).times, [2, 3, 4]);
  assert.deepEqual(trim(points, 9).times, [4]);
  assert.equal(trim(points, 0), points);
  assert.deepEqual(trim(NO_POINTS, 5), NO_POINTS);
});

test('boundsOf tells integers apart that are one double', () => {
  const points = append(NO_POINTS, [at(1, 12345678901234567891n), at(2, 12345678901234567890n), at(3, -0.5)]);
  assert.deepEqual(boundsOf(points), { min: -0.5, max: 12345678901234567891n });
  assert.deepEqual(boundsOf({ times: [1, 2], values: [null, 7] }), { min: 7, max: 7 });
});

test('breakLines puts a hole where points are missing and nowhere else', () => {
  const even = append(NO_POINTS, [at(1), at(2), at(3), at(4), at(5)]);
  assert.equal(breakLines(even), even);
  const holed = append(even, [at(60), at(61)]);
  assert.deepEqual(breakLines(holed), {
    times: [1, 2, 3, 4, 5, 6, 60, 61],
    values: [1, 2, 3, 4, 5, null, 60, 61],
  });
});
