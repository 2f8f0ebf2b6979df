import type { Journal, Offset, StoredBatch } from '../journal.ts';
import { type RecordReader, readBatch } from '../record-reader.ts';

const READ_BYTES = 2 ** 20;

/** Walks over the durable records of a journal, one after the other. */
export class UplinkWalk {
  readonly #journal: Pick<Journal, 'end' | 'read'>;
  /** Batches that were read, and the reader on the record to be looked at next. */
  #batches: StoredBatch[] = [];
  #reader: RecordReader | undefined;
  #isOnRecord = false;
  #read: Offset;

  constructor(journal: Pick<Journal, 'end' | 'read'>, position: Offset) {
    this.#journal = journal;
    this.#read = position;
  }

  /** Everything below was taken. */
  get read(): Offset {
    return this.#read;
  }

  /** The reader on the next record, the same until it is taken; undefined when nothing is at hand, and `load` has to be asked. */
  record(): RecordReader | undefined {
    return this.#isOnRecord || this.#next() ? this.#reader : undefined;
  }

  /** Reads on in the journal; false at the end of what is durable. */
  async load(): Promise<boolean> {
    if (this.#read >= this.#journal.end) return false;
    this.#batches = await this.#journal.read(this.#read, READ_BYTES);
    return this.#batches.length > 0;
  }

  /** The record is done with. */
  taken(): void {
    this.#isOnRecord = false;
    if (this.#reader) this.#read = this.#reader.offset + 1;
  }

  /** Goes on at another offset. */
  goTo(position: Offset): void {
    this.#batches = [];
    this.#reader = undefined;
    this.#isOnRecord = false;
    this.#read = position;
  }

  #next(): boolean {
    for (;;) {
      while (this.#reader?.next()) {
        if (this.#reader.offset < this.#read) continue;
        this.#isOnRecord = true;
        return true;
      }
      const batch = this.#batches.shift();
      if (!batch) return false;
      this.#reader = readBatch(batch);
    }
  }
}
