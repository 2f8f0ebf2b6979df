import { AHEAD_MS, ageParts } from './parts/freshness.ts';
import type { Language, Zone } from './preferences.ts';
import { en } from './words/en.ts';
import { zh } from './words/zh.ts';

/** How numbers and times are written in one language and one zone. */
export interface Format {
  /** A count with separators. */
  count(value: number): string;
  /** A rate with one digit below 100. */
  rate(value: number): string;
  /** A share between 0 and 1 in percent. */
  share(value: number): string;
  /** A measured value, see `formatValue`. */
  value(value: Value): string;
  /** A time in milliseconds in the unit that fits. */
  millis(ms: number): string;
  /** Time of day; to the millisecond where `isPrecise`. */
  clock(ms: number, isPrecise?: boolean): string;
  /** Time of day to the minute. */
  minute(ms: number): string;
  /** Day and time, with the year when it is not this one; to the millisecond where `isPrecise`. */
  moment(ms: number, isPrecise?: boolean): string;
  /** Day, time and zone, with the year when it is not this one. */
  zonedMoment(ms: number): string;
  /** Day and time to the minute, with the year when it is not this one. */
  dayMinute(ms: number): string;
  /** An age in words: `12 seconds ago`; a negative one is of a clock that is ahead: `in 20 hours (clock ahead)`. */
  ago(ageMs: number): string;
  /** A length of time in words: `3 days`. */
  span(ms: number): string;
  /** The zone of all times: `UTC+8` for instance, or the name of one that was chosen (`Europe/Berlin`). */
  readonly zone: string;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const rate = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
/** Significant digits that a double keeps of any decimal number. */
const DIGITS = 15;
/** Numbers that are no exact integers have an exponent from here, where their last digits are made up. */
const WHOLE_MAX = 1e15;
/** Numbers below have an exponent. */
const PLAIN_MIN = 1e-4;
/** Digits after the point that `Intl.NumberFormat` writes in every browser. */
const DECIMALS_MAX = 20;
const measured = new Intl.NumberFormat('en', { maximumSignificantDigits: DIGITS });
const made = new Map<string, Format>();

/** The formats of a language and a zone. Both languages write numbers alike. */
export function formatFor(language: Language, zone: Zone): Format {
  const key = `${language} ${zone}`;
  const format = made.get(key) ?? makeFormat(language === 'zh' ? 'zh-CN' : 'en', zone);
  made.set(key, format);
  return format;
}

function makeFormat(locale: string, zone: Zone): Format {
  const timeZone = zone === 'utc' ? 'UTC' : zone === 'local' ? undefined : zone;
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone } as const;
  const date = { month: 'short', day: 'numeric', timeZone } as const;
  const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  const precise = { ...time, fractionalSecondDigits: 3 } as const;
  const clock = new Intl.DateTimeFormat(locale, time);
  const preciseClock = new Intl.DateTimeFormat(locale, precise);
  const short = new Intl.DateTimeFormat(locale, minute);
  const moment = datedFormat(locale, { ...date, ...time });
  const preciseMoment = datedFormat(locale, { ...date, ...precise });
  const dayMinute = datedFormat(locale, { ...date, ...minute });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const zoneName = zone === 'utc' || zone === 'local' ? zoneOf(timeZone) : zone;
  return {
    count: formatCount,
    rate: formatRate,
    share: (value) => share.format(value),
    value: formatValue,
    millis: formatMillis,
    clock: (ms, isPrecise = false) => (isPrecise ? preciseClock : clock).format(ms),
    minute: (ms) => short.format(ms),
    moment: (ms, isPrecise = false) => (isPrecise ? preciseMoment : moment)(ms),
    zonedMoment: (ms) => `${moment(ms)} ${zoneName}`,
    dayMinute,
    ago: (ageMs) => {
      const { count, unit } = ageParts(Math.abs(ageMs));
      const words = locale === 'en' ? en : zh;
      if (ageMs < -AHEAD_MS) return words.ahead(relative.format(count, unit));
      if (ageMs >= 0 && (unit !== 'second' || count >= 2)) return relative.format(-count, unit);
      return words.justNow;
    },
    span: (ms) => {
      const { count, unit } = ageParts(ms);
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
    },
    zone: zoneName,
  };
}

/** Writes a time with its day, and with the year when it is not this one. */
function datedFormat(locale: string, options: Intl.DateTimeFormatOptions): (ms: number) => string {
  const { timeZone } = options;
  const year = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone });
  const here = new Intl.DateTimeFormat(locale, options);
  const elsewhere = new Intl.DateTimeFormat(locale, { ...options, year: 'numeric' });
  return (ms) => (year.format(ms) === year.format(new Date()) ? here : elsewhere).format(ms);
}

/** A zone as its distance from UTC now. */
function zoneOf(timeZone: string | undefined): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(
    new Date(),
  );
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
  return name.replace('GMT', 'UTC').replace(/[+-]0$/, '');
}

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
  const plain = new Intl.NumberFormat('en', {
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

/** Milliseconds since 1970 of an ISO time. */
export function millisOf(iso: string): number {
  return Date.parse(iso);
}
