const SECOND = 1_000_000;
const MS = 1_000;

/** What an exact integer of 64 bits holds, less what InfluxDB keeps for itself. */
const NANOS_MIN = -9_223_372_036_854_775_806n;
const NANOS_MAX = 9_223_372_036_854_775_806n;
// microseconds whose nanoseconds, with any order behind them, are inside these
const MICROS_MIN = -9_223_372_036_854_775;
const MICROS_MAX = 9_223_372_036_000_000;

/**
 * Nanoseconds that a point's time gets added, below the precision of the message's own time: the order of its record
 * and, behind it, its number among the points of one series and time in that record. Two messages of one second stay two
 * points, and a repeat has the same time. docs/formats/influx.md says how far it reaches.
 */
export function orderNanos(micros: number, offset: number, twin: number): number {
  if (micros % SECOND === 0) return (offset % 1_000_000) * 100 + (twin % 100);
  if (micros % MS === 0) return (offset % 10_000) * 100 + (twin % 100);
  return (offset + twin) % 1_000;
}

/** The time of a point in InfluxDB, decimal nanoseconds since 1970; undefined outside the years 1677 to 2262. */
export function pointNanos(micros: number, offset: number, twin: number): string | undefined {
  if (!(micros >= MICROS_MIN && micros <= MICROS_MAX)) return undefined;
  const whole = Math.floor(micros);
  const nanos = orderNanos(whole, offset, twin);
  const rest = nanos % 1_000;
  const up = whole + (nanos - rest) / 1_000;
  if (up > 0) return `${up}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`;
  const exact = BigInt(up) * 1_000n + BigInt(rest);
  return exact >= NANOS_MIN && exact <= NANOS_MAX ? String(exact) : undefined;
}
