import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { malformed, protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** CONNACK: the server's answer to CONNECT. */
export interface Connack {
  readonly type: 'connack';
  readonly isSessionPresent: boolean;
  /** A reason code at level 5 (`REASON`), a return code at level 4 (`RETURN_CODE`). */
  readonly reason: number;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * CONNACK   = 0x20 Remaining-Length Ack-Flags Reason [Properties]        Properties at level 5
 * Ack-Flags = 0(7) session-present                                       [MQTT-3.2.2-1]
 *             session-present is 0 unless Reason is 0                    [MQTT-3.2.2-6], 3.1.1: [MQTT-3.2.2-4]
 */

/** Encodes CONNACK; throws `protocol-error` for a reason that the level does not know. */
export function encodeConnack(packet: Connack, level: ProtocolLevel): Uint8Array {
  checkSession(packet.isSessionPresent, packet.reason);
  const writer = new ByteWriter()
    .byte(packet.isSessionPresent ? 1 : 0)
    .byte(checkReason(packet.reason, 'connack', level));
  if (level === 5) encodeProperties(writer, packet.properties, 'connack');
  return writer.packet(firstByte('connack'));
}

/** Decodes CONNACK; throws `malformed-packet` or `protocol-error`. */
export function decodeConnack(flags: number, reader: ByteReader, level: ProtocolLevel): Connack {
  checkFlags(flags, 0, 'connack');
  const ackFlags = reader.byte();
  if (ackFlags > 1) throw malformed(`CONNACK has the acknowledge flags ${ackFlags}; 0 or 1 is wanted.`);
  const reason = checkReason(reader.byte(), 'connack', level);
  checkSession(ackFlags === 1, reason);
  const properties = level === 5 ? decodeProperties(reader, 'connack') : undefined;
  reader.finish();
  return { type: 'connack', isSessionPresent: ackFlags === 1, reason, ...(properties && { properties }) };
}

function checkSession(isSessionPresent: boolean, reason: number): void {
  if (isSessionPresent && reason !== 0)
    throw protocolError('CONNACK refuses and says that a session is present.', { reason });
}
