import { isHuge, joinSums, SCALE } from '../bounded-sum.ts';
import { type ChunkScratch, decodeChunk, decodePack, encodeChunk, encodePack } from '../chunk.ts';
import type { ChunkPoints } from '../chunk-points.ts';
import { SeriesError } from '../errors.ts';
import { blockOf, type PackPoints, packKey } from '../pack.ts';
import type { DayFile } from './day-file.ts';

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
  let [min, max, sum, huge] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < numbers.length; i++) {
    const value = Number(numbers[i]);
    if (value < min) min = value;
    if (value > max) max = value;
    if (isHuge(value)) huge += value * SCALE;
    else sum += value;
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
      hasNumbers ? joinSums(sum, huge) : null,
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
