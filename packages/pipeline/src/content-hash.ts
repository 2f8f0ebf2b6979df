/** Low and high word of the hash computed last by `hashBytes`; read at once. */
export const HASH = new Uint32Array(2);

/** Computes the content hash of bytes [start, end) into `HASH`: docs/formats/dedupe.md. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): void {
  let a = 0x9e3779b9 ^ (end - start);
  let b = 0x85ebca6b | 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    const word =
      Number(bytes[at]) |
      (Number(bytes[at + 1]) << 8) |
      (Number(bytes[at + 2]) << 16) |
      (Number(bytes[at + 3]) << 24);
    a = stepA(a, word);
    b = stepB(b, word, a);
  }
  if (at < end) {
    let word = Number(bytes[at]);
    if (at + 1 < end) word |= Number(bytes[at + 1]) << 8;
    if (at + 2 < end) word |= Number(bytes[at + 2]) << 16;
    a = stepA(a, word);
    b = stepB(b, word, a);
  }
  a = mix(a ^ b);
  b = mix((b + a) | 0);
  HASH[0] = a;
  HASH[1] = b;
}

function stepA(a: number, word: number): number {
  const mixed = a ^ Math.imul(word, 0xcc9e2d51);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function stepB(b: number, word: number, a: number): number {
  const sum = (b + word) | 0;
  return Math.imul((sum << 15) | (sum >>> 17), 0x1b873593) ^ a;
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
