import type { PointValue } from '@skerry/model';
import type { BucketRow, PointPosition, PointRows } from '../platform.ts';

interface Row extends PointPosition {
  readonly value: PointValue;
}

/** One series in memory, ordered by (time, offset, ordinal). */
export class MemorySeries {
  readonly #rows: Row[] = [];

  /** Adds a point where it belongs. */
  add(row: Row): void {
    let at = this.#rows.length;
    while (at > 0 && compare(row, this.#rows[at - 1] ?? row) < 0) at--;
    this.#rows.splice(at, 0, row);
  }

  /** The newest point by time. */
  get latest(): Row | undefined {
    return this.#rows.at(-1);
  }

  /** Rows of [from, to) in either order, those after `after`. */
  range(from: number, to: number, newestFirst: boolean, after: PointPosition | undefined): Row[] {
    const rows = this.#rows.filter((row) => row.timeMicros >= from && row.timeMicros < to);
    if (newestFirst) rows.reverse();
    const sign = newestFirst ? -1 : 1;
    return after ? rows.filter((row) => compare(row, after) * sign > 0) : rows;
  }

  /** Buckets of [from, to) over the numbers. */
  buckets(from: number, to: number, stepMicros: number): BucketRow[] {
    const buckets = new Map<number, BucketRow>();
    for (const row of this.range(from, to, false, undefined)) {
      if (!isNumeric(row.value)) continue;
      const value = Number(row.value);
      const startMicros = Math.floor(row.timeMicros / stepMicros) * stepMicros;
      const known = buckets.get(startMicros);
      buckets.set(startMicros, known ? grow(known, value) : begin(startMicros, value));
    }
    return [...buckets.values()];
  }

  /** First, smallest, largest and last of equal slices of the numbers, or all when they fit. */
  extremes(from: number, to: number, points: number): Row[] {
    const rows = this.range(from, to, false, undefined).filter(({ value }) => isNumeric(value));
    if (rows.length <= points) return rows;
    const slices = Map.groupBy(rows, (row) =>
      Math.floor(((row.timeMicros - from) / (to - from)) * Math.floor(points / 4)),
    );
    const kept = new Set<Row>();
    for (const slice of slices.values()) {
      const sorted = slice.toSorted((a, b) => Number(a.value) - Number(b.value));
      for (const row of [slice[0], sorted[0], sorted.at(-1), slice.at(-1)]) if (row) kept.add(row);
    }
    return rows.filter((row) => kept.has(row));
  }
}

function isNumeric(value: PointValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function begin(startMicros: number, value: number): BucketRow {
  return { startMicros, count: 1, min: value, max: value, sum: value, first: value, last: value };
}

function grow(bucket: BucketRow, value: number): BucketRow {
  return {
    ...bucket,
    count: bucket.count + 1,
    min: Math.min(bucket.min, value),
    max: Math.max(bucket.max, value),
    sum: bucket.sum + value,
    last: value,
  };
}

function compare(a: PointPosition, b: PointPosition): number {
  return a.timeMicros - b.timeMicros || a.offset - b.offset || a.ordinal - b.ordinal;
}

/** Rows as columns. */
export function columnsOf(rows: readonly Row[]): PointRows {
  return {
    times: Float64Array.from(rows, (row) => row.timeMicros),
    values: rows.map((row) => row.value),
    offsets: Float64Array.from(rows, (row) => row.offset),
    ordinals: Uint16Array.from(rows, (row) => row.ordinal),
  };
}
