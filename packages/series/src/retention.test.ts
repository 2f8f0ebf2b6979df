import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, loggerTo } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { endOf, isExpired, RetentionClock } from './retention.ts';

const HOUR_MS = 3_600_000;
const HOUR = HOUR_MS * 1000;
const DAY = 24 * HOUR;

/** A retention clock on a machine that has run for a while, beginning at the machine's time unless told. */
function aRetention(micros?: number) {
  const clock = new FakeClock();
  clock.advance(5 * HOUR_MS);
  const startMicros = clock.nowMicros();
  const refused = createMeter().gauge('iot_test_refused', 'For a test.');
  const lines: string[] = [];
  const logger = loggerTo(({ level, message, fields }) =>
    lines.push(`${level} ${message} ${fields.driftSecs}`),
  );
  const at = { micros: micros ?? startMicros, logMicros: startMicros };
  return {
    clock,
    startMicros,
    refused,
    lines,
    retention: new RetentionClock(at, { clock, logger, refused }),
  };
}

test('RetentionClock begins at the log time of the first look, and no sooner', () => {
  const { clock, startMicros, retention } = aRetention(0);
  clock.advance(HOUR_MS);
  assert.equal(retention.micros, 0);
  assert.equal(retention.advance(startMicros + 7), true);
  assert.equal(retention.micros, startMicros + 7);
});

test('RetentionClock follows the log time by at most a day an hour, and never back', () => {
  const { clock, startMicros, retention } = aRetention();
  const logMicros = startMicros + 100 * DAY;
  retention.advance(logMicros);
  assert.equal(retention.micros, startMicros, 'no time has passed');
  clock.advance(HOUR_MS / 2);
  retention.advance(logMicros);
  assert.equal(retention.micros, startMicros + DAY / 2);
  clock.advance(HOUR_MS);
  retention.advance(logMicros);
  assert.equal(retention.micros, startMicros + 1.5 * DAY);
  clock.advance(HOUR_MS);
  retention.advance(startMicros + 2 * DAY);
  assert.equal(retention.micros, startMicros + 2 * DAY, 'as far as the log');
  clock.advance(HOUR_MS);
  retention.advance(startMicros);
  assert.equal(retention.micros, startMicros + 2 * DAY);
});

test('RetentionClock takes the log time itself for what is kept as long as the process has run', () => {
  const { clock, startMicros, retention } = aRetention();
  const logMicros = startMicros + 1000 * DAY;
  clock.advance(48 * HOUR_MS - 1);
  retention.advance(logMicros);
  assert.equal(retention.microsFor(2, logMicros), retention.micros);
  clock.advance(1);
  assert.equal(retention.microsFor(2, logMicros), retention.micros, 'not before the next look');
  retention.advance(logMicros);
  assert.equal(retention.microsFor(2, logMicros), logMicros);
  assert.equal(retention.microsFor(3, logMicros), retention.micros);
  assert.equal(retention.microsFor(2, startMicros), retention.micros, 'the later of the two');
});

test('RetentionClock stands still while the wall clock is not believed, says so once, and begins anew afterwards', () => {
  const { clock, startMicros, refused, lines, retention } = aRetention();
  const logMicros = startMicros + 100 * DAY;
  clock.advance(24 * HOUR_MS);
  retention.advance(logMicros);
  const { micros } = retention;
  assert.equal(refused.value, 0);
  clock.jumpWall(365 * DAY);
  for (let hour = 0; hour < 3; hour++) {
    clock.advance(HOUR_MS);
    assert.equal(retention.advance(logMicros), false);
    assert.equal(retention.micros, micros);
    assert.equal(refused.value, 1);
  }
  assert.deepEqual(lines, [`warn retention refused: the wall clock has jumped ${365 * 86_400}`]);
  clock.jumpWall(-365 * DAY);
  clock.advance(HOUR_MS);
  assert.equal(retention.advance(logMicros), true);
  assert.equal(refused.value, 0);
  assert.equal(retention.micros, micros + DAY, 'the hours of mistrust do not count');
  clock.advance(22 * HOUR_MS);
  retention.advance(logMicros);
  assert.equal(retention.microsFor(1, startMicros + 1000 * DAY), retention.micros, 'nor as time of running');
  clock.advance(HOUR_MS);
  retention.advance(logMicros);
  assert.equal(retention.microsFor(1, startMicros + 1000 * DAY), startMicros + 1000 * DAY);
  assert.equal(lines.length, 1, 'a clock that came back needs no word');
  clock.jumpWall(365 * DAY);
  retention.advance(logMicros);
  assert.equal(lines.length, 2, 'another jump is told again');
});

test('RetentionClock goes on when the machine had slept, and says so once', () => {
  const { clock, startMicros, refused, lines, retention } = aRetention();
  clock.jumpWall(8 * HOUR);
  assert.equal(retention.advance(startMicros), false);
  clock.advance(10 * 60_000);
  assert.equal(retention.advance(startMicros + 8 * HOUR), true);
  assert.equal(retention.advance(startMicros + 8 * HOUR), true);
  assert.equal(refused.value, 0);
  assert.deepEqual(lines, [
    `warn retention refused: the wall clock has jumped ${8 * 3600}`,
    `info retention goes on: the machine had slept ${8 * 3600}`,
  ]);
});

test('isExpired is true from so many days behind the end on, and never before the first seal', () => {
  const end = Date.UTC(2026, 10, 25) * 1000;
  assert.equal(isExpired(end, 30, end + 30 * DAY - 1), false);
  assert.equal(isExpired(end, 30, end + 30 * DAY), true);
  assert.equal(isExpired(-90 * DAY, 30, 0), false);
  assert.equal(isExpired(-90 * DAY, 30, 1), true);
});

test('endOf is the beginning of the next day or month', () => {
  const ends = ['2026-11-24', '2026-12-31', '2028-02-28', '2026-11', '2026-12'].map((name) =>
    new Date(endOf(name) / 1000).toISOString().slice(0, 10),
  );
  assert.deepEqual(ends, ['2026-11-25', '2027-01-01', '2028-02-29', '2026-12-01', '2027-01-01']);
});
