import type { Clock, Random } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';

const FIRST_MS = 100;

/** Pauses between tries: from 100 ms, doubling up to the limit, each with jitter. */
export class Retry {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #random: Pick<Random, 'float'>;
  #delayMs = FIRST_MS;

  constructor(needs: { readonly clock: Pick<Clock, 'sleep'>; readonly random: Pick<Random, 'float'> }) {
    this.#clock = needs.clock;
    this.#random = needs.random;
  }

  /** Resolves after the next pause, or when `signal` is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const delayMs = this.#delayMs * (0.5 + this.#random.float() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, LIMITS.kafkaRetryMsMax.value);
    await this.#clock.sleep(delayMs, signal);
  }

  /** Begins with the short pause again. */
  reset(): void {
    this.#delayMs = FIRST_MS;
  }
}
