import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { ByteReader } from '../byte-reader.ts';
import { decodeSubscribe, encodeSubscribe, type SubscribeTopic } from './subscribe.ts';

const TOPIC: SubscribeTopic = {
  filter: 'a/#',
  qos: 1,
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
};

test('encodeSubscribe refuses No Local on a shared subscription [MQTT-3.8.3-4], and takes each alone', () => {
  const encode = (topic: Partial<SubscribeTopic>) =>
    encodeSubscribe({ type: 'subscribe', packetId: 1, topics: [{ ...TOPIC, ...topic }] }, 5);
  assert.throws(() => encode({ filter: '$share/g/a', isNoLocal: true }), hasCode('protocol-error'));
  assert.ok(encode({ filter: '$share/g/a' }).byteLength > 0);
  assert.ok(encode({ isNoLocal: true }).byteLength > 0);
});

test('encodeSubscribe refuses to ask for nothing [MQTT-3.8.3-2]', () => {
  assert.throws(
    () => encodeSubscribe({ type: 'subscribe', packetId: 1, topics: [] }, 5),
    hasCode('protocol-error'),
  );
});

/** The body of a SUBSCRIBE with packet identifier 7 and filters with their options as they stand. */
function bodyOf(
  level: 4 | 5,
  ...topics: readonly (readonly [filter: string, options: number])[]
): ByteReader {
  const parts = topics.map(([filter, options]) => [0, filter.length, ...Buffer.from(filter), options]);
  return new ByteReader(Uint8Array.from([0, 7, ...(level === 5 ? [0] : []), ...parts.flat()]));
}

test('decodeSubscribe reads every filter with each of its options', () => {
  const read = decodeSubscribe(2, bodyOf(5, ['a', 0b00_10_11_10], ['b/#', 0b00_01_00_01], ['c', 0]), 5);
  assert.deepEqual(read, {
    type: 'subscribe',
    packetId: 7,
    topics: [
      { filter: 'a', qos: 2, isNoLocal: true, isRetainAsPublished: true, retainHandling: 2 },
      { filter: 'b/#', qos: 1, isNoLocal: false, isRetainAsPublished: false, retainHandling: 1 },
      { filter: 'c', qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 },
    ],
  });
  const old = decodeSubscribe(2, bodyOf(4, ['a', 1], ['b', 2]), 4);
  assert.deepEqual(
    old.topics.map(({ filter, qos }) => [filter, qos]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
});

test('decodeSubscribe refuses what no level allows, and at level 4 what only level 5 has', () => {
  const malformed = hasCode('malformed-packet');
  const wrong = hasCode('protocol-error');
  for (const options of [0b01_00_00_00, 0b10_00_00_00, 0b11_00_00_01])
    assert.throws(() => decodeSubscribe(2, bodyOf(5, ['a', options]), 5), malformed, `options ${options}`);
  for (const options of [0b100, 0b1000, 0b01_0000, 0b10_0001, 0b100_0000])
    assert.throws(() => decodeSubscribe(2, bodyOf(4, ['a', options]), 4), malformed, `options ${options}`);
  assert.throws(() => decodeSubscribe(2, bodyOf(5, ['a', 3]), 5), wrong, 'QoS 3');
  assert.throws(() => decodeSubscribe(2, bodyOf(4, ['a', 3]), 4), malformed, 'QoS 3');
  assert.throws(() => decodeSubscribe(2, bodyOf(5, ['a', 0b11_0000]), 5), wrong, 'retain handling 3');
  assert.throws(() => decodeSubscribe(2, bodyOf(5, ['$share/g/a', 0b101]), 5), wrong, 'No Local on a share');
  assert.throws(() => decodeSubscribe(2, bodyOf(5), 5), wrong, 'no filter');
  assert.throws(() => decodeSubscribe(0, bodyOf(5, ['a', 0]), 5), malformed, 'flags');
});
