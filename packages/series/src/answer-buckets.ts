import { isHuge, joinSums, SCALE } from './bounded-sum.ts';
import { ChunkScratch } from './chunk.ts';
import { type ChunkPoints, firstAtOrAfter, isNumeric } from './chunk-points.ts';
import { SeriesError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { PointSource } from './point-source.ts';
import { addRow, type RollupRow } from './rollup.ts';
import type { Bucket, SeriesQuery } from './store.ts';
import type { Turn } from './turn.ts';

/** Gathers the buckets of one answer from points, chunk statistics and rollups. */
export class Buckets {
  readonly #stepMicros: number;
  readonly #rows = new Map<number, RollupRow>();

  /** `stepMicros` is a positive integer; anything else fails with `query-refused`. */
  constructor(stepMicros: number) {
    if (!Number.isSafeInteger(stepMicros) || stepMicros < 1) {
      throw new SeriesError('query-refused', `Cannot answer in buckets of ${stepMicros} microseconds.`);
    }
    this.#stepMicros = stepMicros;
  }

  /** Adds all points of the sources inside the range; numbers and exact integers only. */
  async addSources(
    sources: readonly PointSource[],
    range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>,
    turn: Turn,
  ): Promise<void> {
    const wanted = sources
      .filter((one) => isNumeric(one.type) && one.t1 >= range.fromMicros && one.t0 < range.toMicros)
      .sort((a, b) => a.t0 - b.t0);
    const scratch = new ChunkScratch();
    let reach = -Infinity;
    for (const [i, source] of wanted.entries()) {
      const next = wanted[i + 1];
      const isApart = source.t0 > reach && (next === undefined || next.t0 > source.t1);
      const isInside = source.t0 >= range.fromMicros && source.t1 < range.toMicros;
      if (!(isApart && isInside && this.#addStats(source))) {
        const points = source.read(scratch);
        const low = firstAtOrAfter(points.times, range.fromMicros);
        this.#addPoints(points, low, firstAtOrAfter(points.times, range.toMicros));
      }
      reach = Math.max(reach, source.t1);
      if (turn.isDue()) await turn.take();
    }
  }

  /** Adds one bucket of a rollup; it belongs to the bucket in which it starts. */
  addRollup(row: RollupRow): void {
    this.#into(row);
  }

  /** All buckets that hold a point, by time. */
  finish(): Bucket[] {
    return [...this.#rows.values()]
      .sort((a, b) => a.start - b.start)
      .map(({ start, count, min, max, sum, first, last }) => ({
        startMicros: start,
        count,
        min,
        max,
        sum,
        first,
        last,
      }));
  }

  #startOf(timeMicros: number): number {
    return Math.floor(timeMicros / this.#stepMicros) * this.#stepMicros;
  }

  #into(row: RollupRow): void {
    const start = this.#startOf(row.start);
    const known = this.#rows.get(start);
    if (known) {
      addRow(known, row);
      return;
    }
    if (this.#rows.size >= LIMITS.bucketsMax.value) {
      const most = LIMITS.bucketsMax.value;
      throw new SeriesError(
        'query-refused',
        `The answer has more than ${most} buckets: ask for a larger step or a shorter range.`,
      );
    }
    this.#rows.set(start, { ...row, start });
  }

  /** A chunk that lies apart from all others and in one bucket needs no decoding. */
  #addStats(source: PointSource): boolean {
    const { stats, t0, t1 } = source;
    if (!stats || this.#startOf(t0) !== this.#startOf(t1)) return false;
    this.#into({
      series: 0,
      start: t0,
      ...stats,
      firstTime: t0,
      lastTime: t1,
      firstOffset: 0,
      lastOffset: 0,
    });
    return true;
  }

  #addPoints(points: ChunkPoints, low: number, high: number): void {
    const { times, numbers, offsets } = points;
    for (let i = low; i < high; ) {
      const time = Number(times[i]);
      const end = this.#startOf(time) + this.#stepMicros;
      const first = Number(numbers[i]);
      let [min, max, sum, huge] = [first, first, 0, 0];
      const start = i;
      for (; i < high && Number(times[i]) < end; i++) {
        const value = Number(numbers[i]);
        if (value < min) min = value;
        if (value > max) max = value;
        if (isHuge(value)) huge += value * SCALE;
        else sum += value;
      }
      this.#into({
        series: 0,
        start: time,
        count: i - start,
        min,
        max,
        sum: joinSums(sum, huge),
        first,
        last: Number(numbers[i - 1]),
        firstTime: time,
        lastTime: Number(times[i - 1]),
        firstOffset: Number(offsets[start]),
        lastOffset: Number(offsets[i - 1]),
      });
    }
  }
}
