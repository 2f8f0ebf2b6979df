import type { PointValue } from '@skerry/model';
import { type ChunkPoints, comparePoints, firstAtOrAfter, valueAt } from './chunk-points.ts';
import { LIMITS } from './limits.ts';
import type { PointSource } from './point-source.ts';
import type { PointCursor, PointPage, SeriesQuery } from './store.ts';
import type { Turn } from './turn.ts';

/** The raw shape of a query. */
export type RawShape = Extract<SeriesQuery['shape'], { kind: 'raw' }>;

/** One run being read: `at` moves by the direction until `stop`. */
interface Run {
  readonly points: ChunkPoints;
  at: number;
  readonly stop: number;
}

/** One page of raw points; newest first they come in descending order. */
export async function answerPage(
  sources: readonly PointSource[],
  range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>,
  shape: RawShape,
  turn: Turn,
): Promise<PointPage> {
  const direction = shape.newestFirst ? -1 : 1;
  const limit = Math.max(1, Math.min(shape.limit, LIMITS.pagePointsMax.value));
  const wanted = sources
    .filter((source) => mayHold(source, range, shape))
    .sort((a, b) => (direction === 1 ? a.t0 - b.t0 : b.t1 - a.t1));
  const page = new PageBuilder();
  let runs: Run[] = [];
  for (const [index, source] of wanted.entries()) {
    runs.push(runOf(source.read(), range, shape));
    const next = wanted[index + 1];
    const horizon = next === undefined ? direction * Infinity : direction === 1 ? next.t0 : next.t1;
    runs = drain(runs, direction, horizon, page, limit + 1);
    if (page.length > limit) break;
    if (turn.isDue()) await turn.take();
  }
  return page.finish(limit);
}

function mayHold(
  source: PointSource,
  range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>,
  shape: RawShape,
): boolean {
  if (source.t1 < range.fromMicros || source.t0 >= range.toMicros) return false;
  if (!shape.after) return true;
  return shape.newestFirst ? source.t0 <= shape.after.timeMicros : source.t1 >= shape.after.timeMicros;
}

function runOf(
  points: ChunkPoints,
  range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>,
  shape: RawShape,
): Run {
  let low = firstAtOrAfter(points.times, range.fromMicros);
  let high = firstAtOrAfter(points.times, range.toMicros);
  const after = shape.after;
  if (after && shape.newestFirst) {
    high = Math.min(high, firstAtOrAfter(points.times, after.timeMicros + 1));
    while (high > low && compareToCursor(points, high - 1, after) >= 0) high--;
  } else if (after) {
    low = Math.max(low, firstAtOrAfter(points.times, after.timeMicros));
    while (low < high && compareToCursor(points, low, after) <= 0) low++;
  }
  if (low >= high) return { points, at: 0, stop: 0 };
  return shape.newestFirst ? { points, at: high - 1, stop: low - 1 } : { points, at: low, stop: high };
}

function compareToCursor(points: ChunkPoints, i: number, cursor: PointCursor): number {
  return (
    Number(points.times[i]) - cursor.timeMicros ||
    Number(points.offsets[i]) - cursor.offset ||
    Number(points.ordinals[i]) - cursor.ordinal
  );
}

/** Moves points that no later run can precede into the page, at most up to `length`; returns the runs with points left. */
function drain(runs: Run[], direction: number, horizon: number, page: PageBuilder, length: number): Run[] {
  let left = runs.filter((run) => run.at !== run.stop);
  while (left.length > 0 && page.length < length) {
    let best = left[0];
    for (const run of left) {
      if (best && run !== best && direction * comparePoints(run.points, run.at, best.points, best.at) < 0) {
        best = run;
      }
    }
    if (!best || direction * (Number(best.points.times[best.at]) - horizon) >= 0) break;
    page.add(best.points, best.at);
    best.at += direction;
    if (best.at === best.stop) left = left.filter((run) => run !== best);
  }
  return left;
}

class PageBuilder {
  readonly #times: number[] = [];
  readonly #values: PointValue[] = [];
  readonly #offsets: number[] = [];
  readonly #ordinals: number[] = [];

  get length(): number {
    return this.#times.length;
  }

  add(points: ChunkPoints, i: number): void {
    this.#times.push(Number(points.times[i]));
    this.#values.push(valueAt(points, i));
    this.#offsets.push(Number(points.offsets[i]));
    this.#ordinals.push(Number(points.ordinals[i]));
  }

  /** The page; what lies beyond `limit` only says that more follows. */
  finish(limit: number): PointPage {
    const hasMore = this.length > limit;
    const last = limit - 1;
    return {
      kind: 'points',
      times: Float64Array.from(this.#times.slice(0, limit)),
      values: this.#values.slice(0, limit),
      offsets: Float64Array.from(this.#offsets.slice(0, limit)),
      ordinals: Uint16Array.from(this.#ordinals.slice(0, limit)),
      next: hasMore
        ? {
            timeMicros: Number(this.#times[last]),
            offset: Number(this.#offsets[last]),
            ordinal: Number(this.#ordinals[last]),
          }
        : undefined,
    };
  }
}
