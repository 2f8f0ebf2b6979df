import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@skerry/kernel/testing';
import { LIMITS as SERIES_LIMITS } from '@skerry/series';
import { Catalogue } from './catalogue.ts';
import { DeadLetterBook } from './dead-letter-book.ts';
import { PolicyTime } from './policy-time.ts';

const DAY = 86_400_000_000;
const NOW = 1_767_225_600_000_000;
const owner = new Catalogue().project('t', 'p');
const aLetter = (offset: number, receivedMicros = NOW, payloadBytes = 1) => ({
  offset,
  receivedMicros,
  owner,
  device: '',
  payloadBytes,
});

test('DeadLetterBook gives up the too old, looked for once an hour', () => {
  const book = new DeadLetterBook();
  book.add(aLetter(1, NOW - 91 * DAY));
  book.add(aLetter(2, NOW - 89 * DAY));
  assert.deepEqual(
    book.expired(NOW).map((one) => one.offset),
    [1],
  );
  book.remove(1);
  assert.deepEqual(
    book.expired(NOW + 2 * DAY).map((one) => one.offset),
    [2],
  );
  assert.deepEqual(book.expired(NOW + 2 * DAY + 1), []);
});

test('DeadLetterBook gives up the oldest beyond the bytes that are kept', () => {
  const book = new DeadLetterBook();
  const half = SERIES_LIMITS.deadLetterBytesMax.value / 2;
  for (const offset of [1, 2, 3]) book.add(aLetter(offset, NOW, half));
  assert.deepEqual(
    book.expired(NOW).map((one) => one.offset),
    [1],
  );
});

test('PolicyTime gives nothing up at once when the own clock jumps to 2038 or 1970', () => {
  const clock = new FakeClock(NOW);
  const time = new PolicyTime(clock, NOW);
  const y2038 = 2_147_483_648_000_000;
  clock.jumpWall(y2038 - NOW);
  assert.equal(time.at(y2038), NOW);
  clock.advance(3_600_000);
  assert.equal(time.at(y2038), NOW + DAY);
  clock.jumpWall(-2 * y2038);
  assert.ok(time.at(y2038) < 0);
});
