import type { RecordedRow } from './recording.ts';

/**
 * JSON text of a row: `timestamp`, `messageId` (so that a row sent again after a cut is stored once) and its values.
 * Integers beyond 2^53 are written exactly. A row with a `messageId` of its own keeps it.
 */
export function rowPayload(row: Pick<RecordedRow, 'timeMicros' | 'values'>, messageId: string): string {
  const entries = Object.entries(row.values).map(
    ([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`,
  );
  const id = 'messageId' in row.values ? [] : [`"messageId":${JSON.stringify(messageId)}`];
  return `{${[`"timestamp":"${isoMicros(row.timeMicros)}"`, ...id, ...entries].join(',')}}`;
}

/** ISO 8601 with six digits and `Z` for microseconds since 1970. */
export function isoMicros(micros: number): string {
  const ms = Math.floor(micros / 1_000);
  const rest = String(micros - ms * 1_000).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${rest}Z`;
}

function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${jsonText(one)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
