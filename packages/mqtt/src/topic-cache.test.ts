import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TopicCache } from './topic-cache.ts';
import { encodeUtf8 } from './utf8.ts';

const SMALL = { count: 16, bytes: 8 };

test('TopicCache gives back what was added for the very same bytes, and nothing for others', () => {
  const topic = fc.string({ minLength: 1, maxLength: 10, unit: fc.constantFrom('a', 'b', '/', 'ü') });
  const key = fc.integer({ min: -2, max: 2 }); // few keys, so that they collide
  fc.assert(
    fc.property(fc.array(fc.tuple(topic, key), { maxLength: 60 }), (topics) => {
      const cache = new TopicCache<string>(SMALL.count, SMALL.bytes);
      for (const [name, hash] of topics) {
        const bytes = encodeUtf8(name);
        const padded = Uint8Array.of(1, ...bytes, 1);
        const found = cache.find(padded, 1, 1 + bytes.byteLength, hash);
        if (found !== undefined) assert.equal(found, `${name} ${hash}`);
        else cache.add(padded, 1, 1 + bytes.byteLength, hash, `${name} ${hash}`);
        const again = cache.find(bytes, 0, bytes.byteLength, hash);
        assert.equal(again, bytes.byteLength > SMALL.bytes ? undefined : `${name} ${hash}`);
      }
    }),
  );
});

test('TopicCache keeps four topics of one hash and forgets one for the fifth', () => {
  const cache = new TopicCache<number>(SMALL.count, SMALL.bytes);
  const names = ['a', 'b', 'c', 'd', 'e'].map(encodeUtf8);
  for (const [index, name] of names.entries()) cache.add(name, 0, 1, 7, index);
  const known = names.map((name) => cache.find(name, 0, 1, 7));
  assert.equal(known.filter((entry) => entry === undefined).length, 1);
  assert.equal(known[4], 4);
});
