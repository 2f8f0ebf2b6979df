import type { ReadinessReason } from '@skerry/api';
import type { Clock } from '@skerry/kernel';
import type { JournalSizes } from './live-platform.ts';
import type { Thread } from './thread-host.ts';

const BEAT_MS = 1_000;

/** Asks the journal's thread once a second what is wrong with a journal on Kafka. */
export class JournalWatch implements Disposable {
  readonly #log: Pick<Thread, 'report'>;
  readonly #beat: Disposable;
  #isAsked = false;
  #reasons: readonly ReadinessReason[] = [];

  constructor(log: Pick<Thread, 'report'>, clock: Pick<Clock, 'startTicker'>) {
    this.#log = log;
    this.#beat = clock.startTicker(BEAT_MS, () => void this.#look());
  }

  /** Why appends wait, and when retention takes what is not stored; none while all is well. */
  get reasons(): readonly ReadinessReason[] {
    return this.#reasons;
  }

  [Symbol.dispose](): void {
    this.#beat[Symbol.dispose]();
  }

  async #look(): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const report = await this.#log.report();
    this.#isAsked = false;
    const figures = report?.figures as JournalSizes | undefined; // told by log-worker
    this.#reasons = figures?.reasons ?? [];
  }
}
