import type { Packet } from '../packets/packet.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';

/** A packet with its bytes, and where the bytes are from. */
export interface PacketSample {
  readonly what: string;
  readonly level: ProtocolLevel;
  readonly packet: Packet;
  /** Hexadecimal; spaces mean nothing. */
  readonly hex: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const PLAIN = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;

const EXAMPLE_CONNECT = {
  type: 'connect',
  isCleanStart: true,
  keepAliveSecs: 10,
  clientId: 'c',
  will: { topic: 'w', payload: bytes('x'), qos: 1, isRetain: false },
  username: 'u',
  password: bytes('p'),
} as const;

const EXAMPLE_PUBLISH = {
  type: 'publish',
  topic: 'a/b',
  payload: bytes('hi'),
  qos: 1,
  isDup: false,
  isRetain: false,
  packetId: 10,
} as const;

const EXAMPLE_SUBSCRIBE = {
  type: 'subscribe',
  packetId: 10,
  topics: [
    { filter: 'a/b', qos: 1, ...PLAIN },
    { filter: 'c/d', qos: 2, ...PLAIN },
  ],
} as const;

const EXAMPLE_UNSUBSCRIBE = { type: 'unsubscribe', packetId: 10, filters: ['a/b', 'c/d'] } as const;

const LEVEL_4: readonly Omit<PacketSample, 'level'>[] = [
  {
    what: 'CONNECT, variable header of figure 3.6',
    packet: { ...EXAMPLE_CONNECT, level: 4 },
    hex: '10 19 0004 4d515454 04 ce 000a 0001 63 0001 77 0001 78 0001 75 0001 70',
  },
  {
    what: 'CONNECT, the least',
    packet: { type: 'connect', level: 4, isCleanStart: true, keepAliveSecs: 0, clientId: '' },
    hex: '10 0c 0004 4d515454 04 02 0000 0000',
  },
  {
    what: 'CONNACK with a session',
    packet: { type: 'connack', isSessionPresent: true, reason: 0 },
    hex: '20 02 01 00',
  },
  {
    what: 'CONNACK of table 3.1, not authorized',
    packet: { type: 'connack', isSessionPresent: false, reason: 5 },
    hex: '20 02 00 05',
  },
  {
    what: 'PUBLISH, variable header of figure 3.11',
    packet: EXAMPLE_PUBLISH,
    hex: '32 09 0003 612f62 000a 6869',
  },
  {
    what: 'PUBLISH of QoS 0, retained, without payload',
    packet: { ...EXAMPLE_PUBLISH, qos: 0, isRetain: true, packetId: 0, payload: new Uint8Array(0) },
    hex: '31 05 0003 612f62',
  },
  {
    what: 'PUBLISH of QoS 2 again, topic of section 1.5.3.1',
    packet: { ...EXAMPLE_PUBLISH, topic: 'A\u{2A6D4}', qos: 2, isDup: true, packetId: 65_535 },
    hex: '3c 0b 0005 41f0aa9b94 ffff 6869',
  },
  { what: 'PUBACK, figure 3.12', packet: { type: 'puback', packetId: 10, reason: 0 }, hex: '40 02 000a' },
  { what: 'PUBREC, figure 3.14', packet: { type: 'pubrec', packetId: 10, reason: 0 }, hex: '50 02 000a' },
  { what: 'PUBREL, figure 3.16', packet: { type: 'pubrel', packetId: 10, reason: 0 }, hex: '62 02 000a' },
  { what: 'PUBCOMP, figure 3.18', packet: { type: 'pubcomp', packetId: 10, reason: 0 }, hex: '70 02 000a' },
  {
    what: 'SUBSCRIBE, figures 3.21 and 3.23',
    packet: EXAMPLE_SUBSCRIBE,
    hex: '82 0e 000a 0003 612f62 01 0003 632f64 02',
  },
  {
    what: 'SUBACK, payload of figure 3.27',
    packet: { type: 'suback', packetId: 10, reasons: [0, 2, 0x80] },
    hex: '90 05 000a 00 02 80',
  },
  {
    what: 'UNSUBSCRIBE, payload of figure 3.30',
    packet: EXAMPLE_UNSUBSCRIBE,
    hex: 'a2 0c 000a 0003 612f62 0003 632f64',
  },
  {
    what: 'UNSUBACK, figure 3.31',
    packet: { type: 'unsuback', packetId: 10, reasons: [] },
    hex: 'b0 02 000a',
  },
  { what: 'PINGREQ, figure 3.33', packet: { type: 'pingreq' }, hex: 'c0 00' },
  { what: 'PINGRESP, figure 3.34', packet: { type: 'pingresp' }, hex: 'd0 00' },
  { what: 'DISCONNECT, figure 3.35', packet: { type: 'disconnect', reason: 0 }, hex: 'e0 00' },
];

const LEVEL_5: readonly Omit<PacketSample, 'level'>[] = [
  {
    what: 'CONNECT, variable header of figure 3-6',
    packet: {
      ...EXAMPLE_CONNECT,
      level: 5,
      properties: { sessionExpirySecs: 10 },
      will: { ...EXAMPLE_CONNECT.will, properties: { willDelaySecs: 5 } },
    },
    hex: '10 25 0004 4d515454 05 ce 000a 05 11 0000000a 0001 63 05 18 00000005 0001 77 0001 78 0001 75 0001 70',
  },
  {
    what: 'CONNECT with a password and no user name',
    packet: {
      type: 'connect',
      level: 5,
      isCleanStart: false,
      keepAliveSecs: 60,
      clientId: '',
      password: bytes('p'),
    },
    hex: '10 10 0004 4d515454 05 40 003c 00 0000 0001 70',
  },
  {
    what: 'CONNACK with limits',
    packet: {
      type: 'connack',
      isSessionPresent: false,
      reason: 0,
      properties: { assignedClientId: 'id', receiveMaximum: 100, maximumQos: 1, packetBytesMax: 1_048_576 },
    },
    hex: '20 12 00 00 0f 12 0002 6964 21 0064 24 01 27 00100000',
  },
  {
    what: 'CONNACK that refuses',
    packet: { type: 'connack', isSessionPresent: false, reason: 0x87, properties: { reasonText: 'no' } },
    hex: '20 08 00 87 05 1f 0002 6e6f',
  },
  {
    what: 'PUBLISH, variable header of figure 3-9',
    packet: EXAMPLE_PUBLISH,
    hex: '32 0a 0003 612f62 000a 00 6869',
  },
  {
    what: 'PUBLISH with every property',
    packet: {
      ...EXAMPLE_PUBLISH,
      properties: {
        payloadFormat: 1,
        messageExpirySecs: 60,
        contentType: 't',
        responseTopic: 'r',
        correlation: bytes('c'),
        subscriptionIdentifiers: [1, 128],
        topicAlias: 3,
        user: [
          ['k', 'v'],
          ['k', 'w'],
        ],
      },
    },
    hex:
      '32 33 0003 612f62 000a 29 01 01 02 0000003c 03 0001 74 08 0001 72 09 0001 63 0b 01 0b 8001 23 0003 ' +
      '26 0001 6b 0001 76 26 0001 6b 0001 77 6869',
  },
  {
    what: 'PUBLISH with an alias in place of a topic',
    packet: { ...EXAMPLE_PUBLISH, topic: '', properties: { topicAlias: 3 } },
    hex: '32 0a 0000 000a 03 23 0003 6869',
  },
  { what: 'PUBACK, success', packet: { type: 'puback', packetId: 10, reason: 0 }, hex: '40 02 000a' },
  {
    what: 'PUBACK with a reason',
    packet: { type: 'puback', packetId: 10, reason: 0x97 },
    hex: '40 03 000a 97',
  },
  {
    what: 'PUBACK with a reason and its text',
    packet: { type: 'puback', packetId: 10, reason: 0x10, properties: { reasonText: 'no' } },
    hex: '40 09 000a 10 05 1f 0002 6e6f',
  },
  {
    what: 'PUBREC with a reason',
    packet: { type: 'pubrec', packetId: 10, reason: 0x91 },
    hex: '50 03 000a 91',
  },
  {
    what: 'PUBREL with a reason',
    packet: { type: 'pubrel', packetId: 10, reason: 0x92 },
    hex: '62 03 000a 92',
  },
  {
    what: 'PUBCOMP with a reason',
    packet: { type: 'pubcomp', packetId: 10, reason: 0x92 },
    hex: '70 03 000a 92',
  },
  {
    what: 'SUBSCRIBE, figures 3-20 and 3-22',
    packet: EXAMPLE_SUBSCRIBE,
    hex: '82 0f 000a 00 0003 612f62 01 0003 632f64 02',
  },
  {
    what: 'SUBSCRIBE with every option',
    packet: {
      type: 'subscribe',
      packetId: 10,
      topics: [{ filter: '+/#', qos: 2, isNoLocal: true, isRetainAsPublished: true, retainHandling: 2 }],
      properties: { subscriptionIdentifiers: [268_435_455] },
    },
    hex: '82 0e 000a 05 0b ffffff7f 0003 2b2f23 2e',
  },
  {
    what: 'SUBACK with reasons of table 3-8',
    packet: { type: 'suback', packetId: 10, reasons: [0, 2, 0x9e] },
    hex: '90 06 000a 00 00 02 9e',
  },
  {
    what: 'UNSUBSCRIBE, payload of figure 3-28',
    packet: EXAMPLE_UNSUBSCRIBE,
    hex: 'a2 0d 000a 00 0003 612f62 0003 632f64',
  },
  {
    what: 'UNSUBACK with reasons of table 3-9',
    packet: { type: 'unsuback', packetId: 10, reasons: [0, 0x11] },
    hex: 'b0 05 000a 00 00 11',
  },
  { what: 'PINGREQ, section 3.12', packet: { type: 'pingreq' }, hex: 'c0 00' },
  { what: 'PINGRESP, section 3.13', packet: { type: 'pingresp' }, hex: 'd0 00' },
  { what: 'DISCONNECT, nothing', packet: { type: 'disconnect', reason: 0 }, hex: 'e0 00' },
  { what: 'DISCONNECT with a reason', packet: { type: 'disconnect', reason: 0x8e }, hex: 'e0 01 8e' },
  {
    what: 'DISCONNECT, variable header of figure 3-24',
    packet: { type: 'disconnect', reason: 0, properties: { sessionExpirySecs: 0 } },
    hex: 'e0 07 00 05 11 00000000',
  },
  { what: 'AUTH, nothing', packet: { type: 'auth', reason: 0 }, hex: 'f0 00' },
  {
    what: 'AUTH with method and bytes',
    packet: { type: 'auth', reason: 0x18, properties: { authMethod: 'm', authBytes: bytes('b') } },
    hex: 'f0 0a 18 08 15 0001 6d 16 0001 62',
  },
];

/** Packets of both levels with their bytes: the specification's own examples, and one for every form a packet has. */
export const PACKET_SAMPLES: readonly PacketSample[] = [
  ...LEVEL_4.map((sample) => ({ ...sample, level: 4 as const })),
  ...LEVEL_5.map((sample) => ({ ...sample, level: 5 as const })),
];

/** The bytes of hexadecimal digits; white space means nothing. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ''));
}
