import type { Clock, Random } from '@skerry/kernel';
import { Backoff } from '../backoff.ts';
import { LIMITS } from '../limits.ts';

const BACKOFF = {
  msMin: LIMITS.subscriberBackoffMsMin.value,
  msMax: LIMITS.subscriberBackoffMsMax.value,
  steadyShare: 0,
};
const CUT_SHORT_IN_A_ROW = 3; // two are an accident; a broker of 3.1.1 has no word for it

/** How long the connections of a subscriber last, which decides about the delays between them. */
export class ConnectionLives {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #backoff: Backoff;
  /** When this connection was accepted; undefined before. */
  #acceptedMs: number | undefined;
  #cutShort = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, random: Pick<Random, 'float'>) {
    this.#clock = clock;
    this.#backoff = new Backoff(BACKOFF, random);
  }

  /** Another attempt to connect begins. */
  begin(): void {
    this.#acceptedMs = undefined;
  }

  /** The broker has accepted it. */
  accepted(): void {
    this.#acceptedMs = this.#clock.monotonicMs();
  }

  /** It is over; gives the delay before the next attempt, ms. One that lasted lets the delays begin anew. */
  ended(): number {
    if (this.#acceptedMs !== undefined) {
      const hasLasted = this.#clock.monotonicMs() - this.#acceptedMs >= LIMITS.subscriberLastedMs.value;
      this.#cutShort = hasLasted ? 0 : this.#cutShort + 1;
      if (hasLasted) this.#backoff.reset();
    }
    return this.#backoff.nextMs();
  }

  /** Connections in a row that were accepted and did not last, once they are so many that another client may be the reason; else 0. */
  get cutShort(): number {
    return this.#cutShort >= CUT_SHORT_IN_A_ROW ? this.#cutShort : 0;
  }
}
