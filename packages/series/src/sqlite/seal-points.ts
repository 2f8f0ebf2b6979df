import { isNumeric } from '../chunk-points.ts';
import { cutPoints, GroupedHead } from '../head-runs.ts';
import { LIMITS } from '../limits.ts';
import { BLOCK_SERIES, PackBuilder } from '../pack.ts';
import type { Seal } from '../store.ts';
import type { Turn } from '../turn.ts';
import { writeChunk, writePack } from './chunk-rows.ts';
import type { DayFile } from './day-file.ts';
import { type BlockMinutes, SealMinutes } from './seal-minutes.ts';

/** Series that share packs, for one thread: a seal is written at a time, and ends a pack before it takes a turn. */
const builder = new PackBuilder();

/** Writes the points of a seal as chunks, and those of many series with few points each as packs. */
export class SealPoints {
  /** Rows written. */
  chunks = 0;
  readonly #file: DayFile;
  readonly #place: { readonly level: 0; readonly seal: number };
  readonly #head: GroupedHead;
  readonly #minutes = new SealMinutes();

  constructor(file: DayFile, seal: Pick<Seal, 'number' | 'points'>) {
    this.#file = file;
    this.#place = { level: 0, seal: seal.number };
    this.#head = new GroupedHead(seal.points);
  }

  /** Writes them, in slices, inside a transaction. */
  async write(turn: Turn): Promise<void> {
    for (let first = 0; first <= this.#head.most; first += BLOCK_SERIES) {
      const end = Math.min(first + BLOCK_SERIES, this.#head.most + 1);
      const packed = this.#packed(first, end);
      if (packed.length >= LIMITS.packSeriesMin.value) this.#writePacks(packed);
      const isShared = packed.length >= LIMITS.packSeriesMin.value ? new Set(packed) : undefined;
      for (let series = first; series < end; series++) {
        if (isShared?.has(series) || this.#head.startOf(series) === this.#head.endOf(series)) continue;
        this.#writeAlone(series);
        if (turn.isDue()) await turn.take();
      }
      if (turn.isDue()) await turn.take();
    }
    this.#head.free();
  }

  /** Buckets of one minute of its numeric points; after `write`. */
  get minutes(): readonly BlockMinutes[] {
    return this.#minutes.finish();
  }

  /** Series of [first, end) that may share packs. */
  #packed(first: number, end: number): number[] {
    const found: number[] = [];
    for (let series = first; series < end; series++) {
      const from = this.#head.startOf(series);
      const to = this.#head.endOf(series);
      if (to > from && to - from < LIMITS.packSeriesPointsMax.value && this.#head.areNumbers(from, to))
        found.push(series);
    }
    return found;
  }

  #writePacks(all: readonly number[]): void {
    builder.clear();
    for (const series of all) {
      let [from, to] = [this.#head.startOf(series), this.#head.endOf(series)];
      let columns = this.#head.columns;
      if (!this.#head.areSorted(from, to)) {
        columns = this.#head.runs(series)[0] ?? columns;
        [from, to] = [0, to - from];
      }
      if (!builder.hasRoom(to - from)) this.#endPack();
      builder.add(series, columns, from, to);
      this.#minutes.add(series, columns, from, to);
    }
    this.#endPack();
  }

  #endPack(): void {
    this.#file.guard('write', () => writePack(this.#file, this.#place, builder.pack()));
    this.chunks++;
    builder.clear();
  }

  #writeAlone(series: number): void {
    for (const run of this.#head.runs(series)) {
      for (const points of cutPoints(run)) {
        this.#file.guard('write', () => writeChunk(this.#file, { series, ...this.#place }, points));
        this.chunks++;
      }
      if (isNumeric(run.type)) this.#minutes.add(series, run, 0, run.times.length);
    }
  }
}
