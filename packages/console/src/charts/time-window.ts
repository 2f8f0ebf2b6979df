/** The ranges that can be chosen, in seconds. */
export const RANGES = [
  { name: '15m', seconds: 900 },
  { name: '1h', seconds: 3_600 },
  { name: '6h', seconds: 21_600 },
  { name: '24h', seconds: 86_400 },
  { name: '3d', seconds: 259_200 },
] as const;

/** The name of a range. */
export type RangeName = (typeof RANGES)[number]['name'];

/** The least a window shows, so that two points are not the whole of it. */
const LEAST_SECS = 20;
/** Room left of the first point, as a share of the window. */
const MARGIN = 0.02;

/** Length of a range in seconds. */
export function secondsOf(range: RangeName): number {
  return RANGES.find((one) => one.name === range)?.seconds ?? RANGES[0].seconds;
}

/** The shortest range that holds a point of this age; the longest one when none does. */
export function rangeHolding(ageSecs: number): RangeName {
  return RANGES.find((one) => ageSecs * (1 + MARGIN) <= one.seconds)?.name ?? '3d';
}

/**
 * Begin of a window that ends `now` (all in seconds since 1970): the range, or less when the first point there is lies
 * inside it. A young device then fills its chart, and the window grows with it.
 */
export function windowStart(now: number, range: RangeName, firstAt: number | undefined): number {
  const seconds = secondsOf(range);
  if (firstAt === undefined) return now - seconds;
  const lived = Math.max(LEAST_SECS, (now - firstAt) * (1 + MARGIN));
  return now - Math.min(seconds, lived);
}
