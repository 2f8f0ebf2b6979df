import type { PointValue, SeriesKey } from '@skerry/model';
import type { DeviceEntry } from '../../platform.ts';
import { showValue } from '../../shape.ts';
import { formatTime } from '../../time.ts';

/** Writes the rows of one export as text. */
export interface RowWriter {
  /** What stands before the first row; a resumed export has it too. */
  readonly head: string;
  /** A function that writes the points of one series; `cursor` is undefined where none was asked for. */
  series(key: SeriesKey): (timeMicros: number, value: PointValue, cursor: string | undefined) => string;
  device(entry: DeviceEntry, cursor: string | undefined): string;
}

const LINE_END = '\r\n';

/** CSV by RFC 4180: a header, CRLF, fields quoted where they must be. Nothing is changed to please spreadsheets. */
export function csvWriter(columns: 'points' | 'devices', hasCursors: boolean): RowWriter {
  const names =
    columns === 'points'
      ? ['tenant', 'project', 'device', 'metric', 'time', 'value', 'type']
      : ['tenant', 'project', 'device', 'lastSeen', 'metrics'];
  return {
    head: line(hasCursors ? [...names, 'cursor'] : names, undefined),
    series: ({ tenant, project, device, metric }) => {
      const prefix = [tenant, project, device, metric].map(quoted).join(',');
      return (timeMicros, value, cursor) =>
        line([prefix, formatTime(timeMicros), textOf(value), typeOf(value)], cursor);
    },
    device: ({ tenant, project, device, lastSeenMicros, metrics }, cursor) =>
      line([...[tenant, project, device].map(quoted), formatTime(lastSeenMicros), String(metrics)], cursor),
  };
}

/** One JSON object a line. */
export function ndjsonWriter(): RowWriter {
  const ending = (cursor: string | undefined) => (cursor === undefined ? '}\n' : `,"cursor":"${cursor}"}\n`);
  return {
    head: '',
    series: (key) => {
      const { tenant, project, device, metric } = key;
      const prefix = `${JSON.stringify({ tenant, project, device, metric }).slice(0, -1)},"time":"`;
      return (timeMicros, value, cursor) => {
        const shown =
          typeof value === 'number' ? `"value":${value}` : JSON.stringify(showValue(value)).slice(1, -1);
        return `${prefix}${formatTime(timeMicros)}",${shown}${ending(cursor)}`;
      };
    },
    device: ({ tenant, project, device, lastSeenMicros, metrics }, cursor) => {
      const row = { tenant, project, device, lastSeen: formatTime(lastSeenMicros), metrics };
      return `${JSON.stringify(row).slice(0, -1)}${ending(cursor)}`;
    },
  };
}

function line(fields: readonly string[], cursor: string | undefined): string {
  return (cursor === undefined ? fields.join(',') : `${fields.join(',')},${cursor}`) + LINE_END;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function textOf(value: PointValue): string {
  return typeof value === 'string' ? quoted(value) : String(value);
}

function typeOf(value: PointValue): string {
  if (typeof value === 'bigint') return 'integer';
  return typeof value === 'string' ? 'text' : typeof value;
}
