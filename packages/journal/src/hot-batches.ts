import type { Offset, StoredBatch } from './journal.ts';
import { LIMITS } from './limits.ts';
import type { BatchReader } from './served-journal.ts';

/**
 * Reads of one consumer: what was handed over right after its append (`offer`) comes from memory, the rest from another
 * reader. A consumer that has fallen behind reads there up to what waits in memory, so that it is back in memory when it
 * gets there. The bytes of what `read` gave are good until the next `read`, which frees those it owns.
 */
export class HotBatches implements BatchReader {
  readonly #rest: BatchReader;
  readonly #free: (bytes: ArrayBuffer) => void;
  readonly #bytesMax: number;
  /** Without a hole between them, oldest first. */
  #batches: StoredBatch[] = [];
  #bytes = 0;
  /** Where the next read goes on, as far as is known. */
  #next: Offset | undefined;
  /** Owned, and given out by the last read. */
  #given: StoredBatch[] = [];

  /** `free` is given the bytes of batches that are done with. */
  constructor(
    rest: BatchReader,
    free: (bytes: ArrayBuffer) => void,
    bytesMax: number = LIMITS.hotBatchBytes.value,
  ) {
    this.#rest = rest;
    this.#free = free;
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes a durable batch and owns its bytes, which are freed at once when the consumer is past it, when it does not follow
   * what waits, or when there is no room.
   */
  offer(batch: StoredBatch): void {
    const { byteLength } = batch.body;
    if (this.#isWanted(batch) && this.#bytes + byteLength <= this.#bytesMax) {
      this.#batches.push(batch);
      this.#bytes += byteLength;
    } else this.#giveBack(batch);
  }

  async read(from: Offset, bytesMax: number, end: Offset): Promise<StoredBatch[]> {
    for (const batch of this.#given.splice(0)) this.#giveBack(batch);
    const found = this.#take(from, bytesMax, end);
    this.#given = found;
    const first = this.#batches[0]?.firstOffset ?? end;
    const gapEnd = first > from ? Math.min(first, end) : end;
    const batches = found.length > 0 ? [...found] : await this.#rest.read(from, bytesMax, gapEnd);
    const last = batches.at(-1);
    this.#next = last ? last.firstOffset + last.count : from;
    return batches;
  }

  #isWanted({ firstOffset }: StoredBatch): boolean {
    const last = this.#batches.at(-1);
    if (last) return firstOffset === last.firstOffset + last.count;
    return this.#next !== undefined && firstOffset >= this.#next;
  }

  #take(from: Offset, bytesMax: number, end: Offset): StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      const next = batch.firstOffset + batch.count;
      const { byteLength } = batch.body;
      if (batch.firstOffset > from || next > end) break;
      if (next > from && found.length > 0 && bytes + byteLength > bytesMax) break;
      this.#batches.shift();
      this.#bytes -= byteLength;
      if (next <= from) this.#giveBack(batch);
      else {
        found.push(batch);
        bytes += byteLength;
        from = next;
      }
    }
    return found;
  }

  #giveBack({ body: { buffer } }: StoredBatch): void {
    if (buffer instanceof ArrayBuffer) this.#free(buffer);
  }
}
