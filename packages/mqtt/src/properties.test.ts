import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  decodeProperties,
  encodeProperties,
  type Properties,
  type PropertyPlace,
  propertyBytes,
} from './properties.ts';
import { anyValueOf, propertiesOf } from './testing/any-packet.ts';
import { bytesOf } from './testing/packet-samples.ts';

const PLACES = [
  'connect',
  'connack',
  'publish',
  'will',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'disconnect',
  'auth',
] as const satisfies readonly PropertyPlace[];

/** One property with its bytes, by section 2.2.2.2. */
const SAMPLES: readonly [hex: string, properties: Properties][] = [
  ['01 01', { payloadFormat: 1 }],
  ['02 00000e10', { messageExpirySecs: 3_600 }],
  ['03 0001 74', { contentType: 't' }],
  ['08 0001 72', { responseTopic: 'r' }],
  ['09 0002 00ff', { correlation: Uint8Array.of(0, 255) }],
  ['0b 8001', { subscriptionIdentifiers: [128] }],
  ['11 ffffffff', { sessionExpirySecs: 0xffff_ffff }],
  ['12 0001 63', { assignedClientId: 'c' }],
  ['13 001e', { serverKeepAliveSecs: 30 }],
  ['15 0001 6d', { authMethod: 'm' }],
  ['17 00', { requestProblem: 0 }],
  ['18 00000005', { willDelaySecs: 5 }],
  ['19 01', { requestResponse: 1 }],
  ['1a 0001 62', { responseTopicBase: 'b' }],
  ['1c 0001 73', { serverReference: 's' }],
  ['1f 0001 72', { reasonText: 'r' }],
  ['21 0001', { receiveMaximum: 1 }],
  ['22 0000', { topicAliasMaximum: 0 }],
  ['23 ffff', { topicAlias: 65_535 }],
  ['24 00', { maximumQos: 0 }],
  ['25 01', { retainAvailable: 1 }],
  ['26 0001 6b 0000', { user: [['k', '']] }],
  ['27 00000001', { packetBytesMax: 1 }],
  ['28 00', { wildcardAvailable: 0 }],
  ['29 00', { subscriptionIdentifiersAvailable: 0 }],
  ['2a 00', { sharedAvailable: 0 }],
];

test('decodeProperties and encodeProperties know each property where its packet has it, and nowhere else', () => {
  for (const [hex, properties] of SAMPLES) {
    const [name] = Object.keys(properties) as (keyof Properties)[];
    for (const place of PLACES) {
      if (name !== undefined && propertiesOf(place).includes(name)) {
        assert.deepEqual(decoded(hex, place), properties, `${name} in ${place}`);
        assert.equal(propertyBytes(properties, place).toHex(), counted(hex).toHex());
      } else {
        assert.throws(() => decoded(hex, place), hasCode('protocol-error'), `${name} in ${place}`);
        assert.throws(() => propertyBytes(properties, place), hasCode('protocol-error'));
      }
    }
  }
});

test('decodeProperties refuses a property that stands twice, lists apart [MQTT-2.2.2-2]', () => {
  for (const [hex, properties] of SAMPLES) {
    const [name] = Object.keys(properties) as (keyof Properties)[];
    const place = PLACES.find((one) => name !== undefined && propertiesOf(one).includes(name));
    assert.ok(place && name);
    const twice = () => decoded(`${hex} ${hex}`, place);
    if (name === 'user')
      assert.deepEqual(twice(), {
        user: [
          ['k', ''],
          ['k', ''],
        ],
      });
    else if (name === 'subscriptionIdentifiers') assert.deepEqual(twice(), { [name]: [128, 128] });
    else assert.throws(twice, hasCode('protocol-error'), name);
  }
});

const REFUSED: readonly [what: string, place: PropertyPlace, hex: string, code: string][] = [
  ['identifier 0', 'connect', '00 00', 'malformed-packet'],
  ['identifier 4', 'connect', '04 00', 'malformed-packet'],
  ['identifier 43', 'connect', '2b 00', 'malformed-packet'],
  ['identifier of two bytes', 'connect', '8001 00', 'malformed-packet'],
  ['identifier 1 in two bytes', 'publish', '8100 01', 'malformed-packet'],
  ['payload format 2', 'publish', '01 02', 'protocol-error'],
  ['Maximum QoS 2', 'connack', '24 02', 'protocol-error'],
  ['Request Problem Information 2', 'connect', '17 02', 'protocol-error'],
  ['Receive Maximum 0', 'connect', '21 0000', 'protocol-error'],
  ['Maximum Packet Size 0', 'connect', '27 00000000', 'protocol-error'],
  ['subscription identifier 0', 'subscribe', '0b 00', 'protocol-error'],
  ['subscription identifier of five bytes', 'publish', '0b 80808080 01', 'malformed-packet'],
  ['topic alias 0', 'publish', '23 0000', 'topic-alias-invalid'],
  ['response topic with a wildcard [MQTT-3.3.2-14]', 'publish', '08 0001 23', 'protocol-error'],
  ['authentication data without a method', 'connect', '16 0001 62', 'protocol-error'],
  ['text that is no UTF-8', 'publish', '03 0001 ff', 'malformed-packet'],
  ['text with U+0000', 'publish', '26 0001 00 0000', 'malformed-packet'],
  ['text that leaves the properties', 'publish', '03 0002 74', 'malformed-packet'],
  ['number that leaves the properties', 'publish', '02 0000', 'malformed-packet'],
  ['name without a value', 'publish', '26 0001 6b', 'malformed-packet'],
];

for (const [what, place, hex, code] of REFUSED) {
  test(`decodeProperties says ${code}: ${what}`, () => {
    assert.throws(() => decoded(hex, place), hasCode(code));
  });
}

test('decodeProperties refuses a length that leaves the packet', () => {
  assert.throws(
    () => decodeProperties(new ByteReader(bytesOf('03 01 01')), 'publish'),
    hasCode('malformed-packet'),
  );
  assert.equal(decodeProperties(new ByteReader(bytesOf('00 01')), 'publish'), undefined);
});

test('encodeProperties and decodeProperties keep any value of each property', () => {
  for (const place of PLACES) {
    for (const name of propertiesOf(place)) {
      if (name === 'authBytes' || (place === 'subscribe' && name === 'subscriptionIdentifiers')) continue;
      fc.assert(
        fc.property(anyValueOf(name), (value) => {
          const writer = new ByteWriter();
          encodeProperties(writer, { [name]: value }, place);
          assert.deepEqual(decodeProperties(new ByteReader(writer.body()), place), { [name]: value });
        }),
        { numRuns: 20 },
      );
    }
  }
});

/** Bytes with their count, below 128, in front. */
function counted(hex: string): Uint8Array {
  const bytes = bytesOf(hex);
  return Uint8Array.of(bytes.byteLength, ...bytes);
}

function decoded(hex: string, place: PropertyPlace): Properties | undefined {
  const reader = new ByteReader(counted(hex));
  const properties = decodeProperties(reader, place);
  reader.finish();
  return properties;
}
