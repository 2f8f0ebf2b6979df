import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../limits.ts';
import { RefusalBook, type RefusedArrival } from './refusal-book.ts';

const refusal = (change: Partial<RefusedArrival> = {}): RefusedArrival => ({
  atMicros: 1,
  kind: 'publish',
  client: 'c',
  user: 'u',
  topic: 't',
  reason: 'not-authorized',
  why: 'no',
  remote: '',
  ...change,
});

test('RefusalBook keeps the newest of what repeats, a bounded number, and texts of a bounded length', () => {
  const book = new RefusalBook();
  for (let at = 0; at < 10; at++) book.note(refusal({ atMicros: at }));
  assert.deepEqual(
    book.since(0).map(({ atMicros }) => atMicros),
    [9],
  );
  for (let at = 0; at < LIMITS.refusalsKept.value + 50; at++)
    book.note(refusal({ client: `c${at}`, atMicros: at }));
  assert.equal(book.since(0).length, LIMITS.refusalsKept.value);
  assert.equal(book.since(0)[0]?.client, 'c50');
  book.note(refusal({ topic: 'x'.repeat(65_535), atMicros: 1_000_000 }));
  assert.ok(Number(book.since(1_000_000)[0]?.topic.length) < 300);
});
