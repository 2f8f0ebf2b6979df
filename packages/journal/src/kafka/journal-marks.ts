import type { Disk } from '@skerry/kernel';
import type { Offset, ReceivedCount } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { type CheckedFile, readChecked, writeChecked } from './checked-file.ts';
import type { PartitionBase } from './partition-count.ts';

/** What a journal on Kafka keeps on a disk of its own (docs/formats/kafka.md). */
export interface JournalMemory {
  readonly journalId: string;
  /** What is added to Kafka's offsets. */
  readonly shift: number;
  /** Counts at offsets where a batch begins, oldest first. */
  readonly marks: readonly PartitionBase[];
  /** First offsets of batches below the last mark that hold retained messages and are in no snapshot, oldest first. */
  readonly retained: readonly Offset[];
  /** Ids of the producers that have written it, the newest last; absent before there was one. */
  readonly producers?: readonly number[];
}

/** Where the memory of a journal on Kafka is kept. */
export interface JournalMemoryFile {
  /** What was last kept; undefined at first. Fails with `journal-damaged`. */
  read(): JournalMemory | undefined;
  /** Makes it durable in place of the one before. Fails as the disk does. */
  write(memory: JournalMemory): void;
}

/** The memory as a file with a checksum. */
export function journalMemoryFile(disk: Disk, file: CheckedFile): JournalMemoryFile {
  return {
    read: () => readChecked<JournalMemory>(disk, file),
    write: (memory) => writeChecked(disk, file, memory),
  };
}

/** Counts at offsets of a journal, as many as tell enough: the older, the farther apart. At least one. */
export class JournalMarks {
  #marks: PartitionBase[];

  constructor(marks: readonly PartitionBase[], first: PartitionBase) {
    this.#marks = marks.length === 0 ? [first] : [...marks];
  }

  get list(): readonly PartitionBase[] {
    return this.#marks;
  }

  get last(): PartitionBase {
    return this.#marks.at(-1) as PartitionBase; // there is always one
  }

  /** Takes the newest; one at the last one's offset stands in its place. */
  add(mark: PartitionBase): void {
    if (mark.offset < this.last.offset) return;
    if (mark.offset === this.last.offset) this.#marks.pop();
    this.#marks.push(mark);
    if (this.#marks.length <= LIMITS.kafkaJournalMarksMax.value) return;
    this.#marks = this.#marks.filter((one, i) => i % 2 === 0 || one === mark);
  }

  /** The newest at or below an offset. */
  below(offset: Offset): PartitionBase | undefined {
    return this.#marks.findLast((one) => one.offset <= offset);
  }

  /** The oldest at or above an offset. */
  above(offset: Offset): PartitionBase | undefined {
    return this.#marks.find((one) => one.offset >= offset);
  }

  /** Forgets those below an offset, and keeps one. */
  dropBelow(offset: Offset): void {
    const kept = this.#marks.filter((one) => one.offset >= offset);
    this.#marks = kept.length === 0 ? [this.last] : kept;
  }
}

/** The larger counts of each project, in both lists. */
export function larger(a: readonly ReceivedCount[], b: readonly ReceivedCount[]): ReceivedCount[] {
  const rows = new Map<string, ReceivedCount>();
  for (const one of [...a, ...b]) {
    const key = `${one.tenant}\u0000${one.project}`;
    const known = rows.get(key);
    rows.set(key, {
      ...one,
      received: Math.max(one.received, known?.received ?? 0),
      receivedQos0: Math.max(one.receivedQos0, known?.receivedQos0 ?? 0),
    });
  }
  return [...rows.values()];
}

/** Counts with what was received by counts that were kept and is not there any more, and how many records that is; undefined where nothing is missing. */
export function raised(
  counted: PartitionBase,
  kept: PartitionBase,
): { readonly counts: PartitionBase; readonly lost: number } | undefined {
  const received = larger(counted.received, kept.received);
  const sum = (rows: readonly ReceivedCount[]): number => rows.reduce((all, one) => all + one.received, 0);
  const lost = Math.max(kept.telemetry - counted.telemetry, sum(received) - sum(counted.received));
  if (lost <= 0) return undefined;
  const telemetry = Math.max(kept.telemetry, counted.telemetry);
  return { counts: { offset: counted.offset, telemetry, received }, lost };
}
