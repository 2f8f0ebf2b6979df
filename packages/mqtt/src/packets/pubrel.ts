import type { ByteReader } from '../byte-reader.ts';
import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts';
import type { ProtocolLevel } from './packet-type.ts';

/** PUBREL: answers PUBREC. */
export type Pubrel = Acknowledgement<'pubrel'>;

/*
 * PUBREL = 0x62 Remaining-Length Packet-Identifier [Reason [Properties]]
 * the lower four bits are 0010                                           [MQTT-3.6.1-1]
 * Reason and Properties at level 5, where they may be left out as in PUBACK (3.6.2.1)
 * Reason is one of table 3-6                                             [MQTT-3.6.2-1]
 */

/** Encodes PUBREL; throws `protocol-error` for a reason that it may not carry. */
export function encodePubrel(packet: Pubrel, level: ProtocolLevel): Uint8Array {
  return encodeAcknowledgement(packet, level, 2);
}

/** Decodes PUBREL; throws `malformed-packet` or `protocol-error`. */
export function decodePubrel(flags: number, reader: ByteReader, level: ProtocolLevel): Pubrel {
  return decodeAcknowledgement('pubrel', flags, reader, level);
}
