import type { Clock } from '@skerry/kernel';
import { LIMITS as SERIES_LIMITS } from '@skerry/series';

/**
 * The time by which dead letters age: the log's own, but never ahead of the wall clock and never faster than 24 hours
 * in one hour of running, so that a clock that jumps gives nothing up at once.
 */
export class PolicyTime {
  readonly #clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  readonly #startMicros: number;
  readonly #startMs: number;

  /** `logTimeMicros`: the log's time at the start; 0 when nothing was logged. */
  constructor(clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>, logTimeMicros: number) {
    this.#clock = clock;
    this.#startMicros = logTimeMicros > 0 ? logTimeMicros : clock.nowMicros();
    this.#startMs = clock.monotonicMs();
  }

  /** The policy's time when the log's is `logTimeMicros`. */
  at(logTimeMicros: number): number {
    const runningMs = this.#clock.monotonicMs() - this.#startMs;
    const pacedMicros = this.#startMicros + runningMs * 1000 * SERIES_LIMITS.retentionPace.value;
    return Math.min(logTimeMicros, this.#clock.nowMicros(), pacedMicros);
  }
}
