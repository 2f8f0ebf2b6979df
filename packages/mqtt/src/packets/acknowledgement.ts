import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkReason, REASON } from '../reason-codes.ts';
import { checkFlags, firstByte, type ProtocolLevel } from './packet-type.ts';

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one form. */
export type AcknowledgementName = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

/** What the four packets carry. */
export interface Acknowledgement<Name extends AcknowledgementName> {
  readonly type: Name;
  readonly packetId: number;
  /** Level 5 (`REASON`); always 0 at level 4, where it is not sent. */
  readonly reason: number;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/** Encodes one of the four; level 4 carries the packet identifier only. Throws `protocol-error` for a wrong reason. */
export function encodeAcknowledgement(
  packet: Acknowledgement<AcknowledgementName>,
  level: ProtocolLevel,
  flags = 0,
): Uint8Array {
  const writer = new ByteWriter().packetId(packet.packetId);
  if (level === 5 && (packet.reason !== REASON.success || packet.properties)) {
    writer.byte(checkReason(packet.reason, packet.type, level));
    if (packet.properties) encodeProperties(writer, packet.properties, packet.type);
  }
  return writer.packet(firstByte(packet.type, flags));
}

/** Decodes one of the four; throws `malformed-packet` or `protocol-error`. */
export function decodeAcknowledgement<Name extends AcknowledgementName>(
  type: Name,
  flags: number,
  reader: ByteReader,
  level: ProtocolLevel,
): Acknowledgement<Name> {
  checkFlags(flags, type === 'pubrel' ? 2 : 0, type);
  const packetId = reader.packetId();
  let reason: number = REASON.success;
  let properties: Properties | undefined;
  if (level === 5 && reader.left > 0) {
    reason = checkReason(reader.byte(), type, level);
    if (reader.left > 0) properties = decodeProperties(reader, type);
  }
  reader.finish();
  return { type, packetId, reason, ...(properties && { properties }) };
}
