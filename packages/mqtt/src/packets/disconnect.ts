import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason, REASON } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** DISCONNECT: the last packet of a client, or, at level 5, of either side. */
export interface Disconnect {
  readonly type: 'disconnect';
  /** Level 5 (`REASON`); always 0 at level 4, where it is not sent. */
  readonly reason: number;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * DISCONNECT = 0xE0 Remaining-Length [Reason [Properties]]
 *              the lower four bits are 0                                 [MQTT-3.14.1-1]
 * Reason and Properties at level 5; nothing means 0x00 (3.14.2.1), a Remaining Length of 1 no properties (3.14.2.2.1)
 *              Reason is one of table 3-10                               [MQTT-3.14.2-1]
 */

/** Encodes DISCONNECT; level 4 carries nothing. Throws `protocol-error` for a reason that it may not carry. */
export function encodeDisconnect(packet: Disconnect, level: ProtocolLevel): Uint8Array {
  const writer = new ByteWriter();
  if (level === 5 && (packet.reason !== REASON.success || packet.properties)) {
    writer.byte(checkReason(packet.reason, 'disconnect', level));
    if (packet.properties) encodeProperties(writer, packet.properties, 'disconnect');
  }
  return writer.packet(firstByte('disconnect'));
}

/** Decodes DISCONNECT; throws `malformed-packet` or `protocol-error`. */
export function decodeDisconnect(flags: number, reader: ByteReader, level: ProtocolLevel): Disconnect {
  checkFlags(flags, 0, 'disconnect');
  let reason: number = REASON.success;
  let properties: Properties | undefined;
  if (level === 5 && reader.left > 0) {
    reason = checkReason(reader.byte(), 'disconnect', level);
    if (reader.left > 0) properties = decodeProperties(reader, 'disconnect');
  }
  reader.finish();
  return { type: 'disconnect', reason, ...(properties && { properties }) };
}
