/** The language of numbers and dates; one place to change when a second language comes. */
export const LOCALE = 'en';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const rate = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
/** Significant digits that a double keeps of any decimal number. */
const DIGITS = 15;
/** Numbers that are no exact integers have an exponent from here, where their last digits are made up. */
const WHOLE_MAX = 1e15;
/** Numbers below have an exponent. */
const PLAIN_MIN = 1e-4;
/** Digits after the point that `Intl.NumberFormat` writes in every browser. */
const DECIMALS_MAX = 20;
const measured = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: DIGITS });
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

/** A value of a point as the page holds it; an exact integer beyond 2^53 is a bigint. */
export type Value = number | bigint | string | boolean;

/** The value of a point as the API gives it, where exact integers are digits marked `integer`. */
export function parseValue(point: {
  readonly value: number | string | boolean;
  readonly type?: 'integer' | undefined;
}): Value {
  return point.type === 'integer' && typeof point.value === 'string' ? BigInt(point.value) : point.value;
}

/**
 * A measured value in whole: integers with every digit, other numbers with the 15 significant digits that a double
 * keeps of any decimal number; very large and very small ones with an exponent. Texts and booleans as they are.
 */
export function formatValue(value: Value): string {
  if (typeof value === 'bigint') return whole.format(value);
  if (typeof value !== 'number') return String(value);
  // -0 equals 0
  if (Number.isSafeInteger(value)) return whole.format(value === 0 ? 0 : value);
  if (isExtreme(Math.abs(value))) return Number(value.toPrecision(DIGITS)).toExponential();
  return measured.format(value);
}

/** Labels of an axis's ticks, `step` apart, with the digits that tell one from the next. */
export function formatTicks(ticks: readonly number[], step: number): string[] {
  const place = lastPlace(step);
  const hasExponent = isExtreme(ticks.reduce((most, tick) => Math.max(most, Math.abs(tick)), 0));
  const digits = Math.min(Math.max(0, -place), DECIMALS_MAX);
  const plain = new Intl.NumberFormat(LOCALE, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  });
  return ticks.map((tick) => {
    if (!hasExponent) return plain.format(tick);
    // what adding up steps leaves instead of zero
    if (Math.abs(tick) < step / 2) return '0';
    const kept = Math.floor(Math.log10(Math.abs(tick))) - place;
    return tick.toExponential(Math.min(Math.max(0, kept), DIGITS));
  });
}

function isExtreme(size: number): boolean {
  return size >= WHOLE_MAX || (size > 0 && size < PLAIN_MIN);
}

/** The power of ten of a step's last digit: -4 for 0.0025. */
function lastPlace(step: number): number {
  const [mantissa = '', exponent] = Number(step.toPrecision(6)).toExponential().split('e');
  return Number(exponent) - Math.max(0, mantissa.length - 2);
}

/** A short duration in milliseconds. */
export function formatMillis(ms: number): string {
  if (ms < 1_000) return `${rate.format(Math.round(ms))} ms`;
  return `${rate.format(ms / 1_000)} s`;
}

/** Labels of ticks in milliseconds, all in the unit that fits the largest. */
export function formatMillisTicks(ticks: readonly number[], step: number): string[] {
  if ((ticks.at(-1) ?? 0) < 1_000) return formatTicks(ticks, step).map((label) => `${label} ms`);
  const seconds = ticks.map((tick) => tick / 1_000);
  return formatTicks(seconds, step / 1_000).map((label) => `${label} s`);
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
