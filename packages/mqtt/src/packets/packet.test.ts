import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { MqttError } from '../errors.ts';
import { bytesOf, PACKET_SAMPLES } from '../testing/packet-samples.ts';
import { packetsOf } from '../testing/whole-packet.ts';
import { encodePacket } from './packet.ts';
import type { ProtocolLevel } from './packet-type.ts';

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

const REFUSED: readonly [what: string, level: ProtocolLevel, hex: string, code: string][] = [
  ['type 0', 4, '00 00', 'malformed-packet'],
  ['AUTH at level 4', 4, 'f0 00', 'malformed-packet'],
  ['CONNECT with flags', 4, '11 0c 0004 4d515454 04 02 0000 0000', 'malformed-packet'],
  [
    'CONNECT, reserved connect flag [MQTT-3.1.2-3]',
    4,
    '10 0c 0004 4d515454 04 03 0000 0000',
    'malformed-packet',
  ],
  ['CONNECT of MQTT 3.1', 4, '10 0e 0006 4d5149736470 03 02 0000 0000', 'protocol-unsupported'],
  ['CONNECT of level 6', 4, '10 0c 0004 4d515454 06 02 0000 0000', 'protocol-unsupported'],
  [
    'CONNECT, will QoS without will [MQTT-3.1.2-11]',
    4,
    '10 0c 0004 4d515454 04 0a 0000 0000',
    'malformed-packet',
  ],
  [
    'CONNECT, will QoS 3 [MQTT-3.1.2-12]',
    4,
    '10 12 0004 4d515454 04 1e 0000 0000 0001 77 0001 78',
    'malformed-packet',
  ],
  [
    'CONNECT, password alone [MQTT-3.1.2-22]',
    4,
    '10 0f 0004 4d515454 04 42 0000 0000 0001 70',
    'malformed-packet',
  ],
  [
    'CONNECT, no client id, session kept [MQTT-3.1.3-8]',
    4,
    '10 0c 0004 4d515454 04 00 0000 0000',
    'client-id-invalid',
  ],
  [
    'CONNECT, will topic with a wildcard',
    4,
    '10 12 0004 4d515454 04 06 0000 0000 0001 23 0001 78',
    'topic-invalid',
  ],
  [
    'CONNECT, authentication data without method',
    5,
    '10 11 0004 4d515454 05 02 0000 04 16 0001 62 0000',
    'protocol-error',
  ],
  ['CONNACK, acknowledge flags [MQTT-3.2.2-1]', 4, '20 02 02 00', 'malformed-packet'],
  ['CONNACK, session and refusal [MQTT-3.2.2-4]', 4, '20 02 01 05', 'protocol-error'],
  ['CONNACK, return code 6', 4, '20 02 00 06', 'protocol-error'],
  ['CONNACK, reason 0x10', 5, '20 03 00 10 00', 'protocol-error'],
  ['PUBLISH of QoS 3 [MQTT-3.3.1-4]', 4, '36 07 0003 612f62 000a', 'malformed-packet'],
  ['PUBLISH, DUP at QoS 0 [MQTT-3.3.1-2]', 4, '38 05 0003 612f62', 'protocol-error'],
  ['PUBLISH, packet id 0 [MQTT-2.3.1-1]', 4, '32 07 0003 612f62 0000', 'malformed-packet'],
  ['PUBLISH, # in the topic [MQTT-3.3.2-2]', 4, '30 05 0003 612f23', 'topic-invalid'],
  ['PUBLISH, + in the topic [MQTT-3.3.2-2]', 5, '30 06 0003 612f2b 00', 'topic-invalid'],
  ['PUBLISH, empty topic [MQTT-4.7.3-1]', 4, '30 02 0000', 'topic-invalid'],
  ['PUBLISH, neither topic nor alias', 5, '30 03 0000 00', 'protocol-error'],
  ['PUBLISH, alias 0 [MQTT-3.3.2-8]', 5, '30 09 0003 612f62 03 23 0000', 'topic-alias-invalid'],
  ['PUBLISH, U+0000 in the topic [MQTT-1.5.4-2]', 4, '30 05 0003 610062', 'malformed-packet'],
  ['PUBLISH, surrogate in the topic [MQTT-1.5.4-1]', 4, '30 05 0003 eda080', 'malformed-packet'],
  ['PUBLISH, topic longer than the packet', 4, '30 05 0004 612f62', 'malformed-packet'],
  ['PUBLISH, properties longer than the packet', 5, '30 06 0003 612f62 01', 'malformed-packet'],
  ['PUBLISH, no properties', 5, '30 05 0003 612f62', 'malformed-packet'],
  ['PUBLISH, padded property length [MQTT-1.5.5-1]', 5, '30 07 0003 612f62 8000', 'malformed-packet'],
  ['PUBACK with flags', 4, '41 02 000a', 'malformed-packet'],
  ['PUBACK, packet id 0', 4, '40 02 0000', 'malformed-packet'],
  ['PUBACK with a reason at level 4', 4, '40 03 000a 00', 'malformed-packet'],
  ['PUBACK, reason 0x92 [MQTT-3.4.2-1]', 5, '40 03 000a 92', 'protocol-error'],
  ['PUBREL without its flags [MQTT-3.6.1-1]', 4, '60 02 000a', 'malformed-packet'],
  ['PUBREL, reason 0x10 [MQTT-3.6.2-1]', 5, '62 03 000a 10', 'protocol-error'],
  ['SUBSCRIBE without its flags [MQTT-3.8.1-1]', 4, '80 08 000a 0003 612f62 01', 'malformed-packet'],
  ['SUBSCRIBE, no filter [MQTT-3.8.3-3]', 4, '82 02 000a', 'protocol-error'],
  ['SUBSCRIBE, reserved options [MQTT-3-8.3-4]', 4, '82 08 000a 0003 612f62 04', 'malformed-packet'],
  ['SUBSCRIBE, QoS 3', 4, '82 08 000a 0003 612f62 03', 'malformed-packet'],
  ['SUBSCRIBE, QoS 3', 5, '82 09 000a 00 0003 612f62 03', 'protocol-error'],
  ['SUBSCRIBE, reserved options [MQTT-3.8.3-5]', 5, '82 09 000a 00 0003 612f62 40', 'malformed-packet'],
  ['SUBSCRIBE, retain handling 3', 5, '82 09 000a 00 0003 612f62 30', 'protocol-error'],
  [
    'SUBSCRIBE, No Local, shared [MQTT-3.8.3-4]',
    5,
    '82 10 000a 00 000a 2473686172652f672f74 05',
    'protocol-error',
  ],
  ['SUBSCRIBE, two identifiers', 5, '82 0d 000a 04 0b01 0b02 0003 612f62 01', 'protocol-error'],
  ['SUBACK, reason 0x97 at level 4', 4, '90 03 000a 97', 'protocol-error'],
  ['SUBACK, no reason', 5, '90 03 000a 00', 'protocol-error'],
  ['UNSUBSCRIBE, no filter [MQTT-3.10.3-2]', 4, 'a2 02 000a', 'protocol-error'],
  ['UNSUBSCRIBE without its flags [MQTT-3.10.1-1]', 4, 'a0 07 000a 0003 612f62', 'malformed-packet'],
  ['UNSUBACK, reason 0x02 [MQTT-3.11.3-2]', 5, 'b0 04 000a 00 02', 'protocol-error'],
  ['PINGREQ with a byte', 4, 'c0 01 00', 'malformed-packet'],
  ['PINGRESP with flags', 4, 'd1 00', 'malformed-packet'],
  ['DISCONNECT with a reason at level 4', 4, 'e0 01 00', 'malformed-packet'],
  ['DISCONNECT, reason 0x01 [MQTT-3.14.2-1]', 5, 'e0 01 01', 'protocol-error'],
  ['AUTH, no method', 5, 'f0 02 18 00', 'protocol-error'],
];

for (const [what, level, hex, code] of REFUSED) {
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
