import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@skerry/kernel/testing';
import type { DeadLetterReason, Scope } from '@skerry/model';
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
  reason: 'undecodable' as const,
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

test('DeadLetterBook counts its letters by reason, as many as a walk over all of them finds, in every scope', () => {
  const catalogue = new Catalogue();
  const book = new DeadLetterBook();
  const reasons: readonly DeadLetterReason[] = ['unknown-topic', 'undecodable', 'stage-failed'];
  const letters = Array.from({ length: 60 }, (_, offset) => ({
    ...aLetter(offset),
    owner: catalogue.project(`t${offset % 2}`, `p${offset % 3}`),
    device: `d${offset % 5}`,
    reason: reasons[offset % 7] ?? 'series-limit',
  }));
  for (const letter of letters) book.add(letter);
  // a letter that is added twice is one letter, and one that is taken out is none
  for (const letter of letters.slice(0, 9)) book.add(letter);
  for (const letter of letters) if (letter.offset % 4 === 0) book.remove(letter.offset);
  book.remove(0);
  const open = letters.filter(({ offset }) => offset % 4 !== 0);
  const fits = (scope: Scope, { owner: { tenant, project }, device }: (typeof letters)[number]): boolean =>
    (scope.tenant ?? tenant) === tenant &&
    (scope.project ?? project) === project &&
    (scope.device ?? device) === device;
  const places: readonly Scope[] = [
    {},
    { tenant: 't1' },
    { tenant: 't0', project: 'p2' },
    { tenant: 't1', project: 'p0', device: 'd3' },
    { device: 'd1' },
    { tenant: 'nobody' },
  ];
  for (const place of places) {
    for (const scopes of [undefined, [], ...places.map((one) => [one]), places.slice(2, 4)]) {
      const found = book.reasons({ ...place, ...(scopes ? { scopes } : {}) });
      const counted = open.filter(
        (letter) => fits(place, letter) && (scopes?.some((scope) => fits(scope, letter)) ?? true),
      );
      for (const [reason, count] of Object.entries(found)) {
        const wanted = counted.filter((letter) => letter.reason === reason).length;
        assert.equal(count, wanted, `${reason} in ${JSON.stringify({ place, scopes })}`);
      }
    }
  }
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
