import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** SUBACK: answers SUBSCRIBE, one reason per filter. */
export interface Suback {
  readonly type: 'suback';
  readonly packetId: number;
  /** The granted QoS, or a reason of 0x80 or more; level 4 knows 0x80 only. */
  readonly reasons: readonly number[];
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * SUBACK = 0x90 Remaining-Length Packet-Identifier [Properties] 1*Reason
 *          one Reason per filter of SUBSCRIBE, in its order              [MQTT-3.8.4-6, MQTT-3.9.3-1]
 *          Reason is one of table 3-8                                    [MQTT-3.9.3-2]
 * Properties at level 5
 */

/** Encodes SUBACK; throws `protocol-error` for a reason that the level does not know. */
export function encodeSuback(packet: Suback, level: ProtocolLevel): Uint8Array {
  const writer = new ByteWriter().packetId(packet.packetId);
  if (level === 5) encodeProperties(writer, packet.properties, 'suback');
  checkCount(packet.reasons.length);
  for (const reason of packet.reasons) writer.byte(checkReason(reason, 'suback', level));
  return writer.packet(firstByte('suback'));
}

/** Decodes SUBACK; throws `malformed-packet` or `protocol-error`. */
export function decodeSuback(flags: number, reader: ByteReader, level: ProtocolLevel): Suback {
  checkFlags(flags, 0, 'suback');
  const packetId = reader.packetId();
  const properties = level === 5 ? decodeProperties(reader, 'suback') : undefined;
  const reasons: number[] = [];
  while (reader.left > 0) reasons.push(checkReason(reader.byte(), 'suback', level));
  checkCount(reasons.length);
  return { type: 'suback', packetId, reasons, ...(properties && { properties }) };
}

function checkCount(count: number): void {
  if (count === 0) throw protocolError('SUBACK has no reason.');
}
