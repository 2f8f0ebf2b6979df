import type { PointValue } from '@skerry/model';
import { ChunkScratch } from './chunk.ts';
import { type ChunkPoints, firstAtOrAfter, isNumeric, valueAt } from './chunk-points.ts';
import { SeriesError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { PointSource } from './point-source.ts';
import type { PointPage, SeriesQuery } from './store.ts';
import type { Turn } from './turn.ts';

/** A point that was picked, out of its chunk, so that no chunk is kept for it. */
interface PickedPoint {
  readonly time: number;
  readonly offset: number;
  readonly ordinal: number;
  /** The value as a double. */
  readonly number: number;
  readonly value: PointValue;
}

interface Slice {
  first: PickedPoint;
  last: PickedPoint;
  min: PickedPoint;
  max: PickedPoint;
}

/**
 * At most `pointsMax` points of numbers and exact integers: first, least, greatest and last of equal slices of the
 * range, the earliest of equals; all points when they fit. In order of time. `isPicked`: the sources hold the picks of more
 * points than fit, of the same slices, and not the points themselves.
 */
export async function answerExtremes(
  sources: readonly PointSource[],
  range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>,
  pointsMax: number,
  turn: Turn,
  isPicked = false,
): Promise<PointPage> {
  checkExtremes(pointsMax);
  const scratch = new ChunkScratch();
  const slices = new Slices(range.fromMicros, sliceMicros(range, pointsMax), Math.floor(pointsMax / 4));
  let all: PickedPoint[] | undefined = isPicked ? undefined : [];
  let count = 0;
  for (const source of sources) {
    if (!isNumeric(source.type) || source.t1 < range.fromMicros || source.t0 >= range.toMicros) continue;
    const points = source.read(scratch);
    const low = firstAtOrAfter(points.times, range.fromMicros);
    const high = firstAtOrAfter(points.times, range.toMicros);
    count += high - low;
    if (count > pointsMax) all = undefined;
    for (let i = low; all && i < high; i++) all.push(alone(points, i));
    slices.add(points, low, high);
    if (turn.isDue()) await turn.take();
  }
  if (all) return pageOf(all);
  return pageOf(slices.picks());
}

/** Width of the slices that `pointsMax` points have, in microseconds. */
export function sliceMicros(range: Pick<SeriesQuery, 'fromMicros' | 'toMicros'>, pointsMax: number): number {
  return Math.max(1, Math.ceil((range.toMicros - range.fromMicros) / Math.floor(pointsMax / 4)));
}

/** Fails with `query-refused` for a number of points that makes no sense. */
export function checkExtremes(pointsMax: number): void {
  if (pointsMax >= 4 && pointsMax <= LIMITS.extremePointsMax.value) return;
  const wanted = `4 to ${LIMITS.extremePointsMax.value}`;
  throw new SeriesError(
    'query-refused',
    `Cannot answer with ${pointsMax} extreme points: ask for ${wanted}.`,
  );
}

class Slices {
  readonly #fromMicros: number;
  readonly #widthMicros: number;
  readonly #slices: (Slice | undefined)[];

  constructor(fromMicros: number, widthMicros: number, count: number) {
    this.#fromMicros = fromMicros;
    this.#widthMicros = widthMicros;
    this.#slices = Array.from({ length: count });
  }

  add(points: ChunkPoints, low: number, high: number): void {
    const { times, numbers } = points;
    for (let i = low; i < high; ) {
      const index = Math.floor((Number(times[i]) - this.#fromMicros) / this.#widthMicros);
      const end = this.#fromMicros + (index + 1) * this.#widthMicros;
      const first = i;
      let min = i;
      let max = i;
      let least = Number(numbers[i]);
      let most = least;
      for (i++; i < high && Number(times[i]) < end; i++) {
        const value = Number(numbers[i]);
        if (value < least) {
          least = value;
          min = i;
        } else if (value > most) {
          most = value;
          max = i;
        }
      }
      this.#merge(index, points, first, i - 1, min, max);
    }
  }

  #merge(index: number, points: ChunkPoints, first: number, last: number, min: number, max: number): void {
    const slice = this.#slices[index];
    if (!slice) {
      this.#slices[index] = {
        first: alone(points, first),
        last: alone(points, last),
        min: alone(points, min),
        max: alone(points, max),
      };
      return;
    }
    if (isBefore(points, first, slice.first)) slice.first = alone(points, first);
    if (!isBefore(points, last, slice.last)) slice.last = alone(points, last);
    const below = Number(points.numbers[min]) - slice.min.number;
    if (below < 0 || (below === 0 && isBefore(points, min, slice.min))) slice.min = alone(points, min);
    const above = Number(points.numbers[max]) - slice.max.number;
    if (above > 0 || (above === 0 && isBefore(points, max, slice.max))) slice.max = alone(points, max);
  }

  picks(): PickedPoint[] {
    return this.#slices.flatMap((slice) => (slice ? [slice.first, slice.min, slice.max, slice.last] : []));
  }
}

function alone(points: ChunkPoints, at: number): PickedPoint {
  return {
    time: Number(points.times[at]),
    offset: Number(points.offsets[at]),
    ordinal: Number(points.ordinals[at]),
    number: Number(points.numbers[at]),
    value: valueAt(points, at),
  };
}

function isBefore(points: ChunkPoints, at: number, pick: PickedPoint): boolean {
  const step =
    Number(points.times[at]) - pick.time ||
    Number(points.offsets[at]) - pick.offset ||
    Number(points.ordinals[at]) - pick.ordinal;
  return step < 0;
}

function compare(a: PickedPoint, b: PickedPoint): number {
  return a.time - b.time || a.offset - b.offset || a.ordinal - b.ordinal;
}

/** Sorted, each point once. */
function pageOf(picks: PickedPoint[]): PointPage {
  const sorted = picks.sort(compare).filter((pick, i) => {
    const before = picks[i - 1];
    return !before || compare(pick, before) !== 0;
  });
  return {
    kind: 'points',
    times: Float64Array.from(sorted, (pick) => pick.time),
    values: sorted.map((pick) => pick.value),
    offsets: Float64Array.from(sorted, (pick) => pick.offset),
    ordinals: Uint16Array.from(sorted, (pick) => pick.ordinal),
    next: undefined,
  };
}
