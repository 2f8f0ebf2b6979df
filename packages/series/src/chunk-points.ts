import type { PointValue } from '@skerry/model';
import { TYPE_CODE } from './head.ts';

/** Points of one series and one type as columns, in the order (time, offset, ordinal). */
export interface ChunkPoints {
  /** One of `TYPE_CODE`. */
  readonly type: number;
  readonly times: Float64Array;
  readonly offsets: Float64Array;
  readonly ordinals: Uint16Array;
  /** Doubles; 0 and 1 for booleans; exact integers rounded; empty for texts. */
  readonly numbers: Float64Array;
  /** Texts, or the decimal digits of exact integers; empty otherwise. */
  readonly texts: readonly string[];
}

/** The value of point `i`. */
export function valueAt(points: ChunkPoints, i: number): PointValue {
  if (points.type === TYPE_CODE.number) return Number(points.numbers[i]);
  if (points.type === TYPE_CODE.boolean) return points.numbers[i] !== 0;
  if (points.type === TYPE_CODE.integer) return BigInt(String(points.texts[i]));
  return String(points.texts[i]);
}

/** True for the types that have buckets and extremes: numbers and exact integers. */
export function isNumeric(type: number): boolean {
  return type === TYPE_CODE.number || type === TYPE_CODE.integer;
}

/** Points [start, end) of `points`, sharing its memory. */
export function slicePoints(points: ChunkPoints, start: number, end: number): ChunkPoints {
  return {
    type: points.type,
    times: points.times.subarray(start, end),
    offsets: points.offsets.subarray(start, end),
    ordinals: points.ordinals.subarray(start, end),
    numbers: points.numbers.subarray(start, end),
    texts: points.texts.length === 0 ? points.texts : points.texts.slice(start, end),
  };
}

/** Joins sorted points of one type into one sorted run. */
export function joinPoints(parts: readonly ChunkPoints[]): ChunkPoints {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const total = parts.reduce((sum, part) => sum + part.times.length, 0);
  const type = only?.type ?? TYPE_CODE.number;
  const joined: ChunkPoints = {
    type,
    times: new Float64Array(total),
    offsets: new Float64Array(total),
    ordinals: new Uint16Array(total),
    numbers: new Float64Array(type === TYPE_CODE.text ? 0 : total),
    texts: parts.flatMap((part) => part.texts),
  };
  let at = 0;
  for (const part of parts) {
    joined.times.set(part.times, at);
    joined.offsets.set(part.offsets, at);
    joined.ordinals.set(part.ordinals, at);
    if (part.numbers.length > 0) joined.numbers.set(part.numbers, at);
    at += part.times.length;
  }
  return sortPoints(joined);
}

/** The same points in the order (time, offset, ordinal); the argument itself when it is in order. */
export function sortPoints(points: ChunkPoints): ChunkPoints {
  const n = points.times.length;
  let isSorted = true;
  for (let i = 1; i < n && isSorted; i++) isSorted = comparePoints(points, i - 1, points, i) <= 0;
  if (isSorted) return points;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) =>
    comparePoints(points, a, points, b),
  );
  return {
    type: points.type,
    times: Float64Array.from(order, (i) => Number(points.times[i])),
    offsets: Float64Array.from(order, (i) => Number(points.offsets[i])),
    ordinals: Uint16Array.from(order, (i) => Number(points.ordinals[i])),
    numbers: points.numbers.length === 0 ? points.numbers : permuteDoubles(points.numbers, order),
    texts: points.texts.length === 0 ? points.texts : Array.from(order, (i) => String(points.texts[i])),
  };
}

/** Bits are moved as integers, so that every double arrives as it was. */
function permuteDoubles(numbers: Float64Array, order: Uint32Array): Float64Array {
  const from = new BigUint64Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const into = new BigUint64Array(order.length);
  for (let i = 0; i < order.length; i++) into[i] = BigInt(from[Number(order[i])] ?? 0n);
  return new Float64Array(into.buffer);
}

/** Negative when point `i` of `a` comes before point `j` of `b` in the order (time, offset, ordinal). */
export function comparePoints(a: ChunkPoints, i: number, b: ChunkPoints, j: number): number {
  return (
    Number(a.times[i]) - Number(b.times[j]) ||
    Number(a.offsets[i]) - Number(b.offsets[j]) ||
    Number(a.ordinals[i]) - Number(b.ordinals[j])
  );
}

/** Index of the first time that is `micros` or later. `times` ascend. */
export function firstAtOrAfter(times: Float64Array, micros: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Number(times[middle]) < micros) low = middle + 1;
    else high = middle;
  }
  return low;
}
