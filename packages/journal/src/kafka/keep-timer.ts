import type { Clock, Logger, Timer } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import { isForGood } from './journal-faults.ts';

/** What is to be kept on disk of a journal on Kafka. */
export interface Keeping {
  /** Everything that came is kept. */
  isDone(): boolean;
  /** Tells itself of what it fails with for good. */
  keep(): Promise<unknown>;
}

/** Has what came kept some seconds later, though nothing comes behind it and no consumer moves on. What fails and may work later is told and tried again; nothing is tried after what fails for good. */
export class KeepTimer implements Disposable {
  readonly #needs: { readonly clock: Clock; readonly logger: Logger };
  readonly #keeping: Keeping;
  #timer: Timer | undefined;
  #isEnded = false;

  constructor(needs: { readonly clock: Clock; readonly logger: Logger }, keeping: Keeping) {
    this.#needs = needs;
    this.#keeping = keeping;
  }

  /** Something came. */
  note(): void {
    if (this.#isEnded || this.#keeping.isDone()) return;
    this.#timer ??= this.#needs.clock.startTimer(LIMITS.kafkaLookEveryMs.value, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  /** The same at the end, for which nobody waits longer than `LIMITS.kafkaJournalCloseMs`: a start finds what was not kept in Kafka. */
  async end(): Promise<void> {
    this[Symbol.dispose]();
    if (this.#keeping.isDone()) return;
    const hurry = new AbortController();
    const patience = this.#needs.clock.sleep(LIMITS.kafkaJournalCloseMs.value, hurry.signal);
    await Promise.race([this.#runLast(), patience]);
    hurry.abort();
  }

  /** Nothing more is kept, but for what is under way. */
  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    if (!this.#keeping.isDone()) await this.#try();
    this.note();
  }

  /** What was under way may have begun before the last record came. */
  async #runLast(): Promise<void> {
    if ((await this.#try()) && !this.#keeping.isDone()) await this.#try();
  }

  async #try(): Promise<boolean> {
    try {
      await this.#keeping.keep();
      return true;
    } catch (error) {
      if (isForGood(error)) this[Symbol.dispose]();
      else if (!this.#isEnded)
        this.#needs.logger.log('warn', 'The counts of the journal are kept later', { reason: String(error) });
      return false;
    }
  }
}
