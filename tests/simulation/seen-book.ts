import { crc32 } from 'node:zlib';
import type { Offset, StoredBatch } from '@skerry/journal';

interface Seen {
  readonly firstOffset: Offset;
  readonly end: Offset;
  readonly checksum: number;
}

/**
 * Everything that any reader of the journal was ever given, over all lives of the process. What was given once must
 * stay: at its offset, byte for byte.
 */
export class SeenBook {
  readonly violations: string[] = [];
  /** By offset. */
  readonly #batches: Seen[] = [];
  #end: Offset = 0;

  /** Notes a batch that a reader was given while the journal said that it ends at `durableEnd`. */
  note(batch: StoredBatch, durableEnd: Offset): void {
    const { firstOffset, count, body } = batch;
    const end = firstOffset + count;
    if (end > durableEnd) this.#violate(`read up to ${end}, above the durable end ${durableEnd}`);
    const checksum = crc32(body);
    const at = this.#indexOf(firstOffset);
    const here = this.#batches[at];
    if (here?.firstOffset === firstOffset) {
      if (here.end !== end || here.checksum !== checksum)
        this.#violate(`the batch at ${firstOffset} is not the one that was read before`);
      return;
    }
    const before = this.#batches[at - 1];
    if ((before && before.end > firstOffset) || (here && here.firstOffset < end))
      this.#violate(`a batch from ${firstOffset} to ${end} overlaps what was read before`);
    this.#batches.splice(at, 0, { firstOffset, end, checksum });
    this.#end = Math.max(this.#end, end);
  }

  /** Compares the end of a journal that was opened again with what was read of it before. */
  compareEnd(end: Offset): void {
    if (end < this.#end) this.#violate(`the journal ends at ${end} and was read up to ${this.#end} before`);
  }

  /** Where a batch at an offset stands, or would. */
  #indexOf(offset: Offset): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Number(this.#batches[middle]?.firstOffset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #violate(what: string): void {
    if (this.violations.length < 20) this.violations.push(what);
  }
}
