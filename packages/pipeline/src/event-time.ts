const DAY_MICROS = 86_400_000_000;

/** First event time that is taken as it is: 2000-01-01T00:00:00Z, in microseconds since 1970. */
export const EVENT_TIME_MIN_MICROS = 946_684_800_000_000;

/** How far ahead of its receipt an event may be, in microseconds. */
export const EVENT_TIME_AHEAD_MICROS = DAY_MICROS;

/** Whether an event time may be kept beside this time of receipt; both in microseconds since 1970. */
export function isEventTimeAccepted(eventMicros: number, receivedMicros: number): boolean {
  return eventMicros >= EVENT_TIME_MIN_MICROS && eventMicros <= receivedMicros + EVENT_TIME_AHEAD_MICROS;
}

/**
 * Microseconds since 1970 of a time as devices write it: seconds below 10^11, milliseconds below 10^14, microseconds
 * below 10^17, else nanoseconds; a text is the same in digits, or ISO 8601 (UTC without a zone). NaN for anything else.
 */
export function eventMicros(time: number | bigint | string): number {
  if (typeof time === 'number') return fromNumber(time);
  if (typeof time === 'bigint') return fromBigint(time);
  const text = time.trim();
  if (/^-?\d{1,15}(\.\d{1,9})?$/.test(text)) return fromNumber(Number(text));
  if (/^-?\d{16,30}$/.test(text)) return fromBigint(BigInt(text));
  return fromIso(text);
}

function fromNumber(time: number): number {
  const size = Math.abs(time);
  if (size < 1e11) return Math.round(time * 1e6);
  if (size < 1e14) return Math.round(time * 1e3);
  if (size < 1e17) return Math.round(time);
  return Math.round(time / 1e3);
}

function fromBigint(time: bigint): number {
  const size = time < 0n ? -time : time;
  return size < 100_000_000_000_000_000n ? fromNumber(Number(time)) : Number(time / 1000n);
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,18}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

function fromIso(text: string): number {
  const parts = ISO.exec(text);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts;
  const isLeapSecond = second === '60';
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return Number.NaN;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const back = new Date(date);
  if (back.getUTCMonth() !== Number(month) - 1 || back.getUTCDate() !== Number(day)) return Number.NaN;
  const offset = zoneSecs(zone);
  if (Number.isNaN(offset)) return Number.NaN;
  const secs = Number(hour) * 3600 + Number(minute) * 60 + (isLeapSecond ? 59 : Number(second)) - offset;
  return date * 1000 + secs * 1e6 + (isLeapSecond ? 999_999 : Number(`${fraction}000000`.slice(0, 6)));
}

function zoneSecs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (zone[0] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}
