import type { PointValue } from '@skerry/model';

/** 2000-01-01T00:00:00Z, from which PostgreSQL counts, in microseconds since 1970. */
export const PG_EPOCH_MICROS = 946_684_800_000_000;

// years 1 to 9999: what both sides write alike
const MICROS_MIN = -62_135_596_800_000_000;
const MICROS_MAX = 253_402_300_799_000_000;

const ESCAPE = '\uf8f0';
const ZERO = '\u0000';

/** A time as a literal of `timestamptz`; what lies beyond the years 1 to 9999 becomes their end. */
export function timestampOf(micros: number): string {
  const bounded = Math.min(MICROS_MAX, Math.max(MICROS_MIN, Math.round(micros)));
  const ms = Math.floor(bounded / 1000);
  const rest = String(bounded - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${rest}+00`);
}

/** Microseconds since 1970 from `date_part('epoch', …)`, a double: exact until 2106. */
export function microsOf(epoch: unknown): number {
  const secs = Number(epoch);
  const whole = Math.floor(secs);
  return whole * 1_000_000 + Math.round((secs - whole) * 1_000_000);
}

/** A text as PostgreSQL can keep it: it has no U+0000. `original` gives it back. */
export function storable(text: string): string {
  if (!text.includes(ZERO) && !text.includes(ESCAPE)) return text;
  return text.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll(ZERO, `${ESCAPE}0`);
}

/** The text that `storable` was given. */
export function original(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(`${ESCAPE}0`, ZERO).replaceAll(`${ESCAPE}1`, ESCAPE);
}

/** The value of a row of points or latest values; one of its columns is not null. */
export function pointValue(row: {
  readonly value?: unknown;
  readonly text?: unknown;
  readonly flag?: unknown;
  readonly exact?: unknown;
}): PointValue {
  if (row.exact !== null && row.exact !== undefined) return BigInt(String(row.exact));
  if (row.text !== null && row.text !== undefined) return original(String(row.text));
  if (row.flag !== null && row.flag !== undefined) return row.flag === true;
  return Number(row.value);
}
