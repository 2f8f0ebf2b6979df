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
const PEEK_BYTES = 256;
const IOT = Buffer.from('iot/');
const TELEMETRY = Buffer.from('telemetry');
const SPARKPLUG = Buffer.from('spBv1.0/');
const REALTIME = Buffer.from('mtic/msg/client/realtime/');
const FIELDS = ['"deviceId"', '"device_id"', '"id"'].map((name) => Buffer.from(name));

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

function payloadField({ body, payloadStart, end }: OutgoingRecord): ByteRange | undefined {
  const until = Math.min(end, payloadStart + PEEK_BYTES);
  const peek = Buffer.from(body.buffer, body.byteOffset + payloadStart, until - payloadStart);
  for (const field of FIELDS) {
    const found = peek.indexOf(field);
    const range = found < 0 ? undefined : scalarAt(peek, found + field.length);
    if (range) return range;
  }
  return undefined;
}

/** The text or number behind a colon, without quotes. */
function scalarAt(peek: Buffer, from: number): ByteRange | undefined {
  let start = from;
  while (peek[start] === SPACE || peek[start] === COLON) start++;
  if (peek[start] === QUOTE) {
    const end = peek.indexOf(QUOTE, start + 1);
    return end > start + 1 ? { bytes: peek, start: start + 1, end } : undefined;
  }
  let end = start;
  while (end < peek.length && peek[end] !== COMMA && peek[end] !== BRACE && peek[end] !== SPACE) end++;
  return end > start && end < peek.length ? { bytes: peek, start, end } : undefined;
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
