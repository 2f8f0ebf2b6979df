import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expiredDeadLetters } from './dead-letter-expiry.ts';

const DAY = 86_400_000_000;
const open = [0, 1, 2, 3].map((day) => ({ offset: day, receivedMicros: day * DAY, payloadBytes: 10 }));

test('expiredDeadLetters names those that are too old, then the oldest beyond count or bytes', () => {
  const policy = { days: 90, count: 10, bytes: 100 };
  assert.deepEqual(expiredDeadLetters(open, 3 * DAY, policy), []);
  assert.deepEqual(expiredDeadLetters(open, 91.5 * DAY, policy), [0, 1]);
  assert.deepEqual(expiredDeadLetters(open, 3 * DAY, { ...policy, count: 3 }), [0]);
  assert.deepEqual(expiredDeadLetters(open, 3 * DAY, { ...policy, bytes: 15 }), [0, 1, 2]);
});
