import type { ChaosFate, ChaosInput } from '@skerry/api';
import type { DeadLetterReason } from '@skerry/model';
import { encodePacket, type Packet, type ProtocolLevel, REASON } from '@skerry/mqtt';

/** What the platform should do with one bad input. */
export type Expectation = ChaosFate & {
  readonly kind: 'stored' | 'dead-lettered' | 'refused' | 'closed';
};

/** One bad input. */
export interface ChaosCase {
  readonly input: ChaosInput;
  readonly level: ProtocolLevel;
  /** Whether there is the same input for each version of MQTT. */
  readonly isOfLevel: boolean;
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
  const letter = (input: ChaosInput, payload: string | Uint8Array, reason: DeadLetterReason): ChaosCase =>
    payloadCase(input, payload, { kind: 'dead-lettered', reason });
  const stored = (input: ChaosInput, payload: string): ChaosCase =>
    payloadCase(input, payload, { kind: 'stored' });
  return [
    letter('invalid-utf8-text', hex('7b2261223a22c328227d'), 'undecodable'),
    letter('no-text', hex('fffefd'), 'undecodable'),
    letter('empty', '', 'undecodable'),
    letter('broken-json', '{"a":1,"b":', 'undecodable'),
    letter('json-and-more', '{"a":1} x', 'undecodable'),
    letter('nan', '{"a":NaN}', 'undecodable'),
    letter('minus-infinity', '{"a":-Infinity}', 'undecodable'),
    letter('huge-number', '{"a":1e999}', 'undecodable'),
    letter('long-text', `{"a":"${'x'.repeat(1_000_000)}"}`, 'undecodable'),
    letter('deep-objects', nested('{"a":', '}', 1_000), 'undecodable'),
    letter('endless-arrays', '['.repeat(400_000), 'undecodable'),
    letter('many-metrics', names(10_000), 'too-many-points'),
    letter('many-objects', `[${'{},'.repeat(9_999)}{}]`, 'too-many-points'),
    stored('prototype-names', '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}'),
    stored('clock-1970', '{"ts":0,"v":1}'),
    stored('clock-2099', '{"ts":"2099-01-01T00:00:00Z","v":1}'),
    {
      input: 'many-series',
      level: 5,
      isOfLevel: false,
      joins: true,
      bytes: ({ topic }) =>
        Array.from({ length: 10 }, (_, at) => publish(5, topic, names(100, at * 100), at + 1)),
      expected: { kind: 'dead-lettered', reason: 'series-limit' },
    },
  ];
}

function payloadCase(input: ChaosInput, payload: string | Uint8Array, expected: Expectation): ChaosCase {
  const bytes: ChaosCase['bytes'] = ({ topic }) => [publish(5, topic, payload)];
  return { input, level: 5, isOfLevel: false, joins: true, bytes, expected };
}

function topicCases(level: ProtocolLevel): ChaosCase[] {
  const properties = level === 5 ? '00' : '';
  const closed = (input: ChaosInput, topic: string, code: number): ChaosCase => {
    const body = hex(`${topic} 0001 ${properties} 7b7d`);
    return aCase(level, input, [Uint8Array.of(0x32, body.length), body], closedWith(level, code));
  };
  const levels = '/'.repeat(65_534);
  const isNamed = level === 5;
  return [
    closed('topic-hash', '0003 612f23', REASON.topicNameInvalid),
    closed('topic-plus', '0003 612f2b', REASON.topicNameInvalid),
    closed('topic-nul', '0003 610062', REASON.malformedPacket),
    closed('topic-invalid-utf8', '0002 c328', REASON.malformedPacket),
    aCase(
      level,
      'topic-many-levels',
      [publish(level, levels, '{"v":1}')],
      isNamed ? { kind: 'refused', code: REASON.topicNameInvalid } : closedWith(level, undefined),
    ),
    {
      ...aCase(level, 'topic-of-nobody', [], { kind: 'dead-lettered', reason: 'unknown-topic' }),
      bytes: ({ tenant }) => [publish(level, `mtic/msg/client/realtime/${tenant}`, '{"v":1}')],
    },
  ];
}

function packetCases(level: ProtocolLevel): ChaosCase[] {
  const connect: Packet = { type: 'connect', level, isCleanStart: true, keepAliveSecs: 0, clientId: 'again' };
  const large = hex(`32 ff ff ff 07 0003 612f62 0007${level === 5 ? '00' : ''}`); // beyond what can be configured
  const closed = (input: ChaosInput, bytes: Uint8Array, code: number): ChaosCase =>
    aCase(level, input, [bytes], closedWith(level, code));
  return [
    closed('payload-over-limit', large, REASON.packetTooLarge),
    closed('length-256-mib', hex('30 ff ff ff 7f'), REASON.packetTooLarge),
    closed('length-five-bytes', hex('30 ff ff ff ff 01'), REASON.malformedPacket),
    closed('second-connect', encodePacket(connect, level), REASON.protocolError),
    ...truncations(level),
    closed('packet-type-0', hex('00 00'), REASON.malformedPacket),
    closed('qos-3', hex('36 07 0003 612f62 000a'), REASON.malformedPacket),
  ];
}

/** A PUBLISH that ends after each of its bytes: it is waited for, and forgotten with the connection. */
function truncations(level: ProtocolLevel): ChaosCase[] {
  const whole = publish(level, 'a/b', '{"v":1}');
  return Array.from({ length: whole.length - 1 }, (_, at) => ({
    ...aCase(level, 'cut-publish', [whole.subarray(0, at + 1)], closedWith(level, undefined)),
    isCut: true,
  }));
}

function handshakeCases(): ChaosCase[] {
  const silent = (
    input: ChaosInput,
    level: ProtocolLevel,
    bytes: Uint8Array,
    expected: Expectation = closedWith(level, undefined),
  ): ChaosCase => ({ input, level, isOfLevel: false, joins: false, bytes: () => [bytes], expected });
  return [
    silent('mqtt-3.1', 4, hex('10 0e 0006 4d5149736470 03 02 0000 0000'), { kind: 'refused', code: 1 }),
    silent('mqtt-level-6', 5, hex('10 0c 0004 4d515454 06 02 0000 0000'), {
      kind: 'refused',
      code: REASON.unsupportedProtocolVersion,
    }),
    silent('http', 4, encoder.encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
    silent('tls', 4, hex('16 03 01 00 02 00 01')),
    silent('publish-before-connect', 4, publish(4, 'a/b', '{}')),
  ];
}

function aCase(
  level: ProtocolLevel,
  input: ChaosInput,
  bytes: readonly Uint8Array[],
  expected: Expectation,
): ChaosCase {
  return { input, level, isOfLevel: true, joins: true, bytes: () => bytes, expected };
}

/** MQTT 3.1.1 has no way to be told why. */
function closedWith(level: ProtocolLevel, code: number | undefined): Expectation {
  return { kind: 'closed', ...(level === 5 && code !== undefined ? { code } : {}) };
}
