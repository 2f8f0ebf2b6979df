import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventMicros, isEventTimeAccepted } from './event-time.ts';

const MOMENT = 1_732_715_160_123_456;

test('eventMicros tells seconds, milliseconds, microseconds and nanoseconds by magnitude', () => {
  assert.equal(eventMicros(1_732_715_160), 1_732_715_160_000_000);
  assert.equal(eventMicros(1_732_715_160.123456), MOMENT);
  assert.equal(eventMicros(1_732_715_160_123), 1_732_715_160_123_000);
  assert.equal(eventMicros(MOMENT), MOMENT);
  assert.equal(eventMicros(1_732_715_160_123_456_789n), MOMENT);
  assert.equal(eventMicros(99_999_999_999), 99_999_999_999_000_000);
  assert.equal(eventMicros(100_000_000_000), 100_000_000_000_000);
  assert.equal(eventMicros(99_999_999_999_999), 99_999_999_999_999_000);
  assert.equal(eventMicros(1e14), 1e14);
  assert.equal(eventMicros(99_999_999_999_999_984), 99_999_999_999_999_984);
  assert.equal(eventMicros(1e17), 1e14);
  assert.equal(eventMicros(-1e14), -1e14);
  assert.equal(eventMicros(-1e17), -1e14);
  assert.equal(eventMicros(-(10n ** 17n)), -1e14);
  assert.equal(eventMicros(-5n), -5_000_000);
});

test('eventMicros reads ISO 8601 with and without zone and fraction', () => {
  assert.equal(eventMicros('2024-11-27T13:46:00.123456Z'), MOMENT);
  assert.equal(eventMicros('2024-11-27T14:46:00.123456789+01:00'), MOMENT);
  assert.equal(eventMicros('2024-11-27 13:46:00,123456'), MOMENT);
  assert.equal(eventMicros('2024-11-27T05:46:00.123456-0800'), MOMENT);
  assert.equal(eventMicros('2024-11-27'), 1_732_665_600_000_000);
  assert.equal(eventMicros('2024-02-29T00:00Z'), Date.UTC(2024, 1, 29) * 1000);
});

test('eventMicros reads zones with minutes in both directions, with and without a colon', () => {
  const at = Date.UTC(2024, 10, 27, 13, 46) * 1000;
  assert.equal(eventMicros('2024-11-27T19:16:00+05:30'), at);
  assert.equal(eventMicros('2024-11-27T10:16:00-0330'), at);
  assert.equal(eventMicros('2024-11-27T14:46:00+01'), at);
  assert.ok(Number.isNaN(eventMicros('2024-11-27T14:46:00+01:60')));
});

test('eventMicros takes a leap second for the last microsecond of its minute, in every zone', () => {
  const last = Date.UTC(2017, 0, 1) * 1000 - 1;
  assert.equal(eventMicros('2016-12-31T23:59:60Z'), last);
  assert.equal(eventMicros('2016-12-31T23:59:60.5Z'), last);
  assert.equal(eventMicros('2017-01-01T00:59:60+01:00'), last);
  assert.equal(eventMicros('2016-12-31T23:59:59.999999Z'), last);
  assert.ok(Number.isNaN(eventMicros('2016-12-31T23:59:61Z')));
});

test('eventMicros reads digits in texts as numbers', () => {
  assert.equal(eventMicros('1732715160'), 1_732_715_160_000_000);
  assert.equal(eventMicros(' 1732715160123456789 '), MOMENT);
});

test('eventMicros is NaN for what is no time', () => {
  for (const text of [
    '',
    'now',
    '2024-02-30',
    '2024-13-01',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:61Z',
    '12:00',
    '2024-01-01T00:00:00+25:00',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:60Z',
  ])
    assert.ok(Number.isNaN(eventMicros(text)), text);
});

test('isEventTimeAccepted takes times from 2000 to 24 hours ahead of the receipt', () => {
  const received = MOMENT;
  assert.ok(isEventTimeAccepted(Date.UTC(2000, 0, 1) * 1000, received));
  assert.ok(!isEventTimeAccepted(Date.UTC(2000, 0, 1) * 1000 - 1, received));
  assert.ok(isEventTimeAccepted(received + 86_400_000_000, received));
  assert.ok(!isEventTimeAccepted(received + 86_400_000_001, received));
  assert.ok(!isEventTimeAccepted(Number.NaN, received));
});
