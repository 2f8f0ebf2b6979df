import { ChunkScratch, decodeChunk, decodePack, encodeChunk, encodePack } from '../chunk.ts';
import type { ChunkPoints } from '../chunk-points.ts';
import { SeriesError } from '../errors.ts';
import { TYPE_CODE } from '../head.ts';
import { blockOf, type PackPoints, packKey, pickSeries } from '../pack.ts';
import type { PointSource } from '../point-source.ts';
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

/** Writes one pack. */
export function writePack(file: DayFile, place: Omit<ChunkPlace, 'series'>, pack: PackPoints): void {
  const { type, times } = pack.points;
  let [t0, t1] = [Infinity, -Infinity];
  for (let i = 0; i < times.length; i++) {
    const time = Number(times[i]);
    if (time < t0) t0 = time;
    if (time > t1) t1 = time;
  }
  const key = packKey(blockOf(Number(pack.series[0])));
  const none = [null, null, null, null, null];
  file
    .statement(INSERT)
    .run(key, type, place.level, place.seal, times.length, t0, t1, ...none, encodePack(pack));
}

/** The points in a body; damage names the file. */
export function readChunk(path: string, body: unknown, scratch?: ChunkScratch): ChunkPoints {
  return decoded(path, () => decodeChunk(body as Uint8Array, scratch)); // a BLOB column is given as bytes
}

/** The points in the body of a pack of a block; damage names the file. */
export function readPack(path: string, body: unknown, block: number, scratch?: ChunkScratch): PackPoints {
  return decoded(path, () => decodePack(body as Uint8Array, block, scratch)); // a BLOB column is given as bytes
}

function decoded<T>(path: string, decode: () => T): T {
  try {
    return decode();
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

const FIND =
  'SELECT id, type, n, t0, t1, min, max, first, last, sum FROM chunks WHERE series = ? AND t0 < ? AND t1 >= ? AND seal > ?';

/** Chunks of a series, and packs of its block, in a snapshot that touch [from, to), those above `sealAbove` only, as sources. */
export function chunkSources(
  path: string,
  snapshot: Snapshot,
  series: number,
  fromMicros: number,
  toMicros: number,
  sealAbove: number,
): PointSource[] {
  const rowsOf = (key: number) => snapshot.all(FIND, key, toMicros, fromMicros, sealAbove);
  return [
    ...rowsOf(series).map((row) => sourceOfRow(path, snapshot, row)),
    ...rowsOf(packKey(blockOf(series))).map((row) => sourceInPack(path, snapshot, row, series)),
  ];
}

const packScratch = new ChunkScratch();

/** What a pack holds of a series, which may be nothing: its bounds are those of all its points. */
function sourceInPack(path: string, snapshot: Snapshot, row: Row, series: number): PointSource {
  const id = Number(row.id);
  const read = (): ChunkPoints => {
    const { body } = snapshot.get('SELECT body FROM chunks WHERE id = ?', id) ?? {};
    const found = pickSeries(readPack(path, body, blockOf(series), packScratch), series);
    return found ? ownPoints(found) : NO_POINTS;
  };
  return { type: TYPE_CODE.number, t0: Number(row.t0), t1: Number(row.t1), stats: undefined, read };
}

const NO_POINTS: ChunkPoints = {
  type: TYPE_CODE.number,
  times: new Float64Array(0),
  offsets: new Float64Array(0),
  ordinals: new Uint16Array(0),
  numbers: new Float64Array(0),
  texts: [],
};

function ownPoints({ type, times, offsets, ordinals, numbers, texts }: ChunkPoints): ChunkPoints {
  return {
    type,
    times: times.slice(),
    offsets: offsets.slice(),
    ordinals: ordinals.slice(),
    numbers: numbers.slice(),
    texts,
  };
}

function sourceOfRow(path: string, snapshot: Snapshot, row: Row): PointSource {
  const id = Number(row.id);
  return {
    type: Number(row.type),
    t0: Number(row.t0),
    t1: Number(row.t1),
    stats:
      row.sum === null
        ? undefined
        : {
            count: Number(row.n),
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
