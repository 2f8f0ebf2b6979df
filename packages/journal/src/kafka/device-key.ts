import { HEADER } from '../batch.ts';
import type { OutgoingRecord } from './record-headers-out.ts';
import type { ByteRange } from './record-set-writer.ts';

/** Finds the bytes that name the device of a record, cheaply; undefined where there are none. */
export type DeviceOf = (record: OutgoingRecord) => ByteRange | undefined;

const SLASH = 0x2f;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const PEEK_BYTES = 256;
const TOPICS_KNOWN = 65_536;
const IOT = Buffer.from('iot/');
const TELEMETRY = Buffer.from('telemetry');
const SPARKPLUG = Buffer.from('spBv1.0/');
const REALTIME = Buffer.from('mtic/msg/client/realtime/');
const NAME_BYTES_MAX = 'device_id'.length;
/** Best first, as the decoder ranks them. */
const MEMBERS = ['deviceId', 'device_id', 'id'].map((name) => Buffer.from(name));

/**
 * The device of a record as the default topic templates have it: the edge node of a Sparkplug topic, who the publisher is bound to, the level of
 * `iot/{tenant}/{project}/{device}/telemetry`, a member `deviceId`, `device_id` or `id` of the payload's own object in its
 * first 256 bytes, the level behind `mtic/msg/client/realtime/{tenant}/{project}`. It only decides about the partition: a
 * wrong guess costs order between two topics of one device, and with it what its own numbers tell, never a record.
 */
export const defaultDeviceOf: DeviceOf = (record) =>
  edgeNode(record) ??
  boundDevice(record) ??
  requiredLevel(record) ??
  payloadField(record) ??
  optionalLevel(record);

/** What the templates in force say of a topic. */
export interface TopicDevice {
  readonly device?: string;
  /** Whether the payload has no say. */
  readonly isDeviceRequired?: boolean;
}

/** As `defaultDeviceOf`, with the levels of other templates than the default ones. */
export function deviceOfTopics(deviceOf: (topic: string) => TopicDevice): DeviceOf {
  let known = new Map<string, { readonly bytes: Buffer; readonly isRequired: boolean } | undefined>();
  const told = ({ body, topicStart, clientStart }: OutgoingRecord) => {
    const topic = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
      'utf8',
      topicStart,
      clientStart,
    );
    if (known.has(topic)) return known.get(topic);
    const { device, isDeviceRequired = false } = deviceOf(topic);
    const found =
      device === undefined ? undefined : { bytes: Buffer.from(device), isRequired: isDeviceRequired };
    if (known.size >= TOPICS_KNOWN) known = new Map();
    known.set(topic, found);
    return found;
  };
  return (record) => {
    const first = edgeNode(record) ?? boundDevice(record);
    if (first) return first;
    const level = told(record);
    const range = level && { bytes: level.bytes, start: 0, end: level.bytes.length };
    return level?.isRequired ? range : (payloadField(record) ?? range);
  };
}

/** Level 4 of Sparkplug's topics: births, numbers and deaths of an edge node are of one order, its devices' among them. */
export function edgeNode({ body, topicStart, clientStart }: OutgoingRecord): ByteRange | undefined {
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

/**
 * One pass over the first bytes of the payload: the member of the object, or of the first one of an array of objects, that
 * the decoder takes the device from. Members of objects inside it are none of its own. Undefined where it is empty, or
 * the bytes are no JSON object.
 */
function payloadField({ body, payloadStart, end }: OutgoingRecord): ByteRange | undefined {
  const until = Math.min(end, payloadStart + PEEK_BYTES);
  let at = behindSpace(body, payloadStart, until);
  if (at < until && body[at] === OPEN_ARRAY) at = behindSpace(body, at + 1, until);
  if (at >= until || body[at] !== OPEN_OBJECT) return undefined;
  let found: ByteRange | undefined;
  let rank = MEMBERS.length;
  let depth = 1;
  for (at++; at < until && depth > 0 && rank > 0; at++) {
    const byte = body[at];
    if (byte === QUOTE) {
      const start = at + 1;
      at = closingQuote(body, start, until);
      if (depth > 1) continue;
      const better = rankOf(body, start, at);
      const value = better < rank ? valueBehind(body, at + 1, until) : undefined;
      if (!value) continue;
      found = value;
      rank = better;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
  }
  return found && found.end > found.start ? found : undefined;
}

/** Which of the members has this name; behind the last one for none. */
function rankOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > NAME_BYTES_MAX) return MEMBERS.length;
  for (let rank = 0; rank < MEMBERS.length; rank++) {
    const name = MEMBERS[rank];
    if (name?.length === end - start && beginsWith(bytes, start, end, name)) return rank;
  }
  return MEMBERS.length;
}

/** The text or number behind the colon of a member, without quotes; undefined for every other value, and without a colon. */
function valueBehind(bytes: Uint8Array, at: number, until: number): ByteRange | undefined {
  const colon = behindSpace(bytes, at, until);
  if (colon >= until || bytes[colon] !== COLON) return undefined;
  let start = behindSpace(bytes, colon + 1, until);
  const first = Number(bytes[start]);
  let end = start;
  if (first === QUOTE) end = closingQuote(bytes, ++start, until);
  else if (!startsNumber(first)) return undefined;
  else while (end < until && !endsNumber(Number(bytes[end]))) end++;
  return end < until ? { bytes, start, end } : undefined;
}

/** Where the text that begins here ends; `until` when that is further on. */
function closingQuote(bytes: Uint8Array, start: number, until: number): number {
  let at = start;
  while (at < until && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at, until);
}

function behindSpace(bytes: Uint8Array, start: number, until: number): number {
  let at = start;
  while (at < until && isSpace(Number(bytes[at]))) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function startsNumber(byte: number): boolean {
  return byte === MINUS || (byte >= 0x30 && byte <= 0x39);
}

function endsNumber(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || isSpace(byte);
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
