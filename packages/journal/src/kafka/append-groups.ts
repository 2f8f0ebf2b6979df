import type { Clock } from '@skerry/kernel';
import type { EncodedBatch } from '../batch.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult } from '../journal.ts';

/** Bytes of appends that are sent together. */
const GROUP_BYTES = 2 * 2 ** 20;

interface Waiting {
  readonly batch: EncodedBatch;
  readonly bytes: number;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/** Appends in the order of the calls, one group at a time: what comes while a group is under way shares the next. A failure ends it. */
export class AppendGroups {
  readonly #send: (group: readonly EncodedBatch[]) => Promise<readonly AppendResult[]>;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isFull = false;
  #running: Promise<void> | undefined;
  #failure: unknown;

  /** `send` makes a group durable and gives the place of each of its batches. */
  constructor(
    send: (group: readonly EncodedBatch[]) => Promise<readonly AppendResult[]>,
    bytesMax: number,
    clock: Clock,
  ) {
    this.#send = send;
    this.#bytesMax = bytesMax;
    this.#clock = clock;
  }

  /** Fails with `journal-full` while more waits than may, with the failure that ended it, and as `send`. */
  append(batch: EncodedBatch): Promise<AppendResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { byteLength: bytes } = batch.bytes;
    // what comes behind a refused one is refused too, so that nothing overtakes
    if (this.#isFull || (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax)) {
      this.#isFull = true;
      return Promise.reject(full(this.#bytes, this.#bytesMax, batch));
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Every append fails from now on. */
  end(failure: unknown): void {
    this.#failure ??= failure;
  }

  /** Resolves when nothing is under way, or after a time. */
  async settled(patienceMs?: number): Promise<void> {
    if (!this.#running) return;
    if (patienceMs === undefined) return await this.#running;
    const hurry = new AbortController();
    await Promise.race([this.#running, this.#clock.sleep(patienceMs, hurry.signal)]);
    hurry.abort();
  }

  async #run(): Promise<void> {
    await undefined;
    while (this.#waiting.length > 0) {
      const group = this.#next();
      try {
        if (this.#failure !== undefined) throw this.#failure;
        const results = await this.#send(group.map(({ batch }) => batch));
        for (const [i, result] of results.entries()) group[i]?.resolve(result);
      } catch (error) {
        this.#failure = error;
        for (const one of group) one.reject(error);
      } finally {
        for (const one of group) this.#bytes -= one.bytes;
        this.#isFull = false;
      }
    }
    // in the same step as the last look at what waits
    this.#running = undefined;
  }

  #next(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((one, i) => {
      bytes += one.bytes;
      return i > 0 && bytes > GROUP_BYTES;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }
}

function full(bytes: number, most: number, batch: EncodedBatch): JournalError {
  return new JournalError(
    'journal-full',
    `Cannot append: ${bytes} bytes wait for Kafka, and ${most} may.`,
    { full: 'backlog', bytes },
    undefined,
    batch,
  );
}
