import { type ChunkPoints, slicePoints, sortPoints } from './chunk-points.ts';
import { type HeadColumns, type HeadView, TYPE_CODE } from './head.ts';
import { LIMITS } from './limits.ts';
import { headText } from './shared-head.ts';

const HOUR_MICROS = 3_600_000_000;

/** The points of a head by series id, in order of arrival inside a series. */
export class GroupedHead {
  /** The greatest series id, -1 without points. */
  readonly most: number;
  readonly #columns: HeadColumns;
  readonly #grouped: GroupedColumns;
  /** Where the points of each series end. */
  readonly #ends: Int32Array;

  /** One pass over the rows, and one that moves them. */
  constructor({ columns, rows }: HeadView) {
    const ids = columns.series;
    let most = -1;
    for (let i = 0; i < rows; i++) most = Math.max(most, Number(ids[i]));
    const places = new Int32Array(most + 2);
    for (let i = 0; i < rows; i++) {
      const at = Number(ids[i]) + 1;
      places[at] = Number(places[at]) + 1;
    }
    for (let s = 1; s < places.length; s++) places[s] = Number(places[s]) + Number(places[s - 1]);
    this.most = most;
    this.#columns = columns;
    this.#grouped = gather(columns, rows, places);
    // gather moved every entry of `places` from the begin of its series to the end
    this.#ends = places;
  }

  /** Where the points of a series begin in `columns`. */
  startOf(series: number): number {
    return series === 0 ? 0 : Number(this.#ends[series - 1]);
  }

  /** Where they end. */
  endOf(series: number): number {
    return Number(this.#ends[series]);
  }

  /** All points, by series. `numbers` are their values where these are numbers. */
  get columns(): Omit<ChunkPoints, 'type' | 'texts'> {
    const { times, offsets, ordinals, values } = this.#grouped;
    return { times, offsets, ordinals, numbers: values };
  }

  /** Whether the points [start, end) are numbers, all of them. */
  areNumbers(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.#grouped.types[i] !== TYPE_CODE.number) return false;
    return true;
  }

  /** Whether the points [start, end), of one series, are in order as they are. */
  areSorted(start: number, end: number): boolean {
    const { times, offsets, ordinals } = this.#grouped;
    for (let i = start + 1; i < end; i++) {
      const step =
        Number(times[i]) - Number(times[i - 1]) ||
        Number(offsets[i]) - Number(offsets[i - 1]) ||
        Number(ordinals[i]) - Number(ordinals[i - 1]);
      if (step < 0) return false;
    }
    return true;
  }

  /** Gives its memory back at once instead of when garbage is collected: nothing that was read from it may be used again. */
  free(): void {
    for (const column of Object.values(this.#grouped)) column.buffer.transfer(0);
  }

  /** The points of one series, sorted, one run per type. */
  runs(series: number): ChunkPoints[] {
    return runsOf(this.#columns, this.#grouped, this.startOf(series), this.endOf(series));
  }
}

/** The points of one series in a head, one run per type, sorted. */
export function headRunsOf(view: HeadView, series: number): ChunkPoints[] {
  const rows: number[] = [];
  const ids = view.columns.series;
  for (let i = 0; i < view.rows; i++) if (ids[i] === series) rows.push(i);
  if (rows.length === 0) return [];
  const grouped = emptyColumns(rows.length);
  for (const [at, row] of rows.entries()) copyRow(view.columns, row, grouped, at);
  return runsOf(view.columns, grouped, 0, rows.length);
}

/** Cuts sorted points into what becomes chunks: docs/formats/series.md. */
export function cutPoints(points: ChunkPoints): ChunkPoints[] {
  const n = points.times.length;
  const isShort = n < LIMITS.chunkCutPointsMin.value;
  if (isShort && points.texts.length === 0) return [points];
  const cuts: ChunkPoints[] = [];
  let start = 0;
  let textBytes = 0;
  let hour = Math.floor(Number(points.times[0]) / HOUR_MICROS);
  for (let i = 0; i < n; i++) {
    const length = i - start;
    const hourHere = Math.floor(Number(points.times[i]) / HOUR_MICROS);
    const isFull = length >= LIMITS.chunkPointsMax.value || textBytes > LIMITS.chunkTextBytesMax.value;
    if (isFull || (hourHere !== hour && length >= LIMITS.chunkCutPointsMin.value)) {
      cuts.push(slicePoints(points, start, i));
      start = i;
      textBytes = 0;
    }
    hour = hourHere;
    textBytes += points.texts[i]?.length ?? 0;
  }
  cuts.push(start === 0 ? points : slicePoints(points, start, n));
  return cuts;
}

interface GroupedColumns {
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  readonly types: Uint8Array<ArrayBuffer>;
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly ordinals: Uint16Array<ArrayBuffer>;
}

function emptyColumns(rows: number): GroupedColumns {
  return {
    times: new Float64Array(rows),
    values: new Float64Array(rows),
    types: new Uint8Array(rows),
    offsets: new Float64Array(rows),
    ordinals: new Uint16Array(rows),
  };
}

function copyRow(from: HeadColumns, row: number, into: GroupedColumns, at: number): void {
  into.times[at] = Number(from.time[row]);
  into.values[at] = Number(from.value[row]);
  into.types[at] = Number(from.type[row]);
  into.offsets[at] = Number(from.offset[row]);
  into.ordinals[at] = Number(from.ordinal[row]);
}

/** Rows by series, in order of arrival inside a series. `places[s]` is where series s begins; afterwards where it ends. */
function gather(columns: HeadColumns, rows: number, places: Int32Array): GroupedColumns {
  const into = emptyColumns(rows);
  for (let row = 0; row < rows; row++) {
    const series = Number(columns.series[row]);
    const at = Number(places[series]);
    places[series] = at + 1;
    copyRow(columns, row, into, at);
  }
  return into;
}

/** Rows [start, end) as sorted points, one run per type. */
function runsOf(columns: HeadColumns, grouped: GroupedColumns, start: number, end: number): ChunkPoints[] {
  const type = Number(grouped.types[start]);
  let isAlike = true;
  for (let i = start + 1; i < end && isAlike; i++) isAlike = grouped.types[i] === type;
  if (isAlike) return [sortPoints(pointsOf(columns, grouped, start, end))];
  return Object.values(TYPE_CODE).flatMap((one) => {
    const rows: number[] = [];
    for (let i = start; i < end; i++) if (grouped.types[i] === one) rows.push(i);
    if (rows.length === 0) return [];
    const picked = emptyColumns(rows.length);
    for (const [at, row] of rows.entries()) {
      picked.times[at] = Number(grouped.times[row]);
      picked.values[at] = Number(grouped.values[row]);
      picked.types[at] = one;
      picked.offsets[at] = Number(grouped.offsets[row]);
      picked.ordinals[at] = Number(grouped.ordinals[row]);
    }
    return [sortPoints(pointsOf(columns, picked, 0, rows.length))];
  });
}

function pointsOf(columns: HeadColumns, grouped: GroupedColumns, start: number, end: number): ChunkPoints {
  const type = Number(grouped.types[start]);
  const values = grouped.values.subarray(start, end);
  const texts =
    type === TYPE_CODE.text || type === TYPE_CODE.integer
      ? Array.from(values, (place) => headText(columns, place))
      : [];
  return {
    type,
    times: grouped.times.subarray(start, end),
    offsets: grouped.offsets.subarray(start, end),
    ordinals: grouped.ordinals.subarray(start, end),
    numbers:
      type === TYPE_CODE.text
        ? new Float64Array(0)
        : type === TYPE_CODE.integer
          ? Float64Array.from(texts, Number)
          : values,
    texts,
  };
}
