import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { MqttError, malformed } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkFlags, firstByte, type ProtocolLevel, type Qos, qosOf } from './packet-type.ts';
import { checkTopicName } from './topic-field.ts';

/** The message that the server publishes when the connection is lost. */
export interface Will {
  readonly topic: string;
  /** Read: a view of the packet. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly isRetain: boolean;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/** CONNECT: a client's first packet. */
export interface Connect {
  readonly type: 'connect';
  readonly level: ProtocolLevel;
  /** Clean Session at level 4. */
  readonly isCleanStart: boolean;
  readonly keepAliveSecs: number;
  /** Empty: the server gives one. */
  readonly clientId: string;
  readonly will?: Will;
  readonly username?: string;
  /** Read: a view of the packet. */
  readonly password?: Uint8Array;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

const FLAG = { cleanStart: 2, will: 4, willRetain: 32, password: 64, username: 128 } as const;

/*
 * CONNECT       = 0x10 Remaining-Length Name Level Connect-Flags Keep-Alive [Properties] Payload
 * Name          = 0x00 0x04 "MQTT"                                       [MQTT-3.1.2-1]
 * Level         = 4 | 5                                                  [MQTT-3.1.2-2]
 * Connect-Flags = user-name password will-retain will-qos(2) will clean-start 0
 *                 the last bit is 0                                      [MQTT-3.1.2-3]
 *                 without will, will-qos and will-retain are 0           [MQTT-3.1.2-11, -13]
 *                 will-qos is not 3                                      [MQTT-3.1.2-12]
 *                 3.1.1: no password without user-name                   [MQTT-3.1.2-22]
 * Keep-Alive    = Two-Byte-Integer, seconds
 * Payload       = Client-Id [[Will-Properties] Will-Topic Will-Payload] [User-Name] [Password]   [MQTT-3.1.3-1]
 *                 3.1.1: an empty Client-Id asks for clean-start         [MQTT-3.1.3-7]
 * Properties and Will-Properties are there at level 5.
 */

/** Encodes CONNECT at the level it names. */
export function encodeConnect(packet: Connect): Uint8Array {
  const { will, username, password, level } = packet;
  let flags = packet.isCleanStart ? FLAG.cleanStart : 0;
  if (will) flags |= FLAG.will | (will.qos << 3) | (will.isRetain ? FLAG.willRetain : 0);
  if (username !== undefined) flags |= FLAG.username;
  if (password !== undefined) flags |= FLAG.password;
  checkCredentials(flags, level);
  const writer = new ByteWriter().text('MQTT').byte(level).byte(flags).word(packet.keepAliveSecs);
  if (level === 5) encodeProperties(writer, packet.properties, 'connect');
  writer.text(packet.clientId);
  if (will) {
    if (level === 5) encodeProperties(writer, will.properties, 'will');
    writer.text(checkTopicName(will.topic)).binary(will.payload);
  }
  if (username !== undefined) writer.text(username);
  if (password !== undefined) writer.binary(password);
  return writer.packet(firstByte('connect'));
}

/**
 * Decodes CONNECT. Throws `malformed-packet`, `protocol-error`, `topic-invalid` (will), `protocol-unsupported`, whose
 * `facts.level` is the level asked for, and `client-id-invalid` (level 4 without clean session).
 */
export function decodeConnect(flags: number, reader: ByteReader): Connect {
  checkFlags(flags, 0, 'connect');
  const level = readLevel(reader);
  const connectFlags = reader.byte();
  if ((connectFlags & 1) !== 0) throw malformed('The reserved connect flag is set.');
  const hasWill = (connectFlags & FLAG.will) !== 0;
  if (!hasWill && (connectFlags & 0x38) !== 0) throw malformed('CONNECT has will flags without a will.');
  const willQos = qosOf((connectFlags >> 3) & 3);
  checkCredentials(connectFlags, level);
  const isCleanStart = (connectFlags & FLAG.cleanStart) !== 0;
  const keepAliveSecs = reader.word();
  const properties = level === 5 ? decodeProperties(reader, 'connect') : undefined;
  const clientId = reader.text();
  if (level === 4 && clientId === '' && !isCleanStart)
    throw new MqttError('client-id-invalid', 'The client identifier is empty without a clean session.', {
      level,
    });
  const will = hasWill ? readWill(reader, level, willQos, connectFlags) : undefined;
  const username = (connectFlags & FLAG.username) !== 0 ? reader.text() : undefined;
  const password = (connectFlags & FLAG.password) !== 0 ? reader.binary() : undefined;
  reader.finish();
  return {
    type: 'connect',
    level,
    isCleanStart,
    keepAliveSecs,
    clientId,
    ...(will && { will }),
    ...(username !== undefined && { username }),
    ...(password && { password }),
    ...(properties && { properties }),
  };
}

function readLevel(reader: ByteReader): ProtocolLevel {
  const name = reader.text();
  const level = reader.byte();
  if (name === 'MQTT' && (level === 4 || level === 5)) return level;
  throw new MqttError(
    'protocol-unsupported',
    `A client asks for protocol ${JSON.stringify(name.slice(0, 16))} level ${level}; "MQTT" 4 or 5 is served.`,
    { level },
  );
}

function readWill(reader: ByteReader, level: ProtocolLevel, qos: Qos, flags: number): Will {
  const properties = level === 5 ? decodeProperties(reader, 'will') : undefined;
  const topic = checkTopicName(reader.text());
  const payload = reader.binary();
  const isRetain = (flags & FLAG.willRetain) !== 0;
  return { topic, payload, qos, isRetain, ...(properties && { properties }) };
}

function checkCredentials(flags: number, level: ProtocolLevel): void {
  if (level === 4 && (flags & FLAG.password) !== 0 && (flags & FLAG.username) === 0)
    throw malformed('CONNECT has a password without a user name.');
}
