import { randomFillSync } from 'node:crypto';
import type { Random } from '../random.ts';

const POOL_WORDS = 256;

/** Randomness of the operating system, fit for identifiers and secrets. */
export function nodeRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let used = POOL_WORDS;
  const uint32 = (): number => {
    if (used === POOL_WORDS) {
      randomFillSync(pool);
      used = 0;
    }
    const word = Number(pool[used]);
    pool[used++] = 0;
    return word;
  };
  return {
    bytes: (length) => randomFillSync(new Uint8Array(length)),
    uint32,
    float: () => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 0x20000000000000,
  };
}
