import { type Clock, KernelError, type Logger } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { Begun } from './journal-beginning.ts';
import { JournalMarks, type JournalMemory, type JournalMemoryFile } from './journal-marks.ts';
import { RetainedBatches } from './journal-retained.ts';
import type { PartitionBase } from './partition-count.ts';

/** Whose memory it is, and where; none for a journal that is only read, or keeps nothing. */
export interface KeeperOptions extends Pick<JournalMemory, 'journalId' | 'shift'> {
  readonly file: JournalMemoryFile | undefined;
}

/** What a journal on Kafka knows beside Kafka, and what of it is on disk. */
export class JournalKeeper {
  /** Batches with retained messages that are in no snapshot. */
  readonly retained: RetainedBatches;
  /** By how much offsets of records that are still there moved with this opening. */
  readonly moved: number;
  readonly #options: KeeperOptions;
  readonly #needs: { readonly clock: Clock; readonly logger: Logger };
  #marks: JournalMarks;
  /** Ids of the producers that have written the partition, of processes before this one too, the newest last. */
  #producers: readonly number[];
  #markedMs = Number.NEGATIVE_INFINITY;
  /** Offset of the last counts on disk; -1 while they are not there as they are known. */
  #keptEnd: Offset = -1;

  constructor(
    options: KeeperOptions,
    { begin, kept }: Begun,
    needs: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#needs = needs;
    this.moved = options.shift - (kept?.shift ?? 0);
    this.#marks = new JournalMarks(kept?.marks.includes(begin) ? kept.marks : [], begin);
    this.retained = new RetainedBatches((kept?.retained ?? []).map((offset) => offset + this.moved));
    this.#producers = kept?.producers ?? [];
  }

  /** Counts at offsets of the journal. */
  get marks(): JournalMarks {
    return this.#marks;
  }

  get producers(): readonly number[] {
    return this.#producers;
  }

  /** Forgets counts above the end: Kafka does not have what they are of. */
  dropAbove(end: Offset, begin: PartitionBase): void {
    this.#marks = new JournalMarks(
      this.#marks.list.filter(({ offset }) => offset <= end),
      begin,
    );
    this.retained.dropFrom(end);
  }

  /** The counts have to be marked again: so many records have come, or so long ago it was. */
  isDue(end: Offset, everyRecords: number): boolean {
    const isLongAgo = this.#needs.clock.monotonicMs() - this.#markedMs >= LIMITS.kafkaLookEveryMs.value;
    return isLongAgo || end - this.#marks.last.offset >= everyRecords;
  }

  /** What is on disk has the counts of everything below an offset, and is not behind what is known. */
  isKept(end: Offset): boolean {
    return end <= this.#keptEnd;
  }

  mark(counts: PartitionBase): void {
    this.#markedMs = this.#needs.clock.monotonicMs();
    this.#marks.add(counts);
  }

  /** Makes all of it durable. Fails as the disk does. */
  keep(): void {
    const { file, journalId, shift } = this.#options;
    const { list: marks } = this.#marks;
    this.#keptEnd = -1;
    file?.write({ journalId, shift, marks, retained: this.retained.list, producers: this.#producers });
    this.#keptEnd = this.#marks.last.offset;
  }

  /** The same with the counts of now. While the disk is full it is told, and `isKept` says that it has to be done again. */
  markAndKeep(counts: PartitionBase): void {
    this.mark(counts);
    try {
      this.keep();
    } catch (error) {
      if (!(error instanceof KernelError) || error.advice !== 'retry') throw error;
      this.#needs.logger.log('warn', 'The counts of the journal are kept later', { reason: error.message });
    }
  }

  /**
   * A producer of this process is known to the process behind it before anything is sent. Fails as the disk does, and
   * with `journal-full` while that is full; it is not known then.
   */
  introduce(id: number, counts: PartitionBase): void {
    const before = this.#producers;
    this.#producers = [...before, id].slice(-LIMITS.kafkaJournalProducersMax.value);
    this.mark(counts);
    try {
      this.keep();
    } catch (error) {
      this.#producers = before;
      if (!(error instanceof KernelError) || error.advice !== 'retry') throw error;
      throw new JournalError(
        'journal-full',
        `Cannot append: it has to be on disk who writes, and ${error.message}`,
        { full: 'disk' },
        error,
      );
    }
  }
}
