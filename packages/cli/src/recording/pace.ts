import type { Clock } from '@skerry/kernel';

/** Keeps the pace of a recording: a row is due when as much time has passed as in the recording, divided by the speed. */
export class Pace {
  readonly #speed: number;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  #startedMs = 0;
  #firstMicros: number | undefined;

  /** `speed` is a factor above 0; infinite for no pace at all. */
  constructor(speed: number, clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#speed = speed;
    this.#clock = clock;
  }

  /** Resolves when the row of this time is due, or when aborted; at once for the first row and for times that go back. */
  async wait(timeMicros: number, signal: AbortSignal): Promise<void> {
    if (this.#speed === Number.POSITIVE_INFINITY) return;
    if (this.#firstMicros === undefined) {
      this.#firstMicros = timeMicros;
      this.#startedMs = this.#clock.monotonicMs();
    }
    const dueMs = this.#startedMs + (timeMicros - this.#firstMicros) / 1_000 / this.#speed;
    const leftMs = dueMs - this.#clock.monotonicMs();
    if (leftMs >= 1) await this.#clock.sleep(leftMs, signal);
  }
}
