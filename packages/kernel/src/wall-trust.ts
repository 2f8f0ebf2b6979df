import type { Clock } from './clock.ts';
import { LIMITS } from './limits.ts';

/**
 * Whether the wall clock may be believed when something is removed for its age. It may while it moves as monotonic time
 * does, up to `clockDriftMsMax`. Monotonic time stands still while a machine sleeps, so a difference is no proof of a
 * jump: when both have moved alike for `clockAgreeMs` again, and the wall clock is at most `clockSleepMsMax` beyond the
 * newest log time that was seen while it was believed, that was sleep (or a wrong clock set right) and it is believed
 * again. A clock that jumped further, to 2038 for instance, never is, until it has come back.
 */
export class WallTrust {
  readonly #clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  #base: Moment;
  /** Where wall and monotonic time began to agree again; undefined while the wall clock is believed. */
  #candidate: Moment | undefined;
  #logMicros: number;

  /** `logMicros`: newest log time known at the start, microseconds since 1970; 0 for none. */
  constructor(clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>, logMicros: number) {
    this.#clock = clock;
    this.#base = momentOf(clock);
    this.#logMicros = logMicros;
  }

  /**
   * Whether the wall clock is believed now; `logMicros` is the newest log time. `isHealed`: it is believed again since
   * this call, though it never came back to where it was.
   */
  look(logMicros: number): {
    readonly isTrusted: boolean;
    readonly isHealed: boolean;
    readonly driftMs: number;
  } {
    const now = momentOf(this.#clock);
    const driftMs = driftOf(this.#base, now);
    if (isAgreeing(driftMs)) {
      this.#candidate = undefined;
      this.#logMicros = Math.max(this.#logMicros, logMicros);
      return { isTrusted: true, isHealed: false, driftMs };
    }
    if (!this.#candidate || !isAgreeing(driftOf(this.#candidate, now))) this.#candidate = now;
    const agreeMs = now.monotonicMs - this.#candidate.monotonicMs;
    // before the first record of all there is nothing to remove, and nothing to compare with
    const aheadMs = this.#logMicros === 0 ? 0 : now.wallMs - this.#logMicros / 1000;
    const isSleep =
      agreeMs >= LIMITS.clockAgreeMs.value &&
      aheadMs <= LIMITS.clockSleepMsMax.value &&
      logMicros / 1000 <= now.wallMs + LIMITS.clockDriftMsMax.value;
    if (!isSleep) return { isTrusted: false, isHealed: false, driftMs };
    this.#base = now;
    this.#candidate = undefined;
    return { isTrusted: true, isHealed: true, driftMs };
  }
}

interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

function momentOf(clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>): Moment {
  return { wallMs: clock.nowMicros() / 1000, monotonicMs: clock.monotonicMs() };
}

function driftOf(from: Moment, to: Moment): number {
  return to.wallMs - from.wallMs - (to.monotonicMs - from.monotonicMs);
}

function isAgreeing(driftMs: number): boolean {
  return Math.abs(driftMs) <= LIMITS.clockDriftMsMax.value;
}
