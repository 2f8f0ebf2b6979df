// Sums of points in doubles. What is beyond the largest double stops there, so that a device that says "no value" with
// the largest one keeps nothing from being summed. Every store sums in this way: postgres/sum-sql.ts says it in SQL.

/** Beyond this, on either side of 0, a value is summed apart, scaled down: what is left below cannot come near the end of doubles. */
export const HUGE = 1e270;
/** By which a huge value is multiplied. A power of two: nothing is rounded by it. */
export const SCALE = 2 ** -64;
/** The largest double, scaled. */
export const SCALED_MAX = Number.MAX_VALUE * SCALE;

/** Whether a value is to be summed apart. */
export function isHuge(value: number): boolean {
  return value > HUGE || value < -HUGE;
}

/** The sum of values of which the huge ones were summed apart, each multiplied by `SCALE`. */
export function joinSums(sum: number, hugeScaled: number): number {
  if (hugeScaled === 0) return sum;
  return Math.max(-SCALED_MAX, Math.min(SCALED_MAX, hugeScaled)) / SCALE + sum;
}

/** The sum of two sums. */
export function addSums(a: number, b: number): number {
  return boundedSum(a + b);
}

/** A sum as this build would make it: older ones wrote infinity for what is beyond the largest double. */
export function boundedSum(sum: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum));
}
