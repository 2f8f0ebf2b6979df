import type { ByteReader } from '../byte-reader.ts';
import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts';
import type { ProtocolLevel } from './packet-type.ts';

/** PUBCOMP: answers PUBREL, the end of a QoS 2 exchange. */
export type Pubcomp = Acknowledgement<'pubcomp'>;

/*
 * PUBCOMP = 0x70 Remaining-Length Packet-Identifier [Reason [Properties]]
 * Reason and Properties at level 5, where they may be left out as in PUBACK (3.7.2.1)
 * Reason is one of table 3-7                                             [MQTT-3.7.2-1]
 */

/** Encodes PUBCOMP; throws `protocol-error` for a reason that it may not carry. */
export function encodePubcomp(packet: Pubcomp, level: ProtocolLevel): Uint8Array {
  return encodeAcknowledgement(packet, level);
}

/** Decodes PUBCOMP; throws `malformed-packet` or `protocol-error`. */
export function decodePubcomp(flags: number, reader: ByteReader, level: ProtocolLevel): Pubcomp {
  return decodeAcknowledgement('pubcomp', flags, reader, level);
}
