const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The hash by which Kafka's Java client picks a partition (murmur2, 32 bits), of `bytes` from `start` to `end`. A signed integer. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  let h = SEED ^ length;
  let at = start;
  for (const words = start + (length & ~3); at < words; at += 4) {
    let k =
      Number(bytes[at]) |
      (Number(bytes[at + 1]) << 8) |
      (Number(bytes[at + 2]) << 16) |
      (Number(bytes[at + 3]) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const left = end - at;
  if (left > 2) h ^= Number(bytes[at + 2]) << 16;
  if (left > 1) h ^= Number(bytes[at + 1]) << 8;
  if (left > 0) h = Math.imul(h ^ Number(bytes[at]), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition that Kafka's Java client gives a key: murmur2 without its sign, modulo `partitions`. */
export function partitionOf(key: Uint8Array, partitions: number, start = 0, end = key.length): number {
  return (murmur2(key, start, end) & 0x7fffffff) % partitions;
}
