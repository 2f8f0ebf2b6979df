import { RECORD_KIND } from '../batch.ts';
import { BatchBuilder } from '../batch-builder.ts';
import { JournalError } from '../errors.ts';
import type { Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { readProjectTable } from '../project-table.ts';
import { readBatch } from '../record-reader.ts';
import { canBeReceipt, RecordsIn, type RecordsInOptions } from './record-in.ts';
import { FetchedRecords, type FetchedSet } from './record-set-reader.ts';
import type { TopicLayout } from './topic-layout.ts';

/** A transaction whose records do not count, as a broker tells it with a fetch. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** A batch of a journal, made of a batch of Kafka. */
export interface MadeBatch {
  readonly firstOffset: Offset;
  readonly count: number;
  readonly telemetryCount: number;
  /** Latest time of a record in it; microseconds since 1970. */
  readonly appendedMicros: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly counts: readonly ReceivedCount[];
}

/** By what receive times are bounded, and who hears of it. */
export type ReceiptTime = Pick<RecordsInOptions, 'nowMicros' | 'timeBounded'>;

const EMPTY = new Uint8Array(0);

/** Makes a journal's batches of what was fetched: one for each batch of Kafka, offsets without a record filled with records of kind `void`. */
export class BatchMaker {
  readonly #builder = new BatchBuilder();
  readonly #cursor = new FetchedRecords();
  readonly #in: RecordsIn;
  readonly #shift: number;
  #lastMicros = 0;

  readonly #nowMicros: () => number;

  /** Offsets of the batches are those of Kafka plus `shift`. */
  constructor(kafkaTopic: string, layout: TopicLayout, shift: number, time: ReceiptTime) {
    this.#shift = shift;
    this.#nowMicros = time.nowMicros;
    this.#in = new RecordsIn({
      kafkaTopic,
      isEnvelope: layout.isEnvelope(kafkaTopic),
      defaultProject: layout.projectOf(kafkaTopic),
      projectNumber: (tenant, project) => this.#builder.project(tenant, project),
      ...time,
    });
  }

  /** Batches from the one that holds `from` on, without holes. Sets are in order, at Kafka's offsets; `from` is shifted. Fails with `journal-damaged`. */
  make(fetched: readonly FetchedSet[], aborted: readonly AbortedTransaction[], from: Offset): MadeBatch[] {
    const made: MadeBatch[] = [];
    const open = new Set<bigint>();
    const sets = this.#shift === 0 ? fetched : fetched.map((set) => shifted(set, this.#shift));
    const waiting = aborted
      .map((one) => ({ ...one, firstOffset: one.firstOffset + this.#shift }))
      .sort((a, b) => a.firstOffset - b.firstOffset);
    let next = from;
    for (const set of sets) {
      for (let one = waiting[0]; one && one.firstOffset <= set.lastOffset; one = waiting[0]) {
        open.add(one.producerId);
        waiting.shift();
      }
      const isAborted = set.isTransactional && open.has(set.producerId);
      if (set.isControl) open.delete(set.producerId);
      if (set.lastOffset < from) continue;
      if (set.baseOffset > next) made.push(...this.voids(next, set.baseOffset));
      this.#lastMicros = this.#appendedMicros(set);
      if (set.isControl || isAborted) made.push(...this.voids(set.baseOffset, set.lastOffset + 1));
      else made.push(this.#batchOf(set));
      next = set.lastOffset + 1;
    }
    return made;
  }

  /** Batches of records of kind `void` for the offsets from `from` to before `to`. */
  voids(from: Offset, to: Offset): MadeBatch[] {
    const made: MadeBatch[] = [];
    for (let at = from; at < to; ) {
      const count = Math.min(to - at, LIMITS.batchRecordsMax.value);
      for (let i = 0; i < count; i++) this.#addVoid();
      made.push(this.#close(at, this.#lastMicros));
      at += count;
    }
    return made;
  }

  #batchOf(set: FetchedSet): MadeBatch {
    const cursor = this.#cursor;
    let next = set.baseOffset;
    cursor.begin(set);
    while (cursor.next()) {
      if (cursor.offset < next || cursor.offset > set.lastOffset)
        throw new JournalError(
          'journal-damaged',
          `The batch of Kafka records from ${set.baseOffset} on holds the offset ${cursor.offset} out of order.`,
          { offset: cursor.offset },
        );
      for (; next < cursor.offset; next++) this.#addVoid();
      this.#builder.add(this.#in.read(cursor));
      next++;
    }
    for (; next <= set.lastOffset; next++) this.#addVoid();
    return this.#close(set.baseOffset, this.#lastMicros);
  }

  #appendedMicros({ maxMs }: FetchedSet): number {
    const nowMicros = this.#nowMicros();
    return canBeReceipt(maxMs * 1000, nowMicros) ? maxMs * 1000 : nowMicros;
  }

  #addVoid(): void {
    this.#builder.add({
      kind: RECORD_KIND.void,
      qos: 0,
      retain: false,
      project: -1,
      receivedMicros: Math.max(0, this.#lastMicros),
      topic: EMPTY,
      client: EMPTY,
      payload: EMPTY,
      headers: EMPTY,
    });
  }

  #close(firstOffset: Offset, appendedMicros: number): MadeBatch {
    const batch = this.#builder.close();
    if (!batch) throw new RangeError(`The batch from ${firstOffset} on holds nothing.`);
    const { bytes, tableStart, count, telemetryCount } = batch;
    const counts = readProjectTable(bytes, tableStart);
    return {
      firstOffset,
      count,
      telemetryCount,
      appendedMicros: Math.max(0, appendedMicros),
      body: bytes,
      counts,
    };
  }
}

/** A batch that a `BatchMaker` made, as it was before it was handed out. */
export function madeOf(batch: StoredBatch): MadeBatch {
  const { projects: counts } = readBatch(batch);
  return { ...batch, body: batch.body as Uint8Array<ArrayBuffer>, counts }; // so they are made
}

function shifted(set: FetchedSet, shift: number): FetchedSet {
  return { ...set, baseOffset: set.baseOffset + shift, lastOffset: set.lastOffset + shift };
}
