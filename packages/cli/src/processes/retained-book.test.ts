import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchBuilder,
  encodeHeaders,
  HEADER,
  RECORD_KIND,
  type ReadableBatch,
  type RecordKind,
} from '@skerry/journal';
import { LIMITS } from '@skerry/mqtt/limits';
import { RetainedBook } from './retained-book.ts';

const encoder = new TextEncoder();
const ID = '00112233445566778899aabbccddeeff';

function aBatch(
  ...messages: readonly (readonly [topic: string, payload: string, retain?: boolean, kind?: RecordKind])[]
): ReadableBatch {
  const builder = new BatchBuilder();
  for (const [topic, payload, retain = true, kind = RECORD_KIND.message] of messages) {
    builder.add({
      kind,
      qos: 1,
      retain,
      project: -1,
      receivedMicros: 1_700_000_000_000_000,
      topic: encoder.encode(topic),
      client: encoder.encode('c'),
      payload: encoder.encode(payload),
      headers: encodeHeaders([{ key: HEADER.userProperty, value: encoder.encode('colour\0blue') }]),
    });
  }
  const batch = builder.close();
  assert.ok(batch);
  return { body: batch.bytes, firstOffset: 0, count: batch.count };
}

const shown = (book: RetainedBook) =>
  book.list().map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]);

test('RetainedBook keeps the newest message of a topic, and an empty one clears it', () => {
  const book = new RetainedBook();
  book.note(aBatch(['a', '1'], ['b', '1'], ['a', '2'], ['c', 'not retained', false]));
  assert.deepEqual(shown(book), [
    ['a', '2'],
    ['b', '1'],
  ]);
  book.note(aBatch(['a', '']));
  assert.deepEqual(shown(book), [['b', '1']]);
  assert.deepEqual(book.list()[0]?.properties, { user: [['colour', 'blue']] });
});

test('RetainedBook keeps what telemetry and dead letters retain, and nothing of replays', () => {
  const book = new RetainedBook();
  const kinds = [RECORD_KIND.message, RECORD_KIND.telemetry, RECORD_KIND.misrouted, RECORD_KIND.replay];
  for (const kind of kinds) book.note(aBatch([`kind ${kind}`, 'x', true, kind]));
  assert.deepEqual(
    book.list().map(({ topic }) => topic),
    kinds.slice(0, 3).map((kind) => `kind ${kind}`),
  );
});

test('RetainedBook.restore gives back what encode wrote, and refuses it with any byte flipped or cut off', () => {
  const book = new RetainedBook();
  book.note(aBatch(['a', 'one'], ['b', 'two']));
  const bytes = book.encode({ journalId: ID, offset: 2 ** 40 });
  const again = new RetainedBook();
  assert.deepEqual(again.restore(bytes), { journalId: ID, offset: 2 ** 40 });
  assert.deepEqual(again.list(), book.list());
  for (let at = 0; at < bytes.length; at++) {
    if (at >= 48 && at < 64) continue; // padding
    const broken = bytes.slice();
    broken[at] = Number(broken[at]) ^ 1;
    assert.equal(new RetainedBook().restore(broken), undefined, `byte ${at}`);
    assert.equal(new RetainedBook().restore(bytes.subarray(0, at)), undefined, `cut at ${at}`);
  }
});

test('RetainedBook.encode of nothing is a snapshot without messages', () => {
  const again = new RetainedBook();
  assert.deepEqual(again.restore(new RetainedBook().encode({ journalId: ID, offset: 7 })), {
    journalId: ID,
    offset: 7,
  });
  assert.deepEqual(again.list(), []);
});

test('RetainedBook leaves room for the messages of others, as the broker does, over a snapshot too', () => {
  const max = LIMITS.retainedCountMax.value;
  const tenantOf = (topic: string): string => String(topic.split('/')[0]);
  const book = new RetainedBook(tenantOf);
  const messages = (tenant: string, count: number) =>
    Array.from({ length: count }, (_, i) => [`${tenant}/${i}`, 'x'] as const);
  book.note(aBatch(...messages('acme', max - 10)));
  book.note(aBatch(...messages('beta', 100)));
  const again = new RetainedBook(tenantOf);
  again.restore(book.encode({ journalId: ID, offset: 1 }));
  again.note(aBatch(['acme/more', 'x'], ['acme/1', 'changed'], ['beta/more', 'x']));
  for (const [one, more] of [
    [book, 0],
    [again, 1],
  ] as const) {
    const topics = one.list().map(({ topic }) => topic);
    const count = (tenant: string) => topics.filter((topic) => tenantOf(topic) === tenant).length;
    assert.deepEqual([count('acme'), count('beta')], [max - max / 8, 100 + more]);
  }
  assert.ok(again.list().some(({ payload }) => Buffer.from(payload).toString() === 'changed'));
});
