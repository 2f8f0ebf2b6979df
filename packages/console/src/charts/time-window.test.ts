import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeHolding, windowStart } from './time-window.ts';

test('rangeHolding gives the shortest range that a point of an age is in', () => {
  assert.deepEqual([0, 800, 899, 3_000, 10_800, 80_000, 200_000, 9e9].map(rangeHolding), [
    '15m',
    '15m',
    '1h',
    '1h',
    '6h',
    '24h',
    '3d',
    '3d',
  ]);
});

test('windowStart shows the range, or less when the first point lies inside it', () => {
  assert.equal(windowStart(10_000, '15m', undefined), 9_100);
  assert.equal(windowStart(10_000, '15m', 5_000), 9_100);
  assert.equal(windowStart(10_000, '15m', 9_900), 9_898);
});

test('windowStart shows 20 seconds at least, also when the first point lies ahead of the clock', () => {
  assert.equal(windowStart(10_000, '15m', 9_995), 9_980);
  assert.equal(windowStart(10_000, '15m', 10_050), 9_980);
});
