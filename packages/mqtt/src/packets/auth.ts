import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { malformed, protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason, REASON } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** AUTH: a step of extended authentication, level 5 only. */
export interface Auth {
  readonly type: 'auth';
  readonly reason: number;
  /** Absent only with reason 0; otherwise names the method. */
  readonly properties?: Properties;
}

/*
 * AUTH = 0xF0 Remaining-Length [Reason Properties]
 *        the lower four bits are 0                                       [MQTT-3.15.1-1]
 *        Reason is one of table 3-11                                     [MQTT-3.15.2-1]
 *        nothing means 0x00 without properties (3.15.2.1); otherwise an authentication method is there (3.15.2.2.2)
 */

/** Encodes AUTH; throws `protocol-error` without a method beside a reason, and at level 4, which has no AUTH. */
export function encodeAuth(packet: Auth, level: ProtocolLevel): Uint8Array {
  if (level === 4) throw protocolError('MQTT 3.1.1 has no AUTH.');
  const writer = new ByteWriter();
  if (packet.reason !== REASON.success || packet.properties) {
    checkMethod(packet.properties);
    writer.byte(checkReason(packet.reason, 'auth', level));
    encodeProperties(writer, packet.properties, 'auth');
  }
  return writer.packet(firstByte('auth'));
}

/** Decodes AUTH; throws `malformed-packet` or `protocol-error`. */
export function decodeAuth(flags: number, reader: ByteReader, level: ProtocolLevel): Auth {
  if (level === 4) throw malformed('MQTT 3.1.1 has no packet of type 15.');
  checkFlags(flags, 0, 'auth');
  if (reader.left === 0) return { type: 'auth', reason: REASON.success };
  const reason = checkReason(reader.byte(), 'auth', level);
  const properties = checkMethod(decodeProperties(reader, 'auth'));
  reader.finish();
  return { type: 'auth', reason, properties };
}

function checkMethod(properties: Properties | undefined): Properties {
  if (properties?.authMethod === undefined) throw protocolError('AUTH names no authentication method.');
  return properties;
}
