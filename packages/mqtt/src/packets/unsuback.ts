import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** UNSUBACK: answers UNSUBSCRIBE. */
export interface Unsuback {
  readonly type: 'unsuback';
  readonly packetId: number;
  /** One per filter at level 5; empty at level 4, which has none. */
  readonly reasons: readonly number[];
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * UNSUBACK = 0xB0 Remaining-Length Packet-Identifier [Properties 1*Reason]
 * Properties and Reason at level 5; at level 4 the Remaining Length is 2 (3.11.1)
 *            one Reason per filter of UNSUBSCRIBE, in its order          [MQTT-3.11.3-1]
 *            Reason is one of table 3-9                                  [MQTT-3.11.3-2]
 */

/** Encodes UNSUBACK; level 4 carries the packet identifier only. Throws `protocol-error` for a wrong reason. */
export function encodeUnsuback(packet: Unsuback, level: ProtocolLevel): Uint8Array {
  const writer = new ByteWriter().packetId(packet.packetId);
  if (level === 5) {
    encodeProperties(writer, packet.properties, 'unsuback');
    checkCount(packet.reasons.length);
    for (const reason of packet.reasons) writer.byte(checkReason(reason, 'unsuback', level));
  }
  return writer.packet(firstByte('unsuback'));
}

/** Decodes UNSUBACK; throws `malformed-packet` or `protocol-error`. */
export function decodeUnsuback(flags: number, reader: ByteReader, level: ProtocolLevel): Unsuback {
  checkFlags(flags, 0, 'unsuback');
  const packetId = reader.packetId();
  const reasons: number[] = [];
  if (level === 4) {
    reader.finish();
    return { type: 'unsuback', packetId, reasons };
  }
  const properties = decodeProperties(reader, 'unsuback');
  while (reader.left > 0) reasons.push(checkReason(reader.byte(), 'unsuback', level));
  checkCount(reasons.length);
  return { type: 'unsuback', packetId, reasons, ...(properties && { properties }) };
}

function checkCount(count: number): void {
  if (count === 0) throw protocolError('UNSUBACK has no reason.');
}
