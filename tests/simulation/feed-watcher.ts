import type { Clock } from '@skerry/kernel';
import type { LivePull, Pipeline } from '@skerry/pipeline';
import { OWNER, type SentLedger, type SentMessage } from './sent-ledger.ts';

const PULL_MS = 60;
const ROWS = 200;

/**
 * A reader of the live feed who takes up again, after every end of the process, behind the last row that it was given.
 * Whatever it saw must turn out to be stored, once each; without a gap that it was told of, it must see everything.
 */
export class FeedWatcher {
  readonly #ledger: SentLedger;
  readonly #cursors: () => void;
  readonly #seen = new Map<SentMessage, number>();
  #cursor: string | undefined;
  /** Points that nobody sent. */
  phantoms = 0;
  /** Gaps it was told of. */
  gaps = 0;
  rows = 0;
  /** Records below this offset had their verdict before the reading began. */
  from: number | undefined;

  constructor(ledger: SentLedger, noteRows: () => void) {
    this.#ledger = ledger;
    this.#cursors = noteRows;
  }

  /** Reads the feed of one process until its clock stops. */
  follow(pipeline: Pick<Pipeline, 'subscribe' | 'position'>, clock: Clock): void {
    if (this.#cursor === undefined) this.from = pipeline.position;
    const feed = pipeline.subscribe([{ tenant: OWNER.tenant, metric: 'n' }], this.#cursor);
    clock.startTicker(PULL_MS, () => this.#take(feed.pull(ROWS)));
  }

  /** How often a message was shown. */
  timesSeen(message: SentMessage): number {
    return this.#seen.get(message) ?? 0;
  }

  #take({ devices, gap, cursor, rows }: LivePull): void {
    if (gap) this.gaps++;
    this.#cursor = cursor;
    if (rows > 0) this.#cursors();
    for (const { device, points } of devices) {
      for (const { value } of points) {
        this.rows++;
        const message = this.#ledger.find(device, Number(value));
        if (!message || message.sends === 0) this.phantoms++;
        else this.#seen.set(message, this.timesSeen(message) + 1);
      }
    }
  }
}
