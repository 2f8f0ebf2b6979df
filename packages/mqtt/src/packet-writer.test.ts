import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT_PROPERTIES,
  encodePubacks,
  publishBytes,
  REASONED_PUBACK_BYTES,
  writePublish,
  writeReasonedPuback,
} from './packet-writer.ts';
import { encodePublish, type Publish } from './packets/publish.ts';
import { propertyBytes } from './properties.ts';
import { REASON } from './reason-codes.ts';
import { anyPacketOf } from './testing/any-packet.ts';
import { packetsOf } from './testing/whole-packet.ts';
import { encodeUtf8 } from './utf8.ts';

test('encodePubacks writes one PUBACK per packet identifier, in their order', () => {
  const ids = Uint16Array.of(9, 1, 258, 65_535, 9);
  const found = (bytes: Uint8Array) =>
    packetsOf([bytes], 4).map((packet) => (packet.type === 'puback' ? packet.packetId : packet.type));
  assert.deepEqual(found(encodePubacks(ids)), [9, 1, 258, 65_535, 9]);
  assert.deepEqual(found(encodePubacks(ids, 1, 2)), [1, 258]);
  assert.equal(encodePubacks(ids, 5).byteLength, 0);
});

test('writeReasonedPuback writes a PUBACK of level 5 with its reason', () => {
  const bytes = new Uint8Array(1 + REASONED_PUBACK_BYTES);
  assert.equal(writeReasonedPuback(bytes, 1, 300, REASON.quotaExceeded), bytes.byteLength);
  const [packet] = packetsOf([bytes.subarray(1)], 5);
  assert.deepEqual(packet, { type: 'puback', packetId: 300, reason: REASON.quotaExceeded });
});

test('writePublish writes the bytes of encodePublish where it is told to', () => {
  for (const level of [4, 5] as const) {
    fc.assert(
      fc.property(anyPacketOf('publish', level), (packet) => {
        const { topic, payload, properties, qos, packetId, ...flags } = packet as Publish;
        const form = {
          topic: encodeUtf8(topic),
          payload,
          properties: level === 5 ? propertyBytes(properties, 'publish') : ABSENT_PROPERTIES,
        };
        const bytes = new Uint8Array(3 + publishBytes(form, qos));
        assert.equal(writePublish(bytes, 3, form, { qos, ...flags }, packetId), bytes.byteLength);
        assert.equal(bytes.subarray(3).toHex(), encodePublish(packet as Publish, level).toHex());
      }),
    );
  }
});
