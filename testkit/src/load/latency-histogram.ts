const GROWTH = Math.log(1.02);
const BUCKETS = 1_200;

/** Latencies in buckets that grow by 2 %, from 1 µs to hours. */
export class LatencyHistogram {
  #counts = new Float64Array(BUCKETS);
  #total = 0;
  #maxMs = 0;

  /** Adds `count` latencies of the same length. */
  add(ms: number, count = 1): void {
    const bucket = Math.max(0, Math.min(BUCKETS - 1, Math.ceil(Math.log(ms * 1_000) / GROWTH)));
    this.#counts[bucket] = Number(this.#counts[bucket]) + count;
    this.#total += count;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** Forgets everything. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#maxMs = 0;
  }

  /** The latency below which a share of them lies, in ms; 0 without any. */
  percentile(share: number): number {
    const wanted = share * this.#total;
    let seen = 0;
    for (let i = 0; i < BUCKETS && this.#total > 0; i++) {
      seen += Number(this.#counts[i]);
      if (seen >= wanted) return Math.min(this.#maxMs, Math.exp(i * GROWTH) / 1_000);
    }
    return this.#maxMs;
  }

  /** The longest, in ms. */
  get maxMs(): number {
    return this.#maxMs;
  }
}
