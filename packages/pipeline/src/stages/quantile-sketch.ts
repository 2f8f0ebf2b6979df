import { LIMITS } from '../limits.ts';

/** Relative error of a quantile, while the buckets suffice. */
export const SKETCH_ERROR = 0.01;
const GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Magnitudes below this count as 0. */
const TINY = 1e-300;

/**
 * Quantiles of numbers within one percent of the value, in bounded memory (DDSketch: Masson, Rim and Lee, 2019): a count
 * for each power of 1.0202 of the magnitude, negative and positive apart. Beyond `sketchBucketsMax` buckets those of the
 * smallest magnitudes are joined into one.
 */
export class QuantileSketch {
  /** Counts by signed bucket: 0 for 0, else sign x (bucket + OFFSET). */
  readonly #counts: Map<number, number>;
  #total = 0;

  constructor(entries: readonly (readonly [number, number])[] = []) {
    this.#counts = new Map(entries);
    for (const [, count] of entries) this.#total += count;
  }

  /** Adds a number. The function takes it out again, as long as nothing was added since. */
  add(value: number): () => void {
    const counts = this.#counts;
    const key = keyOf(value);
    const before = counts.get(key);
    if (before === undefined && counts.size >= LIMITS.sketchBucketsMax.value) {
      const kept = [...counts];
      counts.set(key, 1);
      this.#total++;
      this.#join();
      return () => {
        counts.clear();
        for (const [one, count] of kept) counts.set(one, count);
        this.#total--;
      };
    }
    counts.set(key, (before ?? 0) + 1);
    this.#total++;
    return () => {
      if (before === undefined) counts.delete(key);
      else counts.set(key, before);
      this.#total--;
    };
  }

  /** The smallest value that at least `share` (0 to 1) of the numbers do not exceed, within the error. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const key of [...this.#counts.keys()].sort((a, b) => a - b)) {
      seen += this.#counts.get(key) ?? 0;
      if (seen >= rank) return numberOf(key);
    }
    return 0;
  }

  /** Its state, in the order in which buckets were made. */
  entries(): [number, number][] {
    return [...this.#counts];
  }

  #join(): void {
    const [smallest, next] = [...this.#counts.keys()].sort((a, b) => Math.abs(a) - Math.abs(b));
    if (smallest === undefined || next === undefined) return;
    this.#counts.set(next, (this.#counts.get(next) ?? 0) + (this.#counts.get(smallest) ?? 0));
    this.#counts.delete(smallest);
  }
}

/** More than the greatest bucket of a double's logarithm, so that signed keys order as their values do. */
const OFFSET = 40_000;

function keyOf(value: number): number {
  const size = Math.abs(value);
  if (size < TINY) return 0;
  const bucket = Math.ceil(Math.log(size) / LOG_GAMMA) + OFFSET;
  return value < 0 ? -bucket : bucket;
}

function numberOf(key: number): number {
  if (key === 0) return 0;
  const size = (2 * GAMMA ** (Math.abs(key) - OFFSET)) / (GAMMA + 1);
  return key < 0 ? -size : size;
}
