import { DecodeFault } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';

/**
 * Decompresses a whole payload, and never makes more than `bytesMax` bytes of it: fails with an `Error` whose code is
 * `ERR_BUFFER_TOO_LARGE` where there would be more, and with any other where the bytes are no such compression.
 */
export type Decompress = (encoding: 'gzip' | 'zstd', bytes: Uint8Array, bytesMax: number) => Buffer;

/** The payload decompressed, or why it cannot be. */
export function decompressed(
  decompress: Decompress,
  encoding: 'gzip' | 'zstd',
  bytes: Uint8Array,
): Buffer | DecodeFault {
  const bytesMax = LIMITS.inflatedBytesMax.value;
  try {
    return decompress(encoding, bytes, bytesMax);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const isBomb = Reflect.get(cause, 'code') === 'ERR_BUFFER_TOO_LARGE';
    return new DecodeFault(
      'undecodable',
      isBomb
        ? `The ${encoding} of ${bytes.length} bytes holds more than ${bytesMax} bytes; at most these are decompressed.`
        : `The ${bytes.length} bytes cannot be decompressed as ${encoding}: ${cause.message}`,
    );
  }
}
