import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { MqttError } from '../errors.ts';
import { bytesOf, PACKET_SAMPLES } from '../testing/packet-samples.ts';
import { REFUSED_PACKETS } from '../testing/refused-packets.ts';
import { packetsOf } from '../testing/whole-packet.ts';
import { encodePacket } from './packet.ts';

for (const { what, level, packet, hex } of PACKET_SAMPLES) {
  test(`encodePacket and decodePacket at level ${level}: ${what}`, () => {
    assert.equal(encodePacket(packet, level).toHex(), bytesOf(hex).toHex());
    assert.deepEqual(packetsOf([bytesOf(hex)], level), [packet]);
  });
}

test('decodePacket finds every shortened packet malformed or incomplete, and none right', () => {
  for (const { what, level, packet, hex } of PACKET_SAMPLES) {
    const whole = bytesOf(hex);
    for (let length = 0; length < whole.byteLength; length++) {
      assert.deepEqual(packetsOf([whole.subarray(0, length)], level), [], `${what}, ${length} bytes`);
    }
    for (let length = 0; length < whole.byteLength - 2; length++) {
      const shortened = Uint8Array.of(Number(whole[0]), length, ...whole.subarray(2, 2 + length));
      const found = outcome(() => packetsOf([shortened], level));
      if (found !== undefined) assert.notDeepEqual(found, [packet], `${what}, body of ${length} bytes`);
    }
  }
});

test('decodePacket refuses a packet with a byte too many, where the end is not a payload or a list', () => {
  const open = new Set(['publish', 'subscribe', 'suback', 'unsubscribe', 'unsuback']);
  for (const { what, level, packet, hex } of PACKET_SAMPLES) {
    const whole = bytesOf(hex);
    const longer = Uint8Array.of(Number(whole[0]), Number(whole[1]) + 1, ...whole.subarray(2), 0xff);
    const found = outcome(() => packetsOf([longer], level));
    if (packet.type === 'unsuback' && level === 4) assert.equal(found, undefined, what);
    else if (!open.has(packet.type)) assert.equal(found, undefined, `${what}: ${JSON.stringify(found)}`);
  }
});

for (const [what, level, hex, code] of REFUSED_PACKETS) {
  test(`decodePacket at level ${level} says ${code}: ${what}`, () => {
    assert.throws(() => packetsOf([bytesOf(hex)], level), hasCode(code));
  });
}

test('encodePacket refuses what a peer would refuse', () => {
  const publish = { type: 'publish', topic: 't', payload: new Uint8Array(0), qos: 1, packetId: 1 } as const;
  const flags = { isDup: false, isRetain: false };
  const encode = (changes: object) => () => encodePacket({ ...publish, ...flags, ...changes }, 5);
  assert.throws(encode({ topic: 'a/#' }), hasCode('topic-invalid'));
  assert.throws(encode({ topic: '' }), hasCode('protocol-error'));
  assert.throws(encode({ topic: 'x'.repeat(65_536) }), hasCode('mqtt-string-invalid'));
  assert.throws(encode({ topic: '\ud800' }), hasCode('mqtt-string-invalid'));
  assert.throws(encode({ topic: '\0' }), hasCode('mqtt-string-invalid'));
  assert.throws(encode({ packetId: 0 }), RangeError);
  assert.throws(encode({ packetId: 65_536 }), RangeError);
  assert.throws(encode({ properties: { sessionExpirySecs: 1 } }), hasCode('protocol-error'));
  assert.throws(() => encodePacket({ type: 'puback', packetId: 1, reason: 1 }, 5), hasCode('protocol-error'));
  assert.throws(() => encodePacket({ type: 'auth', reason: 0 }, 4), hasCode('protocol-error'));
});

/** What the call gives; undefined when it throws a fault of MQTT, and a failure when it throws anything else. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    assert.ok(error instanceof MqttError, String(error));
    return undefined;
  }
}
