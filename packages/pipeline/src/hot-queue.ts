import type { StoredBatch } from '@skerry/journal';
import { LIMITS } from './limits.ts';

/** Batches handed over right after their append, without a hole between them. */
export class HotQueue {
  #batches: StoredBatch[] = [];
  bytes = 0;

  /** Takes a batch that goes on where the queue ends, or at `expected` when it is empty; false for any other. */
  offer(batch: StoredBatch, expected: number): boolean {
    const last = this.#batches.at(-1);
    const end = batch.firstOffset + batch.count;
    const fits = last
      ? batch.firstOffset === last.firstOffset + last.count
      : batch.firstOffset <= expected && end > expected;
    if (!fits || this.bytes + batch.body.byteLength > LIMITS.hotBytesMax.value) return false;
    this.#batches.push(batch);
    this.bytes += batch.body.byteLength;
    return true;
  }

  /** The batch that holds `position`; older ones are dropped. */
  take(position: number): StoredBatch | undefined {
    for (;;) {
      const first = this.#batches.shift();
      if (!first) return undefined;
      this.bytes -= first.body.byteLength;
      if (first.firstOffset + first.count > position && first.firstOffset <= position) return first;
    }
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }
}

/** Frees the memory of a batch that is owned and not needed any more at once, instead of when garbage is collected for its sake. */
export function giveBack({ body: { buffer } }: StoredBatch): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
