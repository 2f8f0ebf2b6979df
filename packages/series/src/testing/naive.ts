import type { PointValue } from '@skerry/model';
import type { Bucket } from '../store.ts';
import type { SamplePoint } from './builders.ts';

/** The answers of a store, worked out in the plainest way from all points: the judge of the compliance suite. */
export function naivePoints(
  all: readonly SamplePoint[],
  series: number,
  from: number,
  to: number,
): SamplePoint[] {
  return all
    .filter((point) => point.series === series && point.time >= from && point.time < to)
    .sort((a, b) => a.time - b.time || a.offset - b.offset || a.ordinal - b.ordinal);
}

/** Buckets of numbers and exact integers. */
export function naiveBuckets(
  all: readonly SamplePoint[],
  series: number,
  from: number,
  to: number,
  step: number,
): Bucket[] {
  const groups = new Map<number, number[]>();
  for (const point of numeric(naivePoints(all, series, from, to))) {
    const start = Math.floor(point.time / step) * step;
    groups.set(start, [...(groups.get(start) ?? []), Number(point.value)]);
  }
  return [...groups].map(([startMicros, values]) => ({
    startMicros,
    count: values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    sum: sumOf(values),
    first: Number(values[0]),
    last: Number(values.at(-1)),
  }));
}

/** Their sum, or the largest double where it is beyond. */
function sumOf(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  if (Number.isFinite(sum)) return sum;
  return Math.sign(values.reduce((all, value) => all + value / 2 ** 64, 0)) * Number.MAX_VALUE;
}

/** First, least, greatest and last of equal slices; all when they fit. */
export function naiveExtremes(
  all: readonly SamplePoint[],
  series: number,
  from: number,
  to: number,
  points: number,
): SamplePoint[] {
  const inRange = numeric(naivePoints(all, series, from, to));
  if (inRange.length <= points) return inRange;
  const slices = Math.floor(points / 4);
  const width = Math.max(1, Math.ceil((to - from) / slices));
  const picked = new Set<SamplePoint>();
  for (let slice = 0; slice < slices; slice++) {
    const own = inRange.filter((point) => Math.floor((point.time - from) / width) === slice);
    const [first] = own;
    const last = own.at(-1);
    if (!first || !last) continue;
    let [min, max] = [first, first];
    for (const point of own) {
      if (Number(point.value) < Number(min.value)) min = point;
      if (Number(point.value) > Number(max.value)) max = point;
    }
    for (const point of [first, min, max, last]) picked.add(point);
  }
  return inRange.filter((point) => picked.has(point));
}

function numeric(points: readonly SamplePoint[]): SamplePoint[] {
  return points.filter((point) => isNumeric(point.value));
}

function isNumeric(value: PointValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}
