import { parseDuration } from '@skerry/kernel';

const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Microseconds of a duration such as `250ms`, `10s`, `1h30m` or `3d`; undefined when it is none or zero. */
export function parseStep(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms === undefined || ms === 0 || !Number.isSafeInteger(ms * 1_000) ? undefined : ms * 1_000;
}

/**
 * Microseconds since 1970 of an ISO 8601 time with a zone, of a bare date (UTC), of `now`, or of `now-15m`.
 * Digits beyond microseconds are cut off. Undefined when it is none of these.
 */
export function parseTime(text: string, nowMicros: number): number | undefined {
  if (text === 'now') return nowMicros;
  if (text.startsWith('now-')) {
    const back = parseStep(text.slice(4));
    return back === undefined ? undefined : nowMicros - back;
  }
  const match = MOMENT.exec(text);
  if (!match) return undefined;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const begin = new Date(Date.UTC(year, month - 1, day));
  if (begin.getUTCMonth() !== month - 1 || begin.getUTCDate() !== day) return undefined;
  const fraction = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const zone = zoneMinutes(match[8] ?? 'Z');
  return zone === undefined ? undefined : (wall - zone * 60_000) * 1_000 + fraction;
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

let knownSecond = Number.NaN;
let knownText = '';

/** ISO 8601 with six digits and `Z` for microseconds since 1970. Neighbouring times are cheap. */
export function formatTime(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== knownSecond) {
    knownText = new Date(second * 1_000).toISOString().slice(0, -4);
    knownSecond = second;
  }
  return `${knownText}${String(micros - second * 1_000_000).padStart(6, '0')}Z`;
}
