/** The language of numbers and dates; one place to change when a second language comes. */
export const LOCALE = 'en';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const rate = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const clockTime = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const dayTime = new Intl.DateTimeFormat(LOCALE, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** A count with separators. */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** A rate with one digit below 100. */
export function formatRate(value: number): string {
  return value < 100 ? rate.format(value) : whole.format(value);
}

/** A measured value, with at most six significant digits; texts and booleans as they are. */
export function formatValue(value: number | string | boolean): string {
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  return new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 6 }).format(value);
}

/** A short duration in milliseconds. */
export function formatMillis(ms: number): string {
  if (ms < 1_000) return `${rate.format(Math.round(ms))} ms`;
  return `${rate.format(ms / 1_000)} s`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes in the unit that fits. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 ? whole.format(value) : rate.format(value)} ${UNITS[unit]}`;
}

/** Time of day in the reader's zone. */
export function formatClock(ms: number): string {
  return clockTime.format(ms);
}

/** Day and time in the reader's zone. */
export function formatMoment(ms: number): string {
  return dayTime.format(ms);
}

/** Milliseconds since 1970 of an ISO time. */
export function millisOf(iso: string): number {
  return Date.parse(iso);
}
