import type { Clock } from '@skerry/kernel';
import { SeriesError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Lets everything else that waits on this thread have its turn, then resolves. */
export type Breathe = () => Promise<void>;

/** Cuts long work into slices: ask `isDue` in the loop, and `take` when it is. */
export class Turn {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #breathe: Breathe;
  readonly #deadlineMs: number;
  readonly #startedMs: number;
  #sliceMs: number;

  /** `deadlineMs`: how long all of it may take; Infinity for work that has to be done. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, breathe: Breathe, deadlineMs: number) {
    this.#clock = clock;
    this.#breathe = breathe;
    this.#deadlineMs = deadlineMs;
    this.#startedMs = clock.monotonicMs();
    this.#sliceMs = this.#startedMs;
  }

  /** True when the slice is used up. Fails with `deadline-passed`. */
  isDue(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#startedMs > this.#deadlineMs) {
      throw new SeriesError(
        'deadline-passed',
        `The query was given ${this.#deadlineMs} ms and needs longer: ask for a shorter range or a larger step.`,
        { deadlineMs: this.#deadlineMs },
      );
    }
    return now - this.#sliceMs >= LIMITS.sliceMs.value;
  }

  /** Lets the others have their turn and begins a new slice. */
  async take(): Promise<void> {
    await this.#breathe();
    this.#sliceMs = this.#clock.monotonicMs();
  }
}
