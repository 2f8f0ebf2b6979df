import type { FailpointHook } from '@skerry/kernel';
import { joinPoints } from '../chunk-points.ts';
import { cutPoints } from '../head-runs.ts';
import { LIMITS } from '../limits.ts';
import type { Turn } from '../turn.ts';
import { readChunk, writeChunk } from './chunk-rows.ts';
import type { DayFile } from './day-file.ts';
import { takePacksApart } from './merge-packs.ts';

const HOUR_MICROS = 3_600_000_000;
/** Open hours are looked at this far back; older late data waits until the day is over. */
const RECENT_MICROS = 3 * HOUR_MICROS;
/** Chunks of this many points or more are large enough. */
const LARGE_POINTS = LIMITS.chunkPointsMax.value / 2;
/** Points joined at a time. */
const JOIN_POINTS = 2 * LIMITS.chunkPointsMax.value;

interface ChunkRow {
  readonly id: number;
  readonly type: number;
  readonly level: number;
  readonly seal: number;
  readonly n: number;
  readonly t0: number;
}

/** A group of chunks that become fewer, at a level. */
interface Group {
  readonly rows: readonly ChunkRow[];
  readonly level: number;
}

/** What a pass over one file may touch. */
export interface MergeBounds {
  /** Seals above are not in the rollups yet. */
  readonly sealMax: number;
  readonly logMicros: number;
  /** True for a file that gets no more seals: everything small is joined. */
  readonly isClosed: boolean;
}

/** Before the rows of packs, which stand before all series. */
export const FIRST_CURSOR = Number.MIN_SAFE_INTEGER;

/**
 * Merges from the first series above `cursor` on until the slice is used up, in one transaction. Returns the series
 * to go on after, or undefined when the pass is over, and by how many chunks there are fewer; where packs were taken
 * apart there may be more.
 */
export function mergeSlice(
  file: DayFile,
  cursor: number,
  bounds: MergeBounds,
  turn: Turn,
  failpoint: FailpointHook,
): { readonly cursor: number | undefined; readonly removed: number } {
  let at = cursor;
  let removed = 0;
  let isOver = false;
  file.begin();
  try {
    do {
      const next = file.get('SELECT series FROM chunks WHERE series > ? ORDER BY series LIMIT 1', at);
      isOver = next === undefined;
      if (next === undefined) break;
      const series = Number(next.series);
      removed += series < 0 ? takePacksApart(file, series, bounds) : mergeSeries(file, series, bounds);
      at = series;
    } while (!turn.isDue());
    if (isOver && bounds.isClosed) file.setState({ ...file.state(), isMerged: true });
    if (removed !== 0) failpoint('merge-before-commit');
    file.commit();
  } catch (error) {
    file.rollback();
    throw error;
  }
  return { cursor: isOver ? undefined : at, removed };
}

function mergeSeries(file: DayFile, series: number, bounds: MergeBounds): number {
  return groupsOf(rowsOf(file, series, bounds), bounds).reduce(
    (sum, group) => sum + join(file, series, group),
    0,
  );
}

function rowsOf(file: DayFile, series: number, bounds: MergeBounds): ChunkRow[] {
  const since = bounds.isClosed ? -1 : bounds.logMicros - RECENT_MICROS;
  return file
    .all(
      'SELECT id, type, level, seal, n, t0 FROM chunks WHERE series = ? AND t0 >= ? ORDER BY t0',
      series,
      since,
    )
    .map((row) => ({
      id: Number(row.id),
      type: Number(row.type),
      level: Number(row.level),
      seal: Number(row.seal),
      n: Number(row.n),
      t0: Number(row.t0),
    }));
}

function groupsOf(rows: readonly ChunkRow[], bounds: MergeBounds): Group[] {
  const byHour = new Map<string, ChunkRow[]>();
  for (const row of rows) {
    if (row.n >= LARGE_POINTS || row.seal > bounds.sealMax) continue;
    const key = `${row.type} ${Math.floor(row.t0 / HOUR_MICROS)}`;
    const known = byHour.get(key);
    if (known) known.push(row);
    else byHour.set(key, [row]);
  }
  return [...byHour.values()].flatMap((all) => {
    const endMicros = (Math.floor(Number(all[0]?.t0) / HOUR_MICROS) + 1) * HOUR_MICROS;
    const isHourOver = bounds.isClosed || bounds.logMicros >= endMicros + HOUR_MICROS / 60;
    const level = isHourOver ? 2 : 1;
    const least = isHourOver ? 2 : LIMITS.mergeChunksMin.value;
    const small = bounds.isClosed ? all : all.filter((row) => row.level < level);
    return small.length < least ? [] : portions(small).map((portion) => ({ rows: portion, level }));
  });
}

/** Neighbours in portions of a bounded number of points; portions of one chunk are left alone. */
function portions(rows: readonly ChunkRow[]): ChunkRow[][] {
  const all: ChunkRow[][] = [];
  let portion: ChunkRow[] = [];
  let points = 0;
  for (const row of rows) {
    if (portion.length > 0 && points + row.n > JOIN_POINTS) {
      all.push(portion);
      portion = [];
      points = 0;
    }
    portion.push(row);
    points += row.n;
  }
  return [...all, portion].filter((one) => one.length > 1);
}

function join(file: DayFile, series: number, group: Group): number {
  const parts = group.rows.map((row) =>
    readChunk(file.path, file.get('SELECT body FROM chunks WHERE id = ?', row.id)?.body),
  );
  const cuts = cutPoints(joinPoints(parts));
  if (cuts.length >= group.rows.length) return 0;
  for (const row of group.rows) file.run('DELETE FROM chunks WHERE id = ?', row.id);
  const seal = Math.max(...group.rows.map((row) => row.seal));
  for (const points of cuts) {
    file.guard('write', () => writeChunk(file, { series, level: group.level, seal }, points));
  }
  return group.rows.length - cuts.length;
}
