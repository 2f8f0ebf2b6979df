import type { PointValue } from '@skerry/model';
import { type ChunkScratch, decodeChunk, encodeChunk } from '../chunk.ts';
import { type ChunkPoints, valueAt } from '../chunk-points.ts';
import { SeriesError } from '../errors.ts';
import { TYPE_CODE } from '../head.ts';
import type { PointSource } from '../point-source.ts';
import type { LatestPoint } from '../store.ts';
import type { DayFile } from './day-file.ts';
import type { Row, Snapshot } from './store-file.ts';

/** What a row of `chunks` says beside its points. */
export interface ChunkPlace {
  readonly series: number;
  readonly level: number;
  readonly seal: number;
}

const INSERT =
  'INSERT INTO chunks (series, type, level, seal, n, t0, t1, min, max, first, last, sum, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

/** Writes one chunk with its statistics. */
export function writeChunk(file: DayFile, place: ChunkPlace, points: ChunkPoints): void {
  const { times, numbers } = points;
  const n = times.length;
  const hasNumbers = numbers.length > 0;
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (let i = 0; i < numbers.length; i++) {
    const value = Number(numbers[i]);
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  file
    .statement(INSERT)
    .run(
      place.series,
      points.type,
      place.level,
      place.seal,
      n,
      Number(times[0]),
      Number(times[n - 1]),
      hasNumbers ? min : null,
      hasNumbers ? max : null,
      hasNumbers ? Number(numbers[0]) : null,
      hasNumbers ? Number(numbers[n - 1]) : null,
      hasNumbers ? sum : null,
      encodeChunk(points),
    );
}

/** The points in a body; damage names the file. */
export function readChunk(path: string, body: unknown, scratch?: ChunkScratch): ChunkPoints {
  try {
    return decodeChunk(body as Uint8Array, scratch); // a BLOB column is given as bytes
  } catch (error) {
    if (!(error instanceof SeriesError)) throw error;
    const advice = 'put the file back from a backup, or remove it to go on without its day';
    throw new SeriesError(
      'chunk-damaged',
      `${error.message.slice(0, -1)} in ${path}; ${advice}.`,
      { path },
      error,
    );
  }
}

/** Chunks of a series in a snapshot that touch [from, to), those above `sealAbove` only, as sources. */
export function chunkSources(
  path: string,
  snapshot: Snapshot,
  series: number,
  fromMicros: number,
  toMicros: number,
  sealAbove: number,
): PointSource[] {
  return snapshot
    .all(
      'SELECT id, type, n, t0, t1, min, max, first, last, sum FROM chunks WHERE series = ? AND t0 < ? AND t1 >= ? AND seal > ?',
      series,
      toMicros,
      fromMicros,
      sealAbove,
    )
    .map((row) => sourceOfRow(path, snapshot, row));
}

function sourceOfRow(path: string, snapshot: Snapshot, row: Row): PointSource {
  const id = Number(row.id);
  return {
    type: Number(row.type),
    count: Number(row.n),
    t0: Number(row.t0),
    t1: Number(row.t1),
    stats:
      row.sum === null
        ? undefined
        : {
            min: Number(row.min),
            max: Number(row.max),
            sum: Number(row.sum),
            first: Number(row.first),
            last: Number(row.last),
          },
    read: (scratch) =>
      readChunk(path, snapshot.get('SELECT body FROM chunks WHERE id = ?', id)?.body, scratch),
  };
}

/** A newest point with what orders it among equals in time. */
export interface RankedPoint extends LatestPoint {
  readonly offset: number;
  readonly ordinal: number;
}

/** Adds the newest point of each series in a file; of files with equal times the one asked first counts. */
export function latestOf(file: DayFile, into: Map<number, RankedPoint>): void {
  const find = 'SELECT type, last, n, body FROM chunks WHERE series = ? AND t1 = ?';
  const lean = 'SELECT type, last FROM chunks WHERE series = ? AND t1 = ? AND t0 <= ?';
  for (const row of file.all('SELECT series, max(t1) AS t1 FROM chunks GROUP BY series')) {
    const series = Number(row.series);
    const timeMicros = Number(row.t1);
    const known = into.get(series);
    if (known && known.timeMicros >= timeMicros) continue;
    const found = file.all(lean, series, timeMicros, timeMicros);
    const [only] = found;
    if (
      !known &&
      only &&
      found.length === 1 &&
      (only.type === TYPE_CODE.number || only.type === TYPE_CODE.boolean)
    ) {
      const value: PointValue = only.type === TYPE_CODE.boolean ? only.last !== 0 : Number(only.last);
      into.set(series, { series, timeMicros, value, offset: 0, ordinal: 0 });
      continue;
    }
    for (const one of file.all(find, series, timeMicros)) {
      const points = readChunk(file.path, one.body);
      const at = points.times.length - 1;
      const offset = Number(points.offsets[at]);
      const ordinal = Number(points.ordinals[at]);
      const best = into.get(series);
      const isNewer =
        !best ||
        best.timeMicros < timeMicros ||
        best.offset < offset ||
        (best.offset === offset && best.ordinal < ordinal);
      if (isNewer) into.set(series, { series, timeMicros, value: valueAt(points, at), offset, ordinal });
    }
  }
}
