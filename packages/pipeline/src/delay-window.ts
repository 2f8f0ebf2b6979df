const SECONDS = 60;
/** Eight steps per doubling, from 1/16 ms to about an hour. */
const STEPS = 208;

/** Delays of the last minute, in logarithmic steps of 9 %. */
export class DelayWindow {
  readonly #counts = Array.from({ length: SECONDS }, () => new Uint32Array(STEPS));
  readonly #seconds = new Float64Array(SECONDS).fill(-1);

  /** Counts `count` records with this delay. */
  note(delayMs: number, count: number, monotonicMs: number): void {
    const second = Math.floor(monotonicMs / 1000);
    const slot = second % SECONDS;
    const counts = this.#counts[slot];
    if (!counts) return;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      counts.fill(0);
    }
    const step = Math.round((Math.log2(Math.max(delayMs, 1 / 16)) + 4) * 8);
    const at = Math.min(STEPS - 1, Math.max(0, step));
    counts[at] = Number(counts[at]) + count;
  }

  /** Median and 99th percentile in ms; undefined when nothing was noted in the last minute. */
  figures(monotonicMs: number): { readonly p50Ms: number; readonly p99Ms: number } | undefined {
    const now = Math.floor(monotonicMs / 1000);
    const sums = new Float64Array(STEPS);
    let total = 0;
    for (let slot = 0; slot < SECONDS; slot++) {
      if (now - Number(this.#seconds[slot]) >= SECONDS) continue;
      this.#counts[slot]?.forEach((count, step) => {
        sums[step] = Number(sums[step]) + count;
        total += count;
      });
    }
    if (total === 0) return undefined;
    return { p50Ms: quantile(sums, total * 0.5), p99Ms: quantile(sums, total * 0.99) };
  }
}

function quantile(sums: Float64Array, rank: number): number {
  let running = 0;
  for (let step = 0; step < sums.length; step++) {
    running += Number(sums[step]);
    if (running >= rank) return 2 ** (step / 8 - 4);
  }
  return 2 ** (STEPS / 8 - 4);
}
