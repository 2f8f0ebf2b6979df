import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';

const MICROS_PER_MS = 1000;
/** The age of records grows by at most a day per hour of running, so that a wrong clock at the start removes little. */
const PACE = 24;

/** The time by which records grow old: the log's own, but not faster than running time allows, and not after a jump. */
export class RetentionClock {
  readonly #clock: Clock;
  readonly #startMicros: number;
  readonly #startMs: number;
  readonly #startLogMicros: number;
  #hasJumped = false;

  constructor(clock: Clock, logMicros: number) {
    this.#clock = clock;
    this.#startMicros = clock.nowMicros();
    this.#startMs = clock.monotonicMs();
    this.#startLogMicros = logMicros;
  }

  /** Now, microseconds since 1970; undefined once wall clock and monotonic time have parted by more than an hour. */
  now(logMicros: number): number | undefined {
    const elapsedMs = this.#clock.monotonicMs() - this.#startMs;
    const driftMicros = this.#clock.nowMicros() - this.#startMicros - elapsedMs * MICROS_PER_MS;
    if (Math.abs(driftMicros) > LIMITS.clockJumpMs.value * MICROS_PER_MS) this.#hasJumped = true;
    if (this.#hasJumped) return undefined;
    return Math.min(logMicros, this.#startLogMicros + elapsedMs * MICROS_PER_MS * PACE);
  }
}
