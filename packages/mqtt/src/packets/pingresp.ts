import type { ByteReader } from '../byte-reader.ts';
import { checkFlags, firstByte } from './packet-type.ts';

/** PINGRESP: the server's answer to PINGREQ. */
export interface Pingresp {
  readonly type: 'pingresp';
}

/*
 * PINGRESP = 0xD0 0x00
 */

/** Encodes PINGRESP, which is the same at both levels. */
export function encodePingresp(): Uint8Array {
  return Uint8Array.of(firstByte('pingresp'), 0);
}

/** Decodes PINGRESP; throws `malformed-packet` when it carries anything. */
export function decodePingresp(flags: number, reader: ByteReader): Pingresp {
  checkFlags(flags, 0, 'pingresp');
  reader.finish();
  return { type: 'pingresp' };
}
