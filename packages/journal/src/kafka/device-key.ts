import { HEADER } from '../batch.ts';
import type { OutgoingRecord } from './record-headers-out.ts';
import type { ByteRange } from './record-set-writer.ts';

/** Finds the bytes that name the device of a record, cheaply; undefined where there are none. */
export type DeviceOf = (record: OutgoingRecord) => ByteRange | undefined;

const SLASH = 0x2f;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACE = 0x7d;
const SPACE = 0x20;
const SMALL_D = 0x64;
const SMALL_I = 0x69;
const PEEK_BYTES = 256;
const IOT = Buffer.from('iot/');
const TELEMETRY = Buffer.from('telemetry');
const SPARKPLUG = Buffer.from('spBv1.0/');
const REALTIME = Buffer.from('mtic/msg/client/realtime/');
const CAMEL = Buffer.from('"deviceId"');
const SNAKE = Buffer.from('"device_id"');
const SHORT = Buffer.from('"id"');

/**
 * The device of a record as the default topic templates have it: the edge node of a Sparkplug topic, who the publisher is bound to, the level of
 * `iot/{tenant}/{project}/{device}/telemetry`, a member `deviceId`, `device_id` or `id` in the first 256 bytes of the
 * payload, the level behind `mtic/msg/client/realtime/{tenant}/{project}`. It only decides about the partition, so a
 * wrong guess costs order between two topics of one device, never a record.
 */
export const defaultDeviceOf: DeviceOf = (record) =>
  edgeNode(record) ??
  boundDevice(record) ??
  requiredLevel(record) ??
  payloadField(record) ??
  optionalLevel(record);

/** Level 4 of Sparkplug's topics: births, numbers and deaths of an edge node are of one order, its devices' among them. */
function edgeNode({ body, topicStart, clientStart }: OutgoingRecord): ByteRange | undefined {
  if (!beginsWith(body, topicStart, clientStart, SPARKPLUG)) return undefined;
  const start = levelAt(body, topicStart, clientStart, 3);
  const end = start < 0 ? -1 : levelEnd(body, start, clientStart);
  return end > start ? { bytes: body, start, end } : undefined;
}

function boundDevice({ body, headersStart, payloadStart }: OutgoingRecord): ByteRange | undefined {
  if (payloadStart === headersStart || body[headersStart] !== HEADER.boundDevice) return undefined;
  const start = headersStart + 3;
  return {
    bytes: body,
    start,
    end: start + Number(body[headersStart + 1]) + Number(body[headersStart + 2]) * 256,
  };
}

function requiredLevel({ body, topicStart, clientStart }: OutgoingRecord): ByteRange | undefined {
  if (!beginsWith(body, topicStart, clientStart, IOT)) return undefined;
  const start = levelAt(body, topicStart, clientStart, 3);
  const end = start < 0 ? -1 : levelEnd(body, start, clientStart);
  if (end <= start || clientStart - end - 1 !== TELEMETRY.length) return undefined;
  return beginsWith(body, end + 1, clientStart, TELEMETRY) ? { bytes: body, start, end } : undefined;
}

function optionalLevel({ body, topicStart, clientStart }: OutgoingRecord): ByteRange | undefined {
  if (!beginsWith(body, topicStart, clientStart, REALTIME)) return undefined;
  const start = levelAt(body, topicStart, clientStart, 6);
  const end = start < 0 ? -1 : levelEnd(body, start, clientStart);
  return end > start ? { bytes: body, start, end } : undefined;
}

/** One pass over the first bytes of the payload: the first member of the first of the three names that is a text or a number. */
function payloadField({ body, payloadStart, end }: OutgoingRecord): ByteRange | undefined {
  const until = Math.min(end, payloadStart + PEEK_BYTES);
  let snake: ByteRange | undefined;
  let short: ByteRange | undefined;
  for (let at = payloadStart; at < until; at++) {
    if (body[at] !== QUOTE) continue;
    const next = body[at + 1];
    if (next === SMALL_D) {
      const range = memberAt(body, at, until, CAMEL);
      if (range) return range;
      snake ??= memberAt(body, at, until, SNAKE);
    } else if (next === SMALL_I) short ??= memberAt(body, at, until, SHORT);
  }
  return snake ?? short;
}

/** The text or number of a member whose quoted name begins here, without quotes. */
function memberAt(bytes: Uint8Array, at: number, until: number, name: Uint8Array): ByteRange | undefined {
  if (!beginsWith(bytes, at, until, name)) return undefined;
  let start = at + name.length;
  while (start < until && (bytes[start] === SPACE || bytes[start] === COLON)) start++;
  const isText = bytes[start] === QUOTE;
  if (isText) start++;
  let end = start;
  while (end < until && !(isText ? bytes[end] === QUOTE : endsNumber(Number(bytes[end])))) end++;
  return end > start && end < until ? { bytes, start, end } : undefined;
}

function endsNumber(byte: number): boolean {
  return byte === COMMA || byte === BRACE || byte === SPACE;
}

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

/** Where the level of this number begins, or -1. */
function levelAt(bytes: Uint8Array, start: number, end: number, number: number): number {
  let at = start;
  for (let level = 0; level < number; level++) {
    at = levelEnd(bytes, at, end) + 1;
    if (at > end) return -1;
  }
  return at;
}

function levelEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SLASH) at++;
  return at;
}
