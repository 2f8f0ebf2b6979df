/** How fresh a device is, by the age of what was last received; `ahead`: its time is later than now, which tells nothing. */
export type Freshness = 'live' | 'recent' | 'quiet' | 'silent' | 'ahead';

/** Clocks of devices, of the server and of the reader differ by this much (ms) without a word about it. */
export const AHEAD_MS = 5_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The freshness at an age in milliseconds. */
export function freshnessAt(ageMs: number): Freshness {
  if (ageMs < -AHEAD_MS) return 'ahead';
  if (ageMs < 30 * SECOND) return 'live';
  if (ageMs < 5 * MINUTE) return 'recent';
  return ageMs < DAY ? 'quiet' : 'silent';
}

/** A time ago as a number and its unit, the largest unit that fits. */
export function ageParts(ageMs: number): {
  readonly count: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day';
} {
  const age = Math.max(0, ageMs);
  if (age < 90 * SECOND) return { count: Math.floor(age / SECOND), unit: 'second' };
  if (age < 90 * MINUTE) return { count: Math.floor(age / MINUTE), unit: 'minute' };
  if (age < 36 * HOUR) return { count: Math.floor(age / HOUR), unit: 'hour' };
  return { count: Math.floor(age / DAY), unit: 'day' };
}
