import type { SeededRandom } from './seeded-random.ts';

/** A value that follows a target with the inertia of a first-order lag; exact for every step. */
export function lagged(value: number, target: number, stepSecs: number, lagSecs: number): number {
  return target + (value - target) * Math.exp(-stepSecs / lagSecs);
}

/**
 * The next value of a noise with mean 0 and deviation 1 that forgets itself in `memorySecs` (Ornstein and Uhlenbeck);
 * exact for every step.
 */
export function drifted(value: number, stepSecs: number, memorySecs: number, random: SeededRandom): number {
  const kept = Math.exp(-stepSecs / memorySecs);
  return kept * value + Math.sqrt(1 - kept * kept) * random.normal();
}

/** Share of a standard normal distribution below a value (Abramowitz and Stegun 26.2.17, to 7 digits). */
export function normalShare(value: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(value));
  const tail =
    0.398_942_280_4 *
    Math.exp((-value * value) / 2) *
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return value >= 0 ? 1 - tail : tail;
}

/** The smallest signed turn from one bearing to another, in degrees from -180 to 180. */
export function turnBetween(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

/** A bearing within [0, 360). */
export function bearing(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}

/** A number with at most so many decimals, as instruments give it. */
export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** Hour of the day in UTC, with its fraction. */
export function hourOf(nowMicros: number): number {
  return (nowMicros / 3.6e9) % 24;
}
