import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { PacketStream } from './packet-stream.ts';
import type { ProtocolLevel } from './packets/packet-type.ts';
import { bytesOf } from './testing/packet-samples.ts';

/** What the cursor shows of the first packet of these bytes. */
function scanned(level: ProtocolLevel, hex: string) {
  const stream = new PacketStream({ level });
  stream.push(bytesOf(hex));
  assert.ok(stream.next());
  const { cursor } = stream;
  return {
    topic: Buffer.from(cursor.topic()).toString(),
    payload: Buffer.from(cursor.payload()).toString('hex'),
    alias: cursor.topicAlias,
    propertyBytes: cursor.propertiesEnd - cursor.propertiesStart,
  };
}

test('scanPublish reads no byte behind its packet, whatever stands there', () => {
  for (const [what, hex] of [
    ['the length of the properties', '30 03 0001 74  00'],
    ['a half of the packet id', '32 04 0001 74 00  01 00'],
    ['the length of the topic', '30 01 00  01 74 00'],
    ['the topic', '30 03 0002 74  74 00'],
    ['a property', '30 05 0001 74 03 23  0001'],
    ['the value of a property', '30 06 0001 74 03 23 00  01'],
  ] as const)
    assert.throws(() => scanned(5, hex), hasCode('malformed-packet'), what);
  assert.deepEqual(scanned(4, '30 03 0001 74  00'), { topic: 't', payload: '', alias: 0, propertyBytes: 0 });
});

test('scanPublish takes properties and an alias that reach to the end of the packet, and an empty payload', () => {
  const none = { topic: 't', payload: '', alias: 0, propertyBytes: 0 };
  assert.deepEqual(scanned(5, '30 04 0001 74 00'), none);
  assert.deepEqual(scanned(5, '30 07 0001 74 03 230009'), { ...none, alias: 9, propertyBytes: 3 });
  assert.deepEqual(scanned(5, '30 09 0001 74 03 230009 aabb'), {
    ...none,
    alias: 9,
    propertyBytes: 3,
    payload: 'aabb',
  });
  assert.deepEqual(scanned(5, '30 06 0001 74 02 0101'), { ...none, propertyBytes: 2 });
  assert.deepEqual(scanned(5, '30 09 0001 74 05 0200000007'), { ...none, propertyBytes: 5 });
});

test('scanPublish refuses an alias of 0, a second one, and a topic that is missing without one', () => {
  for (const [what, hex, code] of [
    ['alias 0', '30 07 0001 74 03 230000', 'topic-alias-invalid'],
    ['two aliases', '30 0a 0001 74 06 230001 230001', 'protocol-error'],
    ['no topic', '30 03 0000 00', 'protocol-error'],
    ['DUP of QoS 0', '38 04 0001 74 00', 'protocol-error'],
    ['packet id 0', '32 06 0001 74 0000 00', 'malformed-packet'],
    ['a wildcard', '30 04 0001 23 00', 'topic-invalid'],
    ['U+0000', '30 04 0001 00 00', 'malformed-packet'],
  ] as const)
    assert.throws(() => scanned(5, hex), hasCode(code), what);
  assert.equal(scanned(5, '30 06 0000 03 230001').alias, 1);
});
