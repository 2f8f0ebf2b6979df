import type { ByteReader } from '../byte-reader.ts';
import { checkFlags, firstByte } from './packet-type.ts';

/** PINGREQ: a client shows that it lives, and asks the same of the server. */
export interface Pingreq {
  readonly type: 'pingreq';
}

/*
 * PINGREQ = 0xC0 0x00
 */

/** Encodes PINGREQ, which is the same at both levels. */
export function encodePingreq(): Uint8Array {
  return Uint8Array.of(firstByte('pingreq'), 0);
}

/** Decodes PINGREQ; throws `malformed-packet` when it carries anything. */
export function decodePingreq(flags: number, reader: ByteReader): Pingreq {
  checkFlags(flags, 0, 'pingreq');
  reader.finish();
  return { type: 'pingreq' };
}
