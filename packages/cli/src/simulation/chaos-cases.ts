import { encodePacket, type Packet, type ProtocolLevel, REASON } from '@skerry/mqtt';

/** What the platform should do with one bad input. */
export type Expectation =
  /** Acknowledged and stored. */
  | { readonly kind: 'stored' }
  /** Acknowledged, then set aside with this reason. */
  | { readonly kind: 'dead-lettered'; readonly reason: string }
  /** MQTT 5 is told a reason in PUBACK, SUBACK or CONNACK, and goes on or not. */
  | { readonly kind: 'refused'; readonly reason: number }
  /** The connection ends; MQTT 5 is told a reason in DISCONNECT, or none where `reason` is undefined. */
  | { readonly kind: 'closed'; readonly reason: number | undefined };

/** One bad input. */
export interface ChaosCase {
  readonly name: string;
  readonly level: ProtocolLevel;
  /** Whether a session is opened before. */
  readonly joins: boolean;
  /** What is sent, in one write each; `device` is a device of the case's own. */
  bytes(device: ChaosDevice): readonly Uint8Array[];
  /** Whether the sending side is closed behind it, as a device whose line is cut does. */
  readonly isCut?: boolean;
  readonly expected: Expectation;
}

/** The device that a case speaks as. */
export interface ChaosDevice {
  /** `iot/{tenant}/{project}/{device}/telemetry`. */
  readonly topic: string;
  readonly tenant: string;
}

const encoder = new TextEncoder();
const LEVELS = [4, 5] as const;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function publish(
  level: ProtocolLevel,
  topic: string,
  payload: string | Uint8Array,
  packetId = 7,
): Uint8Array {
  const bytes = typeof payload === 'string' ? encoder.encode(payload) : payload;
  const rest = { qos: 1, isDup: false, isRetain: false, packetId } as const;
  return encodePacket({ type: 'publish', topic, payload: bytes, ...rest }, level);
}

const nested = (open: string, close: string, depth: number): string =>
  `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
const names = (count: number, from = 0): string =>
  `{${Array.from({ length: count }, (_, i) => `"m${from + i}":${i}`).join(',')}}`;

/** Every bad input that can be sent over MQTT, in an order that begins with the harmless. */
export function chaosCases(): ChaosCase[] {
  return [
    ...payloadCases(),
    ...LEVELS.flatMap(topicCases),
    ...LEVELS.flatMap(packetCases),
    ...handshakeCases(),
  ];
}

function payloadCases(): ChaosCase[] {
  const undecodable = (name: string, payload: string | Uint8Array): ChaosCase =>
    payloadCase(name, payload, { kind: 'dead-lettered', reason: 'undecodable' });
  const tooMany = (name: string, payload: string): ChaosCase =>
    payloadCase(name, payload, { kind: 'dead-lettered', reason: 'too-many-points' });
  const stored = (name: string, payload: string): ChaosCase => payloadCase(name, payload, { kind: 'stored' });
  return [
    undecodable('invalid UTF-8 in a text', hex('7b2261223a22c328227d')),
    undecodable('bytes that are no text', hex('fffefd')),
    undecodable('an empty payload', ''),
    undecodable('broken JSON', '{"a":1,"b":'),
    undecodable('JSON with something behind it', '{"a":1} x'),
    undecodable('NaN', '{"a":NaN}'),
    undecodable('-Infinity', '{"a":-Infinity}'),
    undecodable('a number beyond all doubles', '{"a":1e999}'),
    undecodable('a text of 1 MB', `{"a":"${'x'.repeat(1_000_000)}"}`),
    undecodable('objects 1,000 deep', nested('{"a":', '}', 1_000)),
    undecodable('arrays 400,000 deep, never closed', '['.repeat(400_000)),
    tooMany('10,000 metrics in one message', names(10_000)),
    tooMany('10,000 objects in one array', `[${'{},'.repeat(9_999)}{}]`),
    stored(
      '__proto__ and constructor as metrics',
      '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}',
    ),
    stored('a device clock at 1970', '{"ts":0,"v":1}'),
    stored('a device clock in 2099', '{"ts":"2099-01-01T00:00:00Z","v":1}'),
    {
      name: '1,000 series of one device',
      level: 5,
      joins: true,
      bytes: ({ topic }) =>
        Array.from({ length: 10 }, (_, at) => publish(5, topic, names(100, at * 100), at + 1)),
      expected: { kind: 'dead-lettered', reason: 'series-limit' },
    },
  ];
}

function payloadCase(name: string, payload: string | Uint8Array, expected: Expectation): ChaosCase {
  return { name, level: 5, joins: true, bytes: ({ topic }) => [publish(5, topic, payload)], expected };
}

function topicCases(level: ProtocolLevel): ChaosCase[] {
  const properties = level === 5 ? '00' : '';
  const closed = (name: string, topic: string, reason: number): ChaosCase => {
    const body = hex(`${topic} 0001 ${properties} 7b7d`);
    return aCase(level, name, [Uint8Array.of(0x32, body.length), body], closedWith(level, reason));
  };
  const levels = '/'.repeat(65_534);
  return [
    closed('a topic with #', '0003 612f23', REASON.topicNameInvalid),
    closed('a topic with +', '0003 612f2b', REASON.topicNameInvalid),
    closed('a topic with NUL', '0003 610062', REASON.malformedPacket),
    closed('a topic with invalid UTF-8', '0002 c328', REASON.malformedPacket),
    {
      ...aCase(
        level,
        'a topic of 65,535 levels',
        [publish(level, levels, '{"v":1}')],
        closedWith(level, undefined),
      ),
      ...(level === 5 ? { expected: { kind: 'refused', reason: REASON.topicNameInvalid } } : {}),
    },
    {
      name: nameOf(level, 'a wrong topic under a telemetry prefix'),
      level,
      joins: true,
      bytes: ({ tenant }) => [publish(level, `mtic/msg/client/realtime/${tenant}`, '{"v":1}')],
      expected: { kind: 'dead-lettered', reason: 'unknown-topic' },
    },
  ];
}

function packetCases(level: ProtocolLevel): ChaosCase[] {
  const connect: Packet = { type: 'connect', level, isCleanStart: true, keepAliveSecs: 0, clientId: 'again' };
  const large = hex(`32 ff ff ff 07 0003 612f62 0007${level === 5 ? '00' : ''}`); // beyond what can be configured
  return [
    aCase(level, 'a payload over the limit', [large], closedWith(level, REASON.packetTooLarge)),
    aCase(
      level,
      'a remaining length of 256 MiB',
      [hex('30 ff ff ff 7f')],
      closedWith(level, REASON.packetTooLarge),
    ),
    aCase(
      level,
      'a remaining length of five bytes',
      [hex('30 ff ff ff ff 01')],
      closedWith(level, REASON.malformedPacket),
    ),
    aCase(level, 'a second CONNECT', [encodePacket(connect, level)], closedWith(level, REASON.protocolError)),
    ...truncations(level),
    ...spoilt(level),
  ];
}

/** A PUBLISH that ends after each of its bytes: it is waited for, and forgotten with the connection. */
function truncations(level: ProtocolLevel): ChaosCase[] {
  const whole = publish(level, 'a/b', '{"v":1}');
  return Array.from({ length: whole.length - 1 }, (_, at) => ({
    ...aCase(
      level,
      `a PUBLISH cut after each of its first ${whole.length - 1} bytes`,
      [whole.subarray(0, at + 1)],
      closedWith(level, undefined),
    ),
    isCut: true,
  }));
}

/** Packets of a type or with flags that do not exist. */
function spoilt(level: ProtocolLevel): ChaosCase[] {
  return [
    aCase(level, 'a packet of type 0', [hex('00 00')], closedWith(level, REASON.malformedPacket)),
    aCase(
      level,
      'a PUBLISH of QoS 3',
      [hex('36 07 0003 612f62 000a')],
      closedWith(level, REASON.malformedPacket),
    ),
  ];
}

function handshakeCases(): ChaosCase[] {
  const silent = (
    name: string,
    level: ProtocolLevel,
    bytes: Uint8Array,
    expected: Expectation,
  ): ChaosCase => ({
    name,
    level,
    joins: false,
    bytes: () => [bytes],
    expected,
  });
  return [
    silent('MQTT 3.1 (MQIsdp)', 4, hex('10 0e 0006 4d5149736470 03 02 0000 0000'), {
      kind: 'refused',
      reason: 1,
    }),
    silent('MQTT of level 6', 5, hex('10 0c 0004 4d515454 06 02 0000 0000'), {
      kind: 'refused',
      reason: REASON.unsupportedProtocolVersion,
    }),
    silent(
      'HTTP on the port of MQTT',
      4,
      encoder.encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      closedWith(4, undefined),
    ),
    silent('TLS on the port of MQTT', 4, hex('16 03 01 00 02 00 01'), closedWith(4, undefined)),
    silent('a PUBLISH before CONNECT', 4, publish(4, 'a/b', '{}'), closedWith(4, undefined)),
  ];
}

function aCase(
  level: ProtocolLevel,
  name: string,
  bytes: readonly Uint8Array[],
  expected: Expectation,
): ChaosCase {
  return { name: nameOf(level, name), level, joins: true, bytes: () => bytes, expected };
}

function nameOf(level: ProtocolLevel, name: string): string {
  return `${name} (MQTT ${level === 5 ? '5' : '3.1.1'})`;
}

/** MQTT 3.1.1 has no way to be told why. */
function closedWith(level: ProtocolLevel, reason: number | undefined): Expectation {
  return { kind: 'closed', reason: level === 5 ? reason : undefined };
}
