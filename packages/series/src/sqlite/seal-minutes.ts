import type { ChunkPoints } from '../chunk-points.ts';
import { MinuteColumns } from '../minute-columns.ts';
import { blockOf } from '../pack.ts';

/** Buckets of one minute of one block of series in one seal: a row of `partials` to be. */
export interface BlockMinutes {
  readonly block: number;
  /** The body of rollups. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Gathers the minutes of a seal, block after block. */
export class SealMinutes {
  readonly #columns = new MinuteColumns();
  readonly #blocks: BlockMinutes[] = [];
  #block = -1;

  /** Adds the sorted numeric points [start, end) of a series; blocks come in ascending order. */
  add(
    series: number,
    points: Pick<ChunkPoints, 'times' | 'numbers' | 'offsets'>,
    start: number,
    end: number,
  ): void {
    const block = blockOf(series);
    if (block !== this.#block) this.#close();
    this.#block = block;
    this.#columns.addPoints(series, points, start, end);
  }

  /** All blocks. */
  finish(): readonly BlockMinutes[] {
    this.#close();
    return this.#blocks;
  }

  #close(): void {
    if (this.#columns.rows === 0) return;
    this.#blocks.push({ block: this.#block, body: this.#columns.encode() });
    this.#columns.clear();
  }
}
