/**
 * Microseconds since 1970 of a stamp in a recording: epoch seconds (below 10^11), milliseconds (below 10^14) or
 * microseconds as a number, or an ISO 8601 date and time with `T` or a blank. Stamps without an offset are read in
 * `zone`. Undefined when it is neither.
 */
export function localTimeMicros(stamp: unknown, zone: string): number | undefined {
  if (typeof stamp === 'number') return epochMicros(stamp);
  if (typeof stamp !== 'string') return undefined;
  const text = stamp.trim().replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, '$1T');
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  try {
    const instant = /(Z|[+-]\d{2}:?\d{2})$/i.test(text)
      ? Temporal.Instant.from(text)
      : Temporal.PlainDateTime.from(text).toZonedDateTime(zone).toInstant();
    return Number(instant.epochNanoseconds / 1_000n);
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

function epochMicros(value: number): number | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  if (value < 1e11) return Math.round(value * 1e6);
  if (value < 1e14) return Math.round(value * 1e3);
  return Math.round(value);
}
