import type { DeviceKey, PointValue, SeriesKey } from '@skerry/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Call, type Handlers, NDJSON_TYPE } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { LIMITS } from '../../limits.ts';
import type { Platform, PointPosition, PointRows } from '../../platform.ts';
import { scopesFor } from '../../scoping.ts';
import { parseTime } from '../../time.ts';
import { momentOf as readMoment } from '../devices/device-query.ts';
import { csvWriter, ndjsonWriter, type RowWriter } from './row-writers.ts';
import { type Selection, walkDevices, walkSeries } from './series-walk.ts';

/** Where an export of points begins, and the range that all its parts have. */
interface Start {
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly series: SeriesKey | undefined;
  readonly after: PointPosition | undefined;
}

const CSV_TYPE = 'text/csv; charset=utf-8; header=present';
/** Rows that make one piece of an answer. */
const PIECE_ROWS = 500;

/** Serves exports: rows go out no faster than the client takes them, and nothing but a page is held. */
export function exportHandlers({
  platform,
  clock,
  exports,
  lines,
}: Pick<HandlerNeeds, 'platform' | 'clock' | 'exports' | 'lines'>): Handlers<
  'exportTelemetry' | 'exportDevices'
> {
  return {
    exportTelemetry: async (call) => {
      const { query, asker } = call;
      const start = startOf(query, clock.nowMicros());
      const { tenant, project, device, search, metric } = query;
      const selection: Selection = {
        ...given({ tenant, project, device, search }),
        ...(metric === undefined ? {} : { metrics: new Set(metric) }),
        ...scopesFor(asker.subject, 'telemetry:read'),
      };
      const writer = writerOf(call, 'points');
      const rows = pointRows(call, platform, selection, start, writer, exports.enter(asker.subject));
      return send(call, lines, rows, 'telemetry');
    },
    exportDevices: async (call) => {
      const { tenant, project, search } = call.query;
      const nowMicros = clock.nowMicros();
      const seenFromMicros = readMoment('seenFrom', call.query.seenFrom, nowMicros);
      const seenBeforeMicros = readMoment('seenBefore', call.query.seenBefore, nowMicros);
      const selection = {
        ...given({ tenant, project, search }),
        ...(seenFromMicros === undefined && seenBeforeMicros === undefined ? {} : { atMicros: nowMicros }),
        ...(seenFromMicros === undefined ? {} : { seenFromMicros }),
        ...(seenBeforeMicros === undefined ? {} : { seenBeforeMicros }),
        ...scopesFor(call.asker.subject, 'telemetry:read'),
      };
      const writer = writerOf(call, 'devices');
      const rows = deviceRows(
        call,
        platform,
        selection,
        deviceBehind(call.query.cursor),
        writer,
        exports.enter(call.asker.subject),
      );
      return send(call, lines, rows, 'devices');
    },
  };
}

type ExportCall = Pick<Call<'exportTelemetry' | 'exportDevices'>, 'query' | 'request' | 'reply' | 'signal'>;

function send(
  call: ExportCall,
  lines: HandlerNeeds['lines'],
  rows: AsyncIterable<string>,
  name: string,
): Promise<FastifyReply> {
  const isLines = wantsLines(call.request, call.query.format);
  call.reply.header('content-disposition', `attachment; filename="${name}.${isLines ? 'ndjson' : 'csv'}"`);
  return lines.send(call, rows, isLines ? NDJSON_TYPE : CSV_TYPE);
}

function writerOf(call: ExportCall, columns: 'points' | 'devices'): RowWriter {
  if (wantsLines(call.request, call.query.format)) return ndjsonWriter();
  return csvWriter(columns, call.query.cursors === true);
}

function wantsLines(request: FastifyRequest, format: 'csv' | 'ndjson' | undefined): boolean {
  if (format !== undefined) return format === 'ndjson';
  return /ndjson|jsonl/.test(request.headers.accept ?? '');
}

async function* pointRows(
  call: ExportCall,
  platform: Platform,
  selection: Selection,
  start: Start,
  writer: RowWriter,
  place: Disposable,
): AsyncGenerator<string> {
  using _ = place;
  let left = call.query.limit ?? Number.POSITIVE_INFINITY;
  const { fromMicros, toMicros } = start;
  const range = { fromMicros, toMicros, deadlineMs: LIMITS.queryDeadlineMs.value, signal: call.signal };
  yield writer.head;
  for await (const series of walkSeries(platform, selection, start.series)) {
    checkAlive(call.signal);
    const write = writer.series(series);
    const after =
      start.series?.metric === series.metric && isSame(start.series, series) ? start.after : undefined;
    const limit = Number.isFinite(left) ? left : undefined;
    for await (const rows of platform.points({ ...range, series, newestFirst: false, after, limit })) {
      const cursorAt = call.query.cursors
        ? (index: number) => pointCursor(start, series, rows, index)
        : undefined;
      yield* pieces(rows, write, cursorAt);
      left -= rows.times.length;
    }
    checkAlive(call.signal);
    if (left <= 0) return;
  }
}

function* pieces(
  rows: PointRows,
  write: ReturnType<RowWriter['series']>,
  cursorAt: ((index: number) => string) | undefined,
): Generator<string> {
  let piece = '';
  for (let i = 0; i < rows.times.length; i++) {
    piece += write(Number(rows.times[i]), rows.values[i] as PointValue, cursorAt?.(i)); // columns have one length
    if ((i + 1) % PIECE_ROWS !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function* deviceRows(
  call: ExportCall,
  platform: Platform,
  selection: Selection,
  behind: DeviceKey | undefined,
  writer: RowWriter,
  place: Disposable,
): AsyncGenerator<string> {
  using _ = place;
  let left = call.query.limit ?? Number.POSITIVE_INFINITY;
  yield writer.head;
  for await (const entry of walkDevices(platform, selection, behind)) {
    checkAlive(call.signal);
    const { tenant, project, device } = entry;
    const cursor = call.query.cursors ? writeCursor('export-devices', [tenant, project, device]) : undefined;
    yield writer.device(entry, cursor);
    if (--left <= 0) return;
  }
}

/** An answer that ends early must not look whole. */
function checkAlive(signal: AbortSignal): void {
  if (signal.reason instanceof ApiError) throw signal.reason;
  if (signal.aborted) throw new ApiError('shutting-down', 'the export was ended before it was whole');
}

function startOf(query: Call<'exportTelemetry'>['query'], nowMicros: number): Start {
  if (query.cursor !== undefined) return resumed(query.cursor);
  const fromMicros = momentOf('from', query.from, nowMicros);
  const toMicros = momentOf('to', query.to ?? 'now', nowMicros);
  if (fromMicros > toMicros) {
    throw invalidRequest({ in: 'query', pointer: '#/to', detail: 'lies before `from`' });
  }
  return { fromMicros, toMicros, series: undefined, after: undefined };
}

function momentOf(name: string, text: string, nowMicros: number): number {
  const micros = parseTime(text, nowMicros);
  if (micros !== undefined) return micros;
  const detail = `${JSON.stringify(text)} is not an ISO 8601 time with a zone, \`now\` or \`now-15m\``;
  throw invalidRequest({ in: 'query', pointer: `#/${name}`, detail });
}

const TEXT = 'string';
const NUMBER = 'number';
const POINT_CURSOR = [TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER] as const;

function pointCursor(start: Start, key: SeriesKey, rows: PointRows, index: number): string {
  const { tenant, project, device, metric } = key;
  const at = [Number(rows.times[index]), Number(rows.offsets[index]), Number(rows.ordinals[index])];
  return writeCursor('export', [tenant, project, device, metric, ...at, start.fromMicros, start.toMicros]);
}

function resumed(cursor: string): Start {
  const parts = readCursor('export', cursor, POINT_CURSOR);
  const [tenant = '', project = '', device = '', metric = ''] = parts.slice(0, 4).map(String);
  const [timeMicros = 0, offset = 0, ordinal = 0, fromMicros = 0, toMicros = 0] = parts.slice(4).map(Number);
  return {
    fromMicros,
    toMicros,
    series: { tenant, project, device, metric },
    after: { timeMicros, offset, ordinal },
  };
}

function deviceBehind(cursor: string | undefined): DeviceKey | undefined {
  if (cursor === undefined) return undefined;
  const parts = readCursor('export-devices', cursor, [TEXT, TEXT, TEXT]).map(String);
  const [tenant = '', project = '', device = ''] = parts;
  return { tenant, project, device };
}

function isSame(a: DeviceKey, b: DeviceKey): boolean {
  return a.tenant === b.tenant && a.project === b.project && a.device === b.device;
}

/** The members that have a value. */
function given<T extends Readonly<Record<string, string | undefined>>>(
  members: T,
): { [K in keyof T]?: string } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: string }; // the members of T that are texts
}
