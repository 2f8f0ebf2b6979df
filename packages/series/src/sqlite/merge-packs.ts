import { ChunkScratch } from '../chunk.ts';
import { type ChunkPoints, joinPoints } from '../chunk-points.ts';
import { cutPoints } from '../head-runs.ts';
import { LIMITS } from '../limits.ts';
import { blockOfKey, runsOfPack } from '../pack.ts';
import { readPack, writeChunk } from './chunk-rows.ts';
import type { DayFile } from './day-file.ts';
import type { MergeBounds } from './merge.ts';

const HOUR_MICROS = 3_600_000_000;
/** Packs whose last time lies further back wait until there are many, or until the day is over. */
const RECENT_MICROS = 3 * HOUR_MICROS;

interface PackRow {
  readonly id: number;
  readonly seal: number;
  readonly n: number;
  readonly t1: number;
}

const scratch = new ChunkScratch();

/** Takes the packs of one block apart when that is due; `key` is what their rows have in place of a series. Returns by how many rows there are fewer, which is negative when there are more. */
export function takePacksApart(file: DayFile, key: number, bounds: MergeBounds): number {
  const rows = portion(file, key, bounds.sealMax);
  if (!isDue(rows, bounds)) return 0;
  const bySeries = new Map<number, ChunkPoints[]>();
  for (const row of rows) {
    const body = file.get('SELECT body FROM chunks WHERE id = ?', row.id)?.body;
    const pack = readPack(file.path, body, blockOfKey(key), scratch);
    for (const { series, points } of runsOfPack(pack)) {
      const own = { ...points, ...copied(points) };
      const known = bySeries.get(series);
      if (known) known.push(own);
      else bySeries.set(series, [own]);
    }
  }
  const seal = Math.max(...rows.map((row) => row.seal));
  for (const row of rows) file.run('DELETE FROM chunks WHERE id = ?', row.id);
  let written = 0;
  for (const [series, parts] of bySeries) {
    for (const points of cutPoints(joinPoints(parts))) {
      file.guard('write', () => writeChunk(file, { series, level: 1, seal }, points));
      written++;
    }
  }
  return rows.length - written;
}

function copied({ times, offsets, ordinals, numbers }: ChunkPoints) {
  return {
    times: times.slice(),
    offsets: offsets.slice(),
    ordinals: ordinals.slice(),
    numbers: numbers.slice(),
  };
}

/** The oldest packs, of a bounded number of points. */
function portion(file: DayFile, key: number, sealMax: number): PackRow[] {
  const found: PackRow[] = [];
  let points = 0;
  for (const row of file.all('SELECT id, seal, n, t1 FROM chunks WHERE series = ? ORDER BY id', key)) {
    const n = Number(row.n);
    if (Number(row.seal) > sealMax) break;
    if (found.length > 0 && points + n > LIMITS.packedPointsMax.value + LIMITS.chunkPointsMax.value) break;
    points += n;
    found.push({ id: Number(row.id), seal: Number(row.seal), n, t1: Number(row.t1) });
  }
  return found;
}

function isDue(rows: readonly PackRow[], { isClosed, logMicros }: MergeBounds): boolean {
  if (rows.length === 0) return false;
  if (isClosed || rows.length >= LIMITS.packsMax.value) return true;
  if (rows.reduce((sum, row) => sum + row.n, 0) >= LIMITS.packedPointsMax.value) return true;
  return rows.some(({ t1 }) => {
    const endMicros = (Math.floor(t1 / HOUR_MICROS) + 1) * HOUR_MICROS;
    return t1 >= logMicros - RECENT_MICROS && logMicros >= endMicros + HOUR_MICROS / 60;
  });
}
