import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Message } from './message.ts';
import { RetainedStore } from './retained-store.ts';
import { filterMatches, judgeTopicFilter } from './topic-filter.ts';

const BOUNDS = { retainedCountMax: 1000, retainedBytesMax: 100_000, retainedLevelsMax: 10_000 };
const utf8 = new TextEncoder();

function aMessage(topic: string, payload: string, expiresMs = Number.POSITIVE_INFINITY): Message {
  return {
    topic,
    topicBytes: utf8.encode(topic),
    payload: utf8.encode(payload),
    qos: 1,
    isRetained: true,
    properties: undefined,
    expiresMs,
    publisher: undefined,
  };
}

const topics = fc
  .array(fc.constantFrom('a', 'b', '', '$x'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');
const filters = fc
  .array(fc.constantFrom('a', 'b', '', '$x', '+', '#'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((filter) => judgeTopicFilter(filter, { topicBytesMax: 99, topicLevelsMax: 9 }) === 'valid');

test('RetainedStore holds the newest message of each topic and finds what filterMatches finds', () => {
  const change = fc.record({ topic: topics, payload: fc.constantFrom('', 'x', 'yy') });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), filters, (changes, filter) => {
      const store = new RetainedStore(BOUNDS);
      const model = new Map<string, string>();
      for (const { topic, payload } of changes) {
        assert.equal(store.set(aMessage(topic, payload), 0), payload === '' ? 'cleared' : 'kept');
        if (payload === '') model.delete(topic);
        else model.set(topic, payload);
      }
      assert.equal(store.count, model.size);
      assert.equal(
        store.bytes,
        [...model].reduce((sum, [topic, payload]) => sum + topic.length + payload.length, 0),
      );
      const wanted = [...model.keys()].filter((topic) => filterMatches(filter, topic)).toSorted();
      assert.deepEqual([...store.match(filter)].map(({ topic }) => topic).toSorted(), wanted);
      for (const [topic, payload] of model) assert.deepEqual(store.get(topic)?.payload, utf8.encode(payload));
    }),
    { numRuns: 300 },
  );
});

test('RetainedStore refuses a new topic when it is full, takes a known one, and has room after one is cleared', () => {
  const store = new RetainedStore({ ...BOUNDS, retainedCountMax: 2 });
  for (const topic of ['a', 'b']) assert.equal(store.set(aMessage(topic, 'x'), 0), 'kept');
  assert.equal(store.set(aMessage('c', 'x'), 0), 'full');
  assert.equal(store.set(aMessage('a', 'y'), 0), 'kept');
  assert.equal(store.set(aMessage('b', ''), 0), 'cleared');
  assert.equal(store.set(aMessage('c', 'x'), 0), 'kept');
});

test('RetainedStore bounds bytes and levels', () => {
  const bytes = new RetainedStore({ ...BOUNDS, retainedBytesMax: 10 });
  const restored = { name: 't', isShared: false };
  assert.deepEqual(
    [bytes.set(aMessage('a', '123456789'), 0, restored), bytes.set(aMessage('b', '1'), 0, restored)],
    ['kept', 'full'],
  );
  assert.equal(bytes.set(aMessage('a', '1234567890'), 0, restored), 'full');
  const levels = new RetainedStore({ ...BOUNDS, retainedLevelsMax: 4 });
  assert.deepEqual(
    [levels.set(aMessage('a/b/c', 'x'), 0), levels.set(aMessage('d/e', 'x'), 0)],
    ['kept', 'full'],
  );
  levels.set(aMessage('a/b/c', ''), 0);
  assert.equal(levels.set(aMessage('d/e/f/g', 'x'), 0), 'kept');
});

test('RetainedStore makes room by what has expired', () => {
  const store = new RetainedStore({ ...BOUNDS, retainedCountMax: 2 });
  store.set(aMessage('a', 'x', 100), 0);
  store.set(aMessage('b', 'x', 200), 0);
  assert.equal(store.set(aMessage('c', 'x'), 99), 'full');
  assert.equal(store.set(aMessage('c', 'x'), 100), 'kept');
  assert.deepEqual([store.get('a'), store.count], [undefined, 2]);
});

test('RetainedStore.match goes on while messages come and go, and never gives a replaced one', () => {
  const store = new RetainedStore(BOUNDS);
  for (const topic of ['a', 'b', 'c']) store.set(aMessage(topic, 'old'), 0);
  const found: string[] = [];
  for (const { topic, payload } of store.match('+')) {
    found.push(`${topic} ${new TextDecoder().decode(payload)}`);
    if (topic !== 'a') continue;
    store.set(aMessage('b', ''), 0);
    store.set(aMessage('c', 'new'), 0);
    store.set(aMessage('a/deep', 'x'), 0);
  }
  assert.deepEqual(found, ['a old', 'c new']);
});

test('RetainedStore leaves room for the messages of others, whatever one tenant retains', () => {
  const fill = (store: RetainedStore, name: string, payload: string, isShared = true): number => {
    let kept = 0;
    for (let i = 0; i < 200; i++) {
      const message = aMessage(`${name}/${i}`, payload);
      if (store.set(message, 0, { name, isShared }) === 'kept') kept++;
    }
    return kept;
  };
  const byCount = new RetainedStore({ ...BOUNDS, retainedCountMax: 80 });
  assert.deepEqual(
    ['acme', 'beta', 'acme'].map((name) => fill(byCount, name, 'x')),
    [70, 3, 70],
    'what acme has is still kept anew',
  );
  for (let i = 0; i < 20; i++) byCount.set(aMessage(`acme/${i}`, ''), 0);
  assert.equal(byCount.set(aMessage('acme/more', 'x'), 0, { name: 'acme', isShared: true }), 'kept');
  const byBytes = new RetainedStore({ ...BOUNDS, retainedBytesMax: 80_000 });
  assert.equal(byBytes.set(aMessage('acme', 'x'), 0, { name: 'acme', isShared: true }), 'kept');
  const large = aMessage('acme', 'x'.repeat(75_000));
  assert.equal(byBytes.set(large, 0, { name: 'acme', isShared: true }), 'full', 'not by growing either');
  assert.equal(fill(new RetainedStore({ ...BOUNDS, retainedCountMax: 80 }), 'acme', 'x', false), 80);
});
