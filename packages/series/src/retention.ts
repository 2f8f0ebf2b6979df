import { type Clock, type Gauge, type Logger, WallTrust } from '@skerry/kernel';
import { LIMITS } from './limits.ts';

const HOUR_MS = 3_600_000;

/**
 * The clock by which files are removed. It follows the log time, at most 24 h per hour of running, and stands still
 * while the wall clock is not believed (`WallTrust`): a clock that jumps removes nothing.
 */
export class RetentionClock {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refused: Gauge;
  readonly #trust: WallTrust;
  #lastMs: number;
  #trustedMs: number;
  #micros: number;

  /** `micros`: where it stood, 0 for never; `logMicros`: the log time then. */
  constructor(
    at: { readonly micros: number; readonly logMicros: number },
    needs: { readonly clock: Clock; readonly logger: Logger; readonly refused: Gauge },
  ) {
    this.#clock = needs.clock;
    this.#logger = needs.logger;
    this.#refused = needs.refused;
    this.#micros = at.micros;
    this.#trust = new WallTrust(needs.clock, at.logMicros);
    this.#lastMs = needs.clock.monotonicMs();
    this.#trustedMs = this.#lastMs;
  }

  /** Where it stands, microseconds since 1970; 0 before the first seal. */
  get micros(): number {
    return this.#micros;
  }

  /**
   * The clock for what is kept for `days`: the log time itself once the process has run that long with a clock it can
   * trust, for then all that was there at its start is older in truth.
   */
  microsFor(days: number, logMicros: number): number {
    const isLong = this.#lastMs - this.#trustedMs >= days * 24 * HOUR_MS;
    return isLong ? Math.max(this.#micros, logMicros) : this.#micros;
  }

  /** Moves it towards the log time. Returns false when the clock of the machine cannot be trusted. */
  advance(logMicros: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { isTrusted, isHealed, driftMs } = this.#trust.look(logMicros);
    const driftSecs = Math.round(driftMs / 1000);
    if (!isTrusted) {
      if (this.#refused.value === 0) {
        this.#logger.log('warn', 'retention refused: the wall clock has jumped', { driftSecs });
      }
      this.#refused.set(1);
      this.#lastMs = nowMs;
      this.#trustedMs = nowMs;
      return false;
    }
    if (isHealed) this.#logger.log('info', 'retention goes on: the machine had slept', { driftSecs });
    this.#refused.set(0);
    const paceMicros = (nowMs - this.#lastMs) * 1000 * LIMITS.retentionPace.value;
    this.#lastMs = nowMs;
    if (this.#micros === 0) this.#micros = logMicros;
    else this.#micros = Math.max(this.#micros, Math.min(logMicros, this.#micros + paceMicros));
    return true;
  }
}

/** True when what was received until `endMicros` is older than `days`. */
export function isExpired(endMicros: number, days: number, retentionMicros: number): boolean {
  return retentionMicros > 0 && endMicros + days * 24 * HOUR_MS * 1000 <= retentionMicros;
}

/** End of a day `yyyy-mm-dd` or a month `yyyy-mm`, microseconds since 1970. */
export function endOf(name: string): number {
  const [year, month, day] = name.split('-').map(Number);
  const end =
    day === undefined
      ? Date.UTC(Number(year), Number(month), 1)
      : Date.UTC(Number(year), Number(month) - 1, day + 1);
  return end * 1000;
}
