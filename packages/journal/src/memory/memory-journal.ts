import type { Clock, Random } from '@skerry/kernel';
import { AppendQueue, type CountedBatch } from '../append-queue.ts';
import type { EncodedBatch } from '../batch.ts';
import { ConsumerBook } from '../consumer-book.ts';
import { EndWaiters } from '../end-waiters.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Consumer, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { ReceivedTotals } from '../received-totals.ts';
import type { DurableGroup, JournalFigures, ServedJournal } from '../served-journal.ts';

/** Choices of a memory journal. */
export interface MemoryJournalOptions {
  /** Bytes of bodies; those of `LIMITS` when absent. */
  readonly journalBytesMax?: number;
}

/** What a memory journal works with. */
export interface MemoryJournalNeeds {
  readonly clock: Pick<Clock, 'nowMicros'>;
  readonly random: Pick<Random, 'bytes'>;
}

interface HeldBatch {
  readonly batch: StoredBatch;
  readonly counts: readonly ReceivedCount[];
  readonly hasRetained: boolean;
}

/** A journal in memory: durable as long as the object lives. Gives up single batches where files give up segments. */
export class MemoryJournal implements ServedJournal {
  readonly id: string;
  readonly #bytesMax: number;
  readonly #clock: Pick<Clock, 'nowMicros'>;
  readonly #queue: AppendQueue;
  readonly #consumers = new ConsumerBook();
  readonly #waiters = new EndWaiters();
  readonly #totals = new ReceivedTotals();
  readonly #before = new ReceivedTotals();
  #held: HeldBatch[] = [];
  #bytes = 0;
  #start = 0;
  #end = 0;
  #telemetryEnd = 0;
  #isClosed = false;
  #onDurable: ((group: DurableGroup) => void) | undefined;
  #beforeTrim: ((upTo: Offset) => Promise<void>) | undefined;

  constructor(needs: MemoryJournalNeeds, options: MemoryJournalOptions = {}) {
    this.id = Buffer.from(needs.random.bytes(16)).toString('hex');
    this.#clock = needs.clock;
    this.#bytesMax = options.journalBytesMax ?? LIMITS.journalBytesMax.value;
    this.#queue = new AppendQueue((group) => this.#commitGroup(group), Number.POSITIVE_INFINITY);
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
    return this.#before.rows();
  }

  figures(): JournalFigures {
    const { start, end, telemetryEnd } = this;
    return {
      start,
      end,
      telemetryEnd,
      bytes: this.#bytes,
      capacityBytes: this.#bytesMax,
      segments: this.#held.length,
      hasReserve: false,
      tornBytes: 0,
    };
  }

  onDurable(listener: (group: DurableGroup) => void): void {
    this.#onDurable = listener;
  }

  onBeforeTrim(hook: (upTo: Offset) => Promise<void>): void {
    this.#beforeTrim = hook;
  }

  append(batch: EncodedBatch): Promise<AppendResult> {
    return this.#isClosed ? Promise.reject(closed()) : this.#queue.append(batch);
  }

  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    this.#assertReadable(from);
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const { batch } of this.#held.slice(this.#indexOf(from))) {
      if (found.length > 0 && bytes + batch.body.byteLength > bytesMax) break;
      found.push(copyOf(batch));
      bytes += batch.body.byteLength;
    }
    return found;
  }

  async *readRetained(from: Offset): AsyncIterable<StoredBatch> {
    if (this.#isClosed) throw closed();
    for (const { batch, hasRetained } of this.#held.slice(this.#indexOf(Math.max(from, this.#start)))) {
      if (hasRetained) yield copyOf(batch);
    }
  }

  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed();
    if (this.#end <= offset) await this.#waiters.wait(offset, signal);
  }

  commit(consumer: Consumer): void {
    if (this.#isClosed) throw closed();
    this.#consumers.commit({ ...consumer, position: Math.min(consumer.position, this.#end) });
  }

  async trim(): Promise<Offset> {
    if (this.#isClosed) throw closed();
    const surplus = this.#surplus();
    const last = surplus.at(-1)?.batch;
    if (!last) return this.#start;
    const upTo = last.firstOffset + last.count;
    if (surplus.some((one) => one.hasRetained)) await this.#beforeTrim?.(upTo);
    for (const { batch, counts } of surplus) {
      if (batch.firstOffset < this.#start) continue;
      this.#before.add(counts);
      this.#bytes -= batch.body.byteLength;
      this.#held.shift();
      this.#start = batch.firstOffset + batch.count;
    }
    return this.#start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#queue.run();
    this.#isClosed = true;
    this.#waiters.fail(closed());
  }

  #commitGroup(group: readonly CountedBatch[]): AppendResult[] {
    const bytes = group.reduce((sum, { batch }) => sum + batch.bytes.byteLength, 0);
    const most = (this.#bytesMax * LIMITS.fullPercent.value) / 100;
    if (this.#bytes + bytes > most) {
      const facts = { full: 'journal', usedBytes: this.#bytes };
      throw new JournalError(
        'journal-full',
        `Cannot append: ${this.#bytes} bytes are held of ${most}.`,
        facts,
      );
    }
    const received = group.flatMap(({ counts }) => this.#totals.add(counts));
    const held = group.map((one) => this.#hold(one));
    this.#onDurable?.({ batches: held.map(({ batch }) => copyOf(batch)), received });
    this.#waiters.ring(this.#end);
    return held.map(({ batch: { firstOffset, count } }) => ({ firstOffset, end: firstOffset + count }));
  }

  #hold({ batch, counts }: CountedBatch): HeldBatch {
    const { bytes, count, telemetryCount, hasRetained } = batch;
    const stored = {
      firstOffset: this.#end,
      count,
      telemetryBefore: this.#telemetryEnd,
      telemetryCount,
      appendedMicros: this.#clock.nowMicros(),
      body: bytes.slice(),
    };
    const held = { batch: stored, counts, hasRetained };
    this.#held.push(held);
    this.#bytes += bytes.byteLength;
    this.#end += count;
    this.#telemetryEnd += telemetryCount;
    return held;
  }

  /** The oldest batches that are to be given up. */
  #surplus(): HeldBatch[] {
    let excess = this.#bytes - (this.#bytesMax * LIMITS.trimPercent.value) / 100;
    const { floor } = this.#consumers;
    let count = 0;
    for (const { batch } of this.#held) {
      if (excess <= 0 || batch.firstOffset + batch.count > floor) break;
      excess -= batch.body.byteLength;
      count++;
    }
    return this.#held.slice(0, count);
  }

  /** Index of the batch that holds `offset`. */
  #indexOf(offset: Offset): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const batch = this.#held[middle]?.batch;
      if (batch && batch.firstOffset + batch.count <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #assertReadable(from: Offset): void {
    if (this.#isClosed) throw closed();
    if (from >= this.#start) return;
    const facts = { from, start: this.#start };
    throw new JournalError(
      'offset-trimmed',
      `Cannot read from ${from}: the journal begins at ${this.#start}.`,
      facts,
    );
  }
}

function copyOf(batch: StoredBatch): StoredBatch {
  return { ...batch, body: batch.body.slice() };
}

function closed(): JournalError {
  return new JournalError('journal-closed', 'Cannot use the journal: it has been closed.');
}
