import { lengthBytes, writeLength } from './byte-writer.ts';
import { firstByte, type Qos } from './packets/packet-type.ts';
import { publishFlags } from './packets/publish.ts';

/** Bytes of an acknowledgement without a reason. */
export const PUBACK_BYTES = 4;

/** Bytes of an acknowledgement with a reason (level 5). */
export const REASONED_PUBACK_BYTES = 5;

const PUBACK = firstByte('puback');

/** Writes a PUBACK that means success, as both levels know it, in 4 bytes; gives the place behind it. */
export function writePuback(into: Uint8Array, at: number, packetId: number): number {
  into[at] = PUBACK;
  into[at + 1] = 2;
  into[at + 2] = packetId >> 8;
  into[at + 3] = packetId & 255;
  return at + PUBACK_BYTES;
}

/** Writes a PUBACK of level 5 with a reason in 5 bytes; gives the place behind it. */
export function writeReasonedPuback(into: Uint8Array, at: number, packetId: number, reason: number): number {
  into[at] = PUBACK;
  into[at + 1] = 3;
  into[at + 2] = packetId >> 8;
  into[at + 3] = packetId & 255;
  into[at + 4] = reason;
  return at + REASONED_PUBACK_BYTES;
}

/** One buffer with the PUBACKs (success) of `count` packet identifiers from `from` on. The caller owns it. */
export function encodePubacks(
  packetIds: ArrayLike<number>,
  from = 0,
  count = packetIds.length - from,
): Uint8Array {
  const bytes = new Uint8Array(count * PUBACK_BYTES);
  let at = 0;
  for (let i = from; i < from + count; i++) at = writePuback(bytes, at, Number(packetIds[i]));
  return bytes;
}

/** A publication in the bytes of the wire, made once and written to many. */
export interface PublishForm {
  /** UTF-8, checked by whoever made it. */
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  /** Level 5: properties with their length in front (`propertyBytes`, `EMPTY_PROPERTIES`); empty at level 4. */
  readonly properties: Uint8Array;
}

/** Properties of a packet of level 5 that has none. */
export const EMPTY_PROPERTIES: Uint8Array = Uint8Array.of(0);

/** Properties of a packet of level 4. */
export const ABSENT_PROPERTIES: Uint8Array = new Uint8Array(0);

/** Bytes of the whole PUBLISH; throws `packet-too-large` when its length cannot be written. */
export function publishBytes(form: PublishForm, qos: Qos): number {
  const body = bodyBytes(form, qos);
  return 1 + lengthBytes(body) + body;
}

/** Writes a PUBLISH where `publishBytes` have room; gives the place behind it. `packetId` counts above QoS 0 only. */
export function writePublish(
  into: Uint8Array,
  at: number,
  form: PublishForm,
  { qos, isDup, isRetain }: { readonly qos: Qos; readonly isDup: boolean; readonly isRetain: boolean },
  packetId: number,
): number {
  const { topic, properties, payload } = form;
  into[at] = firstByte('publish', publishFlags(qos, isDup, isRetain));
  let to = writeLength(into, at + 1, bodyBytes(form, qos));
  into[to++] = topic.byteLength >> 8;
  into[to++] = topic.byteLength & 255;
  into.set(topic, to);
  to += topic.byteLength;
  if (qos > 0) {
    into[to++] = packetId >> 8;
    into[to++] = packetId & 255;
  }
  into.set(properties, to);
  to += properties.byteLength;
  into.set(payload, to);
  return to + payload.byteLength;
}

function bodyBytes({ topic, properties, payload }: PublishForm, qos: Qos): number {
  return 2 + topic.byteLength + (qos > 0 ? 2 : 0) + properties.byteLength + payload.byteLength;
}
