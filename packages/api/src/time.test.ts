import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime, parseStep, parseTime } from './time.ts';

test('formatTime writes microseconds and Z, before 1970 too', () => {
  assert.equal(formatTime(0), '1970-01-01T00:00:00.000000Z');
  assert.equal(formatTime(1_777_636_800_000_001), '2026-05-01T12:00:00.000001Z');
  assert.equal(formatTime(-1), '1969-12-31T23:59:59.999999Z');
});

test('parseTime reads what formatTime writes', () => {
  for (const micros of [0, 1, 999_999, 1_777_636_800_123_456, -5]) {
    assert.equal(parseTime(formatTime(micros), 0), micros);
  }
});

test('parseTime reads zones, dates and moments before now', () => {
  assert.equal(parseTime('2026-05-01T14:00:00+02:00', 0), 1_777_636_800_000_000);
  assert.equal(parseTime('2026-05-01T12:00Z', 0), 1_777_636_800_000_000);
  assert.equal(parseTime('1970-01-02', 0), 86_400_000_000);
  assert.equal(parseTime('now', 17), 17);
  assert.equal(parseTime('now-15m', 1_000_000_000), 100_000_000);
});

test('parseTime refuses days and hours that do not exist and times without a zone', () => {
  const wrong = ['2026-02-30', '2026-13-01', '2026-05-01T24:00:00Z', '2026-05-01T12:00:00', 'now-', 'x', ''];
  for (const text of wrong) assert.equal(parseTime(text, 0), undefined, text);
});

test('parseStep reads its units and refuses nothing, zero and others', () => {
  assert.equal(parseStep('250ms'), 250_000);
  assert.equal(parseStep('3d'), 259_200_000_000);
  assert.equal(parseStep('1h30m'), 5_400_000_000);
  for (const text of ['', '0s', '1', '1y', '-1s', '1.5s']) assert.equal(parseStep(text), undefined, text);
});
