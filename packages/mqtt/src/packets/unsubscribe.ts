import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** UNSUBSCRIBE: a client gives topic filters up. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly packetId: number;
  readonly filters: readonly string[];
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * UNSUBSCRIBE = 0xA2 Remaining-Length Packet-Identifier [Properties] 1*Topic-Filter
 *               the lower four bits are 0010                             [MQTT-3.10.1-1]
 *               at least one filter                                      [MQTT-3.10.3-2]
 * Properties at level 5
 */

/** Encodes UNSUBSCRIBE; throws `protocol-error` or `mqtt-string-invalid`. */
export function encodeUnsubscribe(packet: Unsubscribe, level: ProtocolLevel): Uint8Array {
  checkCount(packet.filters.length);
  const writer = new ByteWriter().packetId(packet.packetId);
  if (level === 5) encodeProperties(writer, packet.properties, 'unsubscribe');
  for (const filter of packet.filters) writer.text(filter);
  return writer.packet(firstByte('unsubscribe', 2));
}

/** Decodes UNSUBSCRIBE; throws `malformed-packet` or `protocol-error`. */
export function decodeUnsubscribe(flags: number, reader: ByteReader, level: ProtocolLevel): Unsubscribe {
  checkFlags(flags, 2, 'unsubscribe');
  const packetId = reader.packetId();
  const properties = level === 5 ? decodeProperties(reader, 'unsubscribe') : undefined;
  const filters: string[] = [];
  while (reader.left > 0) filters.push(reader.text());
  checkCount(filters.length);
  return { type: 'unsubscribe', packetId, filters, ...(properties && { properties }) };
}

function checkCount(count: number): void {
  if (count === 0) throw protocolError('UNSUBSCRIBE has no topic filter.');
}
