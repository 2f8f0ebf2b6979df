import type { Random } from '@skerry/kernel';

/** How delays grow. */
export interface BackoffTerms {
  /** Greatest delay before the first attempt. */
  readonly msMin: number;
  /** Greatest delay of all. */
  readonly msMax: number;
  /** Share of each delay that is certain, 0 to 1; the rest is chance. 0 is full jitter. */
  readonly steadyShare: number;
}

/** Delays between attempts: the greatest one doubles up to a bound, and part of each is chance, so that many do not come at once. */
export class Backoff {
  readonly #terms: BackoffTerms;
  readonly #random: Pick<Random, 'float'>;
  #attempts = 0;

  constructor(terms: BackoffTerms, random: Pick<Random, 'float'>) {
    this.#terms = terms;
    this.#random = random;
  }

  /** Attempts since the last `reset`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The next delay in milliseconds. */
  nextMs(): number {
    const { msMin, msMax, steadyShare } = this.#terms;
    const greatestMs = Math.min(msMax, msMin * 2 ** Math.min(this.#attempts++, 32));
    return greatestMs * (steadyShare + this.#random.float() * (1 - steadyShare));
  }

  /** It worked: delays begin anew. */
  reset(): void {
    this.#attempts = 0;
  }
}
