import { ByteReader } from './byte-reader.ts';
import { MqttError, malformed, protocolError } from './errors.ts';
import type { PacketCursor } from './packet-cursor.ts';
import { type ProtocolLevel, qosOf } from './packets/packet-type.ts';
import { decodeProperties } from './properties.ts';
import { isUtf8 } from './utf8.ts';

const IS_WILDCARD = 1;
const IS_NUL = 2;
const IS_WIDE = 128;

/** What each byte says about a topic name that holds it. */
const BYTE_CLASS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0) return IS_NUL;
  if (byte === 0x23 || byte === 0x2b) return IS_WILDCARD;
  return byte & IS_WIDE;
});

/**
 * Fills in the cursor's fields of PUBLISH from `flags`, `bodyStart` and `end`, by the rules of `decodePublish` and with
 * its faults, without making objects. Topic and properties are checked whole: text, lengths, identifiers, repetition.
 */
export function scanPublish(cursor: PacketCursor, level: ProtocolLevel): void {
  const { bytes, flags, bodyStart, end } = cursor;
  const qos = (flags >> 1) & 3;
  cursor.qos = qosOf(qos);
  cursor.isDup = (flags & 8) !== 0;
  cursor.isRetain = (flags & 1) !== 0;
  if (cursor.isDup && qos === 0) throw protocolError('PUBLISH of QoS 0 has the DUP flag.');
  const topicStart = bodyStart + 2;
  if (topicStart > end) throw endsEarly();
  const topicEnd = topicStart + ((Number(bytes[bodyStart]) << 8) | Number(bytes[bodyStart + 1]));
  if (topicEnd > end) throw endsEarly();
  cursor.topicStart = topicStart;
  cursor.topicEnd = topicEnd;
  cursor.topicKey = checkTopic(bytes, topicStart, topicEnd);
  cursor.packetId = 0;
  let at = topicEnd;
  if (qos > 0) {
    at += 2;
    if (at > end) throw endsEarly();
    const packetId = (Number(bytes[topicEnd]) << 8) | Number(bytes[topicEnd + 1]);
    if (packetId === 0) throw malformed('A packet identifier is 0.');
    cursor.packetId = packetId;
  }
  cursor.topicAlias = 0;
  cursor.propertiesStart = at;
  cursor.propertiesEnd = at;
  if (level === 5) {
    if (bytes[at] === 0 && at < end) at++;
    else at = scanProperties(cursor, at);
  }
  if (topicStart === topicEnd && cursor.topicAlias === 0) throw noTopic(level);
  cursor.payloadStart = at;
}

/** Checks a topic name and gives its hash; throws `malformed-packet` or `topic-invalid`. */
function checkTopic(bytes: Uint8Array, start: number, end: number): number {
  let classes = 0;
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) {
    const byte = Number(bytes[i]);
    classes |= Number(BYTE_CLASS[byte]);
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  if (classes !== 0) checkUncommonTopic(bytes, start, end, classes);
  return hash;
}

function checkUncommonTopic(bytes: Uint8Array, start: number, end: number, classes: number): void {
  if ((classes & IS_NUL) !== 0) throw malformed('A text holds U+0000.');
  if ((classes & IS_WIDE) !== 0 && !isUtf8(bytes, start, end))
    throw malformed('A text is not valid UTF-8.', { bytes: end - start });
  if ((classes & IS_WILDCARD) !== 0) throw new MqttError('topic-invalid', 'A topic name holds a wildcard.');
}

/** Checks the properties at `at` and notes their place and the topic alias; gives the place behind them. */
function scanProperties(cursor: PacketCursor, at: number): number {
  const { bytes } = cursor;
  const reader = new ByteReader(bytes, at, cursor.end);
  const length = reader.varint();
  if (length > reader.left) throw endsEarly();
  const start = cursor.end - reader.left;
  const end = start + length;
  const alias = scanCommonProperties(bytes, start, end);
  // Whatever is not plainly right is judged once more by the decoder, which knows every rule and says what is wrong.
  cursor.topicAlias =
    alias >= 0
      ? alias
      : (decodeProperties(new ByteReader(bytes, start, end), 'publish', length)?.topicAlias ?? 0);
  cursor.propertiesStart = start;
  cursor.propertiesEnd = end;
  return end;
}

/** The topic alias, 0 without one; -1 when anything is rare or wrong. */
function scanCommonProperties(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let alias = 0;
  let seen = 0;
  while (at < end) {
    const id = Number(bytes[at++]);
    if (id === 38) at = textEnd(bytes, textEnd(bytes, at, end), end);
    else if (id === 35) {
      if (alias !== 0 || at + 2 > end) return -1;
      alias = (Number(bytes[at]) << 8) | Number(bytes[at + 1]);
      if (alias === 0) return -1;
      at += 2;
    } else {
      if (id > 3 || (seen & (1 << id)) !== 0) return -1;
      seen |= 1 << id;
      at = smallPropertyEnd(bytes, id, at, end);
    }
    if (at < 0) return -1;
  }
  return alias;
}

/** Place behind the value of properties 1 to 3; -1 when it is wrong. */
function smallPropertyEnd(bytes: Uint8Array, id: number, at: number, end: number): number {
  if (id === 3) return textEnd(bytes, at, end);
  if (id === 2) return at + 4 <= end ? at + 4 : -1;
  return id === 1 && at < end && Number(bytes[at]) <= 1 ? at + 1 : -1;
}

/** Place behind the text at `at`; -1 when it is wrong, or `at` is. */
function textEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at + 2 > end) return -1;
  const start = at + 2;
  const to = start + ((Number(bytes[at]) << 8) | Number(bytes[at + 1]));
  return to <= end && isUtf8(bytes, start, to) ? to : -1;
}

function endsEarly(): MqttError {
  return malformed('A packet ends in the middle of a field.');
}

function noTopic(level: ProtocolLevel): MqttError {
  if (level === 5) return protocolError('PUBLISH has neither topic name nor topic alias.');
  return new MqttError('topic-invalid', 'A topic name is empty.');
}
