import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Decompress } from '../decoders/decompress.ts';

/** `Decompress` of Node's own zlib and zstd. */
export const inflate: Decompress = (encoding, bytes, bytesMax) => {
  const options = { maxOutputLength: bytesMax };
  return encoding === 'gzip' ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options);
};
