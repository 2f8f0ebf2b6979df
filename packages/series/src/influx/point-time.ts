const SECOND = 1_000_000;
const MS = 1_000;

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

/** The time of a point in InfluxDB, decimal nanoseconds since 1970; undefined for what is no whole number of microseconds below 2^53, which is the year 2255. */
export function pointNanos(micros: number, offset: number, twin: number): string | undefined {
  if (!Number.isSafeInteger(micros)) return undefined;
  const nanos = orderNanos(micros, offset, twin);
  const rest = nanos % 1_000;
  const up = micros + (nanos - rest) / 1_000;
  if (up > 0) return `${up}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`;
  return String(BigInt(up) * 1_000n + BigInt(rest));
}
