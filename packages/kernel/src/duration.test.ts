import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from './duration.ts';

test('parseDuration reads units alone and together', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['250ms', 250],
    ['15s', 15_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['3d', 259_200_000],
    ['0s', 0],
  ];
  for (const [text, durationMs] of cases) assert.equal(parseDuration(text), durationMs, text);
});

test('parseDuration refuses everything else', () => {
  for (const text of ['', '15', 's', '-1s', '1.5h', '1 h', '1m1h', '1s1s', '1w', '1S', '99999999999d']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('formatDuration writes what parseDuration reads back', () => {
  for (const durationMs of [1, 999, 1_000, 61_001, 5_400_000, 259_200_000, 90_061_001]) {
    assert.equal(parseDuration(formatDuration(durationMs)), durationMs);
  }
  assert.equal(formatDuration(5_400_000), '1h30m');
  assert.equal(formatDuration(0), '0s');
});
