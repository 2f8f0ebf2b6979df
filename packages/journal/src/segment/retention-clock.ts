import { type Clock, WallTrust } from '@skerry/kernel';

const MICROS_PER_MS = 1000;
/** The age of records grows by at most a day per hour of running, so that a wrong clock at the start removes little. */
const PACE = 24;

/**
 * The time by which records grow old: the log's own, but not faster than running time allows, and none while the wall
 * clock is not believed (`WallTrust`).
 */
export class RetentionClock {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #startLogMicros: number;
  readonly #trust: WallTrust;

  constructor(clock: Clock, logMicros: number) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#startLogMicros = logMicros;
    this.#trust = new WallTrust(clock, logMicros);
  }

  /** Now, microseconds since 1970; undefined while the wall clock is not believed. */
  now(logMicros: number): number | undefined {
    if (!this.#trust.look(logMicros).isTrusted) return undefined;
    const elapsedMs = this.#clock.monotonicMs() - this.#startMs;
    return Math.min(logMicros, this.#startLogMicros + elapsedMs * MICROS_PER_MS * PACE);
  }
}
