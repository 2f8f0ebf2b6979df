import type { ByteReader } from '../byte-reader.ts';
import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts';
import type { ProtocolLevel } from './packet-type.ts';

/** PUBREC: the first answer to a PUBLISH of QoS 2. */
export type Pubrec = Acknowledgement<'pubrec'>;

/*
 * PUBREC = 0x50 Remaining-Length Packet-Identifier [Reason [Properties]]
 * Reason and Properties at level 5, where they may be left out as in PUBACK (3.5.2.1)
 * Reason is one of table 3-5                                             [MQTT-3.5.2-1]
 */

/** Encodes PUBREC; throws `protocol-error` for a reason that it may not carry. */
export function encodePubrec(packet: Pubrec, level: ProtocolLevel): Uint8Array {
  return encodeAcknowledgement(packet, level);
}

/** Decodes PUBREC; throws `malformed-packet` or `protocol-error`. */
export function decodePubrec(flags: number, reader: ByteReader, level: ProtocolLevel): Pubrec {
  return decodeAcknowledgement('pubrec', flags, reader, level);
}
