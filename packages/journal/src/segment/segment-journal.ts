import { KernelError, type Random } from '@skerry/kernel';
import { AppendQueue } from '../append-queue.ts';
import type { EncodedBatch } from '../batch.ts';
import type { ConsumerBook } from '../consumer-book.ts';
import { EndWaiters } from '../end-waiters.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Consumer, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { ReceivedTotals } from '../received-totals.ts';
import type { DurableGroup, JournalFigures, ServedJournal } from '../served-journal.ts';
import { writeConsumers } from './consumers-file.ts';
import { hexOf } from './journal-id.ts';
import { segmentName } from './layout.ts';
import { type RecoveredJournal, recoverJournal } from './recovery.ts';
import { RetentionClock } from './retention-clock.ts';
import { Room, sizesFor } from './room.ts';
import { type LogNeeds, SegmentLog } from './segment-log.ts';
import { SegmentReader } from './segment-reader.ts';

const HOUR_MICROS = 3_600_000_000;
/** A segment holds at most this part of the age limit, so that age removes records in small steps. */
const AGE_PARTS = 32;

/** Choices of a segment journal; what is absent has the value of `LIMITS`. */
export interface SegmentJournalOptions {
  /** Made when it does not exist. One process at a time; the caller sees to that. */
  readonly folder: string;
  readonly journalBytesMax?: number;
  readonly segmentBytes?: number;
  readonly reserveBytes?: number;
  /** Age from which records that every mandatory consumer is done with are given up; without a limit when absent. */
  readonly hoursMax?: number;
  /** Nothing is written; the last write before is left out unless it is known to have become durable. */
  readonly readOnly?: boolean;
  /** Offset below which the caller knows the records to have been durable, such as the position of a consumer: less is damage. */
  readonly durableEnd?: Offset;
}

/** What a segment journal works with. */
export interface SegmentJournalNeeds extends LogNeeds {
  readonly random: Pick<Random, 'bytes'>;
}

/**
 * Opens the journal in a folder, or makes one, and recovers what a crash left: every record that it shows is durable.
 * Fails with `journal-damaged` and `journal-foreign`, naming file and byte, and with the disk's own faults.
 */
export async function openSegmentJournal(
  options: SegmentJournalOptions,
  needs: SegmentJournalNeeds,
): Promise<SegmentJournal> {
  const mode = { isReadOnly: options.readOnly ?? false, durableEnd: options.durableEnd ?? 0 };
  const recovered = recoverJournal(options.folder, needs.clock.nowMicros(), mode, needs);
  return new SegmentJournal(options, recovered, needs);
}

/** The journal as segment files (docs/formats/segment.md). Calls block the thread for as long as the disk takes. */
export class SegmentJournal implements ServedJournal {
  readonly id: string;
  readonly #options: SegmentJournalOptions;
  readonly #needs: SegmentJournalNeeds;
  readonly #log: SegmentLog;
  readonly #room: Room;
  readonly #queue: AppendQueue;
  readonly #reader: SegmentReader;
  readonly #consumers: ConsumerBook;
  readonly #waiters = new EndWaiters();
  readonly #retention: RetentionClock;
  readonly #tornBytes: number;
  #before: ReceivedTotals;
  #isConsumersSaved = false;
  #isClosed = false;
  #trimming: Promise<Offset> | undefined;
  #onDurable: ((group: DurableGroup) => void) | undefined;
  #beforeTrim: ((upTo: Offset) => Promise<void>) | undefined;

  /** For `openSegmentJournal`. */
  constructor(options: SegmentJournalOptions, recovered: RecoveredJournal, needs: SegmentJournalNeeds) {
    const { folder, hoursMax } = options;
    const sizes = sizesFor(needs.disk, folder, options);
    const ageMs = hoursMax === undefined ? Infinity : (hoursMax * 3_600_000) / AGE_PARTS;
    const segmentAgeMicros = Math.max(LIMITS.segmentAgeMs.value, ageMs) * 1000;
    this.id = hexOf(recovered.id);
    this.#options = options;
    this.#needs = needs;
    this.#room = new Room(needs.disk, folder, sizes);
    const isReadOnly = options.readOnly ?? false;
    this.#log = new SegmentLog(folder, recovered, this.#room, { sizes, segmentAgeMicros, isReadOnly }, needs);
    this.#queue = new AppendQueue((group) => this.#commitGroup(group), sizes.segmentBytes);
    this.#reader = new SegmentReader(folder, needs);
    this.#consumers = recovered.consumers;
    this.#retention = new RetentionClock(needs.clock, recovered.lastAppendedMicros);
    this.#tornBytes = recovered.tornBytes;
    this.#before = recovered.before;
    if (!options.readOnly) this.#room.takeOn();
  }

  get start(): Offset {
    return Number(this.#log.segments[0]?.firstOffset);
  }

  get end(): Offset {
    return this.#log.end;
  }

  get telemetryEnd(): number {
    return this.#log.telemetryEnd;
  }

  received(): ReceivedCount[] {
    return this.#log.totals.rows();
  }

  receivedBefore(): ReceivedCount[] {
    return this.#before.rows();
  }

  figures(): JournalFigures {
    const { usedBytes } = this.#log;
    return {
      start: this.start,
      end: this.end,
      telemetryEnd: this.telemetryEnd,
      bytes: usedBytes,
      capacityBytes: this.#room.capacity(usedBytes),
      segments: this.#log.segments.length,
      hasReserve: this.#room.hasReserve,
      tornBytes: this.#tornBytes,
    };
  }

  onDurable(listener: (group: DurableGroup) => void): void {
    this.#onDurable = listener;
  }

  onBeforeTrim(hook: (upTo: Offset) => Promise<void>): void {
    this.#beforeTrim = hook;
  }

  append(batch: EncodedBatch): Promise<AppendResult> {
    const refusal = this.#writeRefusal();
    return refusal ? Promise.reject(refusal) : this.#queue.append(batch);
  }

  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    this.#assertReadable(from);
    return this.#reader.readNow(from, bytesMax, this.end);
  }

  async *readRetained(from: Offset): AsyncIterable<StoredBatch> {
    if (this.#isClosed) throw closed();
    using reader = new SegmentReader(this.#options.folder, this.#needs);
    yield* reader.readRetained(Math.max(from, this.start), this.end);
  }

  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed();
    if (this.end <= offset) await this.#waiters.wait(offset, signal);
  }

  commit(consumer: Consumer): void {
    if (this.#isClosed) throw closed();
    const isNew = this.#consumers.commit({ ...consumer, position: Math.min(consumer.position, this.end) });
    this.#isConsumersSaved = false;
    if (isNew && !this.#options.readOnly) this.#log.guarded(() => this.#saveConsumers());
  }

  trim(): Promise<Offset> {
    const refusal = this.#writeRefusal();
    if (refusal) return Promise.reject(refusal);
    this.#trimming ??= this.#trimNow().finally(() => {
      this.#trimming = undefined;
    });
    return this.#trimming;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#queue.run();
    this.#isClosed = true;
    this.#waiters.fail(closed());
    this.#reader.close();
    try {
      this.#isConsumersSaved = false;
      if (!this.#options.readOnly && !this.#log.hasFailed) this.#log.guarded(() => this.#saveConsumers());
    } finally {
      this.#log.close();
    }
  }

  #commitGroup(group: Parameters<SegmentLog['commit']>[0]): readonly AppendResult[] {
    if (!this.#room.hasReserve) this.#log.guarded(() => this.#room.takeOn());
    const { results, ...durable } = this.#log.commit(group);
    this.#onDurable?.(durable);
    this.#waiters.ring(this.end);
    return results;
  }

  async #trimNow(): Promise<Offset> {
    const count = this.#surplus();
    const next = this.#log.segments[count];
    if (count === 0 || !next) {
      this.#log.guarded(() => this.#room.takeOn());
      return this.start;
    }
    const upTo = next.firstOffset;
    if (this.#log.segments.slice(0, count).some((one) => one.mayHoldRetained)) await this.#beforeTrim?.(upTo);
    if (this.#isClosed) throw closed();
    this.#log.guarded(() => {
      this.#saveConsumers();
      if (!this.#isConsumersSaved) return;
      this.#before = this.#reader.totalsBefore(upTo);
      for (let i = 0; i < count; i++) this.#removeOldest();
      this.#room.takeOn();
    });
    return this.start;
  }

  /** How many of the oldest segments are to be given up. */
  #surplus(): number {
    const { segments, usedBytes, lastMicros } = this.#log;
    const { hoursMax } = this.#options;
    const now = hoursMax === undefined ? undefined : this.#retention.now(lastMicros);
    const oldMicros = now === undefined ? -Infinity : now - Number(hoursMax) * HOUR_MICROS;
    let excess = this.#room.excess(usedBytes);
    let count = 0;
    for (const [i, next] of segments.slice(1).entries()) {
      const isOld = next.createdMicros < oldMicros;
      if (next.firstOffset > this.#consumers.floor || (excess <= 0 && !isOld)) break;
      excess -= Number(segments[i]?.bytes);
      count++;
    }
    return count;
  }

  /** One by one, each durably, so that no crash leaves a hole. */
  #removeOldest(): void {
    const { disk, failpoint } = this.#needs;
    const { folder } = this.#options;
    failpoint('trim-before-remove');
    disk.remove(`${folder}/${segmentName(this.start)}`);
    disk.syncFolder(folder);
    this.#log.dropOldest();
  }

  /** Makes the consumers' positions durable. On a full disk the reserve goes; when that is not enough they stay unsaved. */
  #saveConsumers(): void {
    if (this.#isConsumersSaved) return;
    const { disk } = this.#needs;
    const state = { end: this.end, consumers: this.#consumers.list() };
    const save = (): boolean => {
      try {
        writeConsumers(disk, this.#options.folder, state);
        return true;
      } catch (error) {
        if (error instanceof KernelError && error.code === 'disk-full') return false;
        throw error;
      }
    };
    this.#isConsumersSaved = save() || (this.#room.throwOff() && save());
  }

  #writeRefusal(): JournalError | undefined {
    if (this.#isClosed) return closed();
    if (!this.#options.readOnly) return undefined;
    return new JournalError('journal-read-only', 'Cannot write: the journal was opened for reading only.');
  }

  #assertReadable(from: Offset): void {
    if (this.#isClosed) throw closed();
    if (from >= this.start) return;
    throw new JournalError(
      'offset-trimmed',
      `Cannot read from ${from}: the journal begins at ${this.start}.`,
      {
        from,
        start: this.start,
      },
    );
  }
}

function closed(): JournalError {
  return new JournalError('journal-closed', 'Cannot use the journal: it has been closed.');
}
