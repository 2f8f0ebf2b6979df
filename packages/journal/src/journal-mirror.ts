import { EndWaiters } from './end-waiters.ts';
import type { Offset, ReceivedCount } from './journal.ts';
import type { JournalNews, JournalState } from './journal-messages.ts';
import { ReceivedTotals } from './received-totals.ts';

/** What a thread knows of a journal that lives on another one, kept up to date by its news. */
export class JournalMirror {
  readonly id: string;
  readonly #totals: ReceivedTotals;
  readonly #waiters = new EndWaiters();
  #before: readonly ReceivedCount[];
  #start: Offset;
  #end: Offset;
  #telemetryEnd: number;

  constructor(state: JournalState) {
    this.id = state.id;
    this.#start = state.start;
    this.#end = state.end;
    this.#telemetryEnd = state.telemetryEnd;
    this.#totals = new ReceivedTotals(state.received);
    this.#before = state.receivedBefore;
  }

  get start(): Offset {
    return this.#start;
  }

  get end(): Offset {
    return this.#end;
  }

  get telemetryEnd(): number {
    return this.#telemetryEnd;
  }

  received(): ReceivedCount[] {
    return this.#totals.rows();
  }

  receivedBefore(): ReceivedCount[] {
    return [...this.#before];
  }

  /** As `Journal.waitBeyond`. */
  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    if (this.#end <= offset) await this.#waiters.wait(offset, signal);
  }

  /** Takes news that came after the state it began with. */
  take(news: JournalNews): void {
    if (news.type === 'trimmed') {
      this.#start = news.start;
      this.#before = news.receivedBefore;
    } else if (news.type === 'durable') {
      this.#end = news.end;
      this.#telemetryEnd = news.telemetryEnd;
      this.#totals.set(news.received);
      this.#waiters.ring(news.end);
    }
  }
}
