import type { ByteReader } from '../byte-reader.ts';
import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts';
import type { ProtocolLevel } from './packet-type.ts';

/** PUBACK: answers a PUBLISH of QoS 1. */
export type Puback = Acknowledgement<'puback'>;

/*
 * PUBACK = 0x40 Remaining-Length Packet-Identifier [Reason [Properties]]
 * Reason and Properties at level 5; a Remaining Length of 2 means success (3.4.2.1), one of 3 no properties (3.4.2.2.1)
 * Reason is one of table 3-4                                             [MQTT-3.4.2-1]
 */

/** Encodes PUBACK; throws `protocol-error` for a reason that it may not carry. */
export function encodePuback(packet: Puback, level: ProtocolLevel): Uint8Array {
  return encodeAcknowledgement(packet, level);
}

/** Decodes PUBACK; throws `malformed-packet` or `protocol-error`. */
export function decodePuback(flags: number, reader: ByteReader, level: ProtocolLevel): Puback {
  return decodeAcknowledgement('puback', flags, reader, level);
}
