import assert from 'node:assert/strict';
import type { PointValue } from '@skerry/model';
import { ChunkScratch } from '../chunk.ts';
import { valueAt } from '../chunk-points.ts';
import { TYPE_CODE } from '../head.ts';
import { blockOfKey, runsOfPack } from '../pack.ts';
import type { LatestPoint } from '../store.ts';
import { readChunk, readPack } from './chunk-rows.ts';
import type { DayFile } from './day-file.ts';
import type { Row } from './store-file.ts';

/** A newest point with what orders it among equals in time. */
export interface RankedPoint extends LatestPoint {
  readonly offset: number;
  readonly ordinal: number;
}

const LEAN = 'SELECT type, last FROM chunks WHERE series = ? AND t1 = ? AND t0 <= ?';
const FIND = 'SELECT type, last, n, body FROM chunks WHERE series = ? AND t1 = ?';

/** Adds the newest point of each series in a file; of files with equal times the one asked first counts. */
export function latestOf(file: DayFile, into: Map<number, RankedPoint>): void {
  const packed = latestInPacks(file);
  for (const row of file.all('SELECT series, max(t1) AS t1 FROM chunks WHERE series >= 0 GROUP BY series')) {
    const series = Number(row.series);
    const own = latestInChunks(file, series, Number(row.t1), packed.get(series));
    packed.delete(series);
    if (isLater(own, into.get(series))) into.set(series, own);
  }
  for (const [series, own] of packed) if (isLater(own, into.get(series))) into.set(series, own);
}

function isLater(own: RankedPoint, known: RankedPoint | undefined): boolean {
  return !known || known.timeMicros < own.timeMicros;
}

function latestInPacks(file: DayFile): Map<number, RankedPoint> {
  const found = new Map<number, RankedPoint>();
  const scratch = new ChunkScratch();
  let after = -1;
  for (;;) {
    const row: Row | undefined = file.get(
      'SELECT id, series, body FROM chunks WHERE id > ? AND series < 0 ORDER BY id LIMIT 1',
      after,
    );
    if (!row) return found;
    after = Number(row.id);
    const pack = readPack(file.path, row.body, blockOfKey(Number(row.series)), scratch);
    for (const { series, points } of runsOfPack(pack)) {
      const at = points.times.length - 1;
      const rank = {
        timeMicros: Number(points.times[at]),
        offset: Number(points.offsets[at]),
        ordinal: Number(points.ordinals[at]),
      };
      if (isNewer(rank, found.get(series)))
        found.set(series, { series, ...rank, value: Number(points.numbers[at]) });
    }
  }
}

/** The newer of the newest point in the chunks of a series, whose time is given, and of that in packs. */
function latestInChunks(
  file: DayFile,
  series: number,
  timeMicros: number,
  packed: RankedPoint | undefined,
): RankedPoint {
  if (packed && packed.timeMicros > timeMicros) return packed;
  const isTied = packed?.timeMicros === timeMicros;
  const rows = file.all(LEAN, series, timeMicros, timeMicros);
  const [only] = rows;
  const isPlain = only?.type === TYPE_CODE.number || only?.type === TYPE_CODE.boolean;
  if (only && rows.length === 1 && isPlain && !isTied) {
    const value: PointValue = only.type === TYPE_CODE.boolean ? only.last !== 0 : Number(only.last);
    return { series, timeMicros, value, offset: 0, ordinal: 0 };
  }
  let best = isTied ? packed : undefined;
  for (const one of file.all(FIND, series, timeMicros)) {
    const points = readChunk(file.path, one.body);
    const at = points.times.length - 1;
    const rank = { timeMicros, offset: Number(points.offsets[at]), ordinal: Number(points.ordinals[at]) };
    if (isNewer(rank, best)) best = { series, ...rank, value: valueAt(points, at) };
  }
  assert(best, `series ${series} was to have a point at ${timeMicros} and has none`);
  return best;
}

function isNewer(
  one: Pick<RankedPoint, 'timeMicros' | 'offset' | 'ordinal'>,
  best: RankedPoint | undefined,
): boolean {
  if (!best) return true;
  return (one.timeMicros - best.timeMicros || one.offset - best.offset || one.ordinal - best.ordinal) > 0;
}
