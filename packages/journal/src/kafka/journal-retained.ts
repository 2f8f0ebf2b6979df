import type { Logger } from '@skerry/kernel';
import type { Offset, StoredBatch } from '../journal.ts';
import { readBatch } from '../record-reader.ts';
import type { KafkaPartition } from './kafka-partition.ts';

/** Which batches of a journal on Kafka hold retained messages and are in no snapshot: those alone are read for one. */
export class RetainedBatches {
  #offsets: Offset[];

  /** First offsets that were kept, oldest first. */
  constructor(offsets: readonly Offset[]) {
    this.#offsets = [...offsets];
  }

  /** First offsets, oldest first. */
  get list(): readonly Offset[] {
    return this.#offsets;
  }

  /** Takes note of the next batch that holds some. */
  add(firstOffset: Offset): void {
    if (firstOffset > (this.#offsets.at(-1) ?? -1)) this.#offsets.push(firstOffset);
  }

  /** Looks into the next batch. */
  look(batch: StoredBatch): void {
    if (holdsRetained(batch)) this.add(batch.firstOffset);
  }

  /** Looks into everything from an offset to before another. */
  async lookThrough(partition: KafkaPartition, from: Offset, to: Offset, bytesMax: number): Promise<void> {
    for (let at = Math.max(from, partition.start); at < to; ) {
      const batches = await partition.read(at, bytesMax);
      for (const batch of batches) if (batch.firstOffset < to) this.look(batch);
      const last = batches.at(-1);
      at = last ? last.firstOffset + last.count : to;
    }
  }

  /** Those at or above an offset, in order. What Kafka has given up meanwhile is told. */
  async *read(
    partition: KafkaPartition,
    from: Offset,
    logger: Logger,
  ): AsyncGenerator<StoredBatch, void, void> {
    const gone: Offset[] = [];
    const tell = (): void => {
      if (gone.length === 0) return;
      const facts = { batches: gone.length, first: gone[0], last: gone.at(-1) };
      logger.log('error', 'Kafka has removed retained messages that were in no snapshot', facts);
      gone.length = 0;
    };
    for (const offset of this.#offsets.filter((one) => one >= from)) {
      const [batch] = offset < partition.start ? [] : await partition.read(offset, 1);
      // one of void records stands for what retention took above the start of the journal
      if (!batch || !holdsRetained(batch)) {
        gone.push(offset);
        continue;
      }
      tell(); // the oldest go first
      yield batch;
    }
    tell();
  }

  /** Everything below an offset is in a snapshot. */
  dropBelow(offset: Offset): void {
    this.#offsets = this.#offsets.filter((one) => one >= offset);
  }

  /** Kafka has nothing from an offset on. */
  dropFrom(offset: Offset): void {
    this.#offsets = this.#offsets.filter((one) => one < offset);
  }
}

function holdsRetained(batch: StoredBatch): boolean {
  const records = readBatch(batch);
  while (records.next()) if (records.retain) return true;
  return false;
}
