import type { Clock } from '@skerry/kernel';
import { isAllowed, type Scope, type SeriesKey } from '@skerry/model';
import type { FastifyReply } from 'fastify';
import { type Call, wantsLines } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { LIMITS } from '../../limits.ts';
import type { Answer, Query } from '../../operations.ts';
import type { Platform, PointPosition, PointRows, RangeQuery } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { AGGREGATES, showBucket, showPointLines, showPoints } from '../../shape.ts';
import { parseStep, parseTime } from '../../time.ts';

const PAGE_ROWS = 1_000;
/** Lines that make one piece of an NDJSON answer. */
const PIECE_ROWS = 250;

type TelemetryCall = Call<'queryTelemetry'>;
type TelemetryQuery = Query<'queryTelemetry'>;

type QueryNeeds = Pick<HandlerNeeds, 'platform' | 'clock' | 'queries' | 'lines'>;

/** Answers `queryTelemetry` in the shape its parameters ask for. */
export async function queryTelemetry(
  call: TelemetryCall,
  { platform, clock, queries, lines }: QueryNeeds,
): Promise<Answer<'queryTelemetry'> | FastifyReply> {
  const range = readRange(call, clock);
  if (!isAllowed(call.asker.subject, 'telemetry:read', deviceOf(range.series))) {
    throw new ApiError('not-found', 'no such series can be seen');
  }
  if (call.query.step !== undefined && call.query.points !== undefined) {
    throw invalidRequest({ in: 'query', pointer: '#/points', detail: 'does not go with `step`' });
  }
  if (
    call.query.step === undefined &&
    call.query.points === undefined &&
    wantsLines(call.request, call.query.format)
  ) {
    return lines.send(call, rawLines(call.query, range, platform, queries.enter(call.asker.subject)));
  }
  using _ = queries.enter(call.asker.subject);
  if (call.query.step !== undefined)
    return await aggregate(call, call.query.step, range, { platform, lines });
  if (call.query.points !== undefined)
    return await downsample(call, call.query.points, range, { platform, lines });
  return await readPage(call.query, range, platform);
}

function deviceOf({ tenant, project, device }: SeriesKey): Scope {
  return { tenant, project, device };
}

function readRange(call: TelemetryCall, clock: Clock): RangeQuery {
  const { tenant, project, device, metric, from, to } = call.query;
  const now = clock.nowMicros();
  const fromMicros = readMoment('from', from, now);
  const toMicros = readMoment('to', to ?? 'now', now);
  if (fromMicros > toMicros) {
    throw invalidRequest({ in: 'query', pointer: '#/to', detail: 'lies before `from`' });
  }
  const series: SeriesKey = { tenant, project, device, metric };
  return { series, fromMicros, toMicros, deadlineMs: LIMITS.queryDeadlineMs.value, signal: call.signal };
}

function readMoment(name: string, text: string, now: number): number {
  const micros = parseTime(text, now);
  if (micros === undefined) {
    const detail = `${JSON.stringify(text)} is not an ISO 8601 time with a zone, \`now\` or \`now-15m\``;
    throw invalidRequest({ in: 'query', pointer: `#/${name}`, detail });
  }
  return micros;
}

type RangeNeeds = Pick<QueryNeeds, 'platform' | 'lines'>;

async function aggregate(
  call: TelemetryCall,
  step: string,
  range: RangeQuery,
  { platform, lines }: RangeNeeds,
) {
  const stepMicros = parseStep(step);
  if (stepMicros === undefined) {
    throw invalidRequest({
      in: 'query',
      pointer: '#/step',
      detail: 'is not a duration such as `10s` or `1m`',
    });
  }
  const buckets = (range.toMicros - range.fromMicros) / stepMicros;
  if (buckets > LIMITS.bucketsMax.value) {
    const detail = `${Math.ceil(buckets)} buckets were asked for, at most ${LIMITS.bucketsMax.value} are given`;
    throw new ApiError('range-too-large', detail);
  }
  const wanted = readAggregates(call.query.aggregates);
  const rows = await platform.buckets({ ...range, stepMicros });
  const items = rows.buckets.map((row) => showBucket(row, wanted));
  if (wantsLines(call.request, call.query.format)) return lines.send(call, linesOf(items));
  return {
    kind: 'buckets' as const,
    stepSeconds: stepMicros / 1e6,
    resolutionSeconds: rows.resolutionMicros / 1e6,
    items,
  };
}

function readAggregates(text: string | undefined): ReadonlySet<string> {
  const names: readonly string[] = text === undefined ? AGGREGATES : text.split(',');
  const known: readonly string[] = AGGREGATES;
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined) {
    const detail = `${JSON.stringify(strange)} is none of ${AGGREGATES.join(', ')}`;
    throw invalidRequest({ in: 'query', pointer: '#/aggregates', detail });
  }
  return new Set(names);
}

async function downsample(
  call: TelemetryCall,
  points: number,
  range: RangeQuery,
  { platform, lines }: RangeNeeds,
) {
  const rows = await platform.extremes({ ...range, points });
  if (wantsLines(call.request, call.query.format)) return lines.send(call, rowLines(rows));
  return { kind: 'points' as const, items: showPoints(rows), cursor: null };
}

async function readPage(query: TelemetryQuery, range: RangeQuery, platform: Platform) {
  const limit = query.limit ?? PAGE_ROWS;
  const newestFirst = query.order === 'desc';
  const items: Model<'Point'>[] = [];
  let last: PointPosition | undefined;
  const pages = platform.points({ ...range, newestFirst, after: readAfter(query), limit: limit + 1 });
  for await (const rows of pages) {
    const room = limit - items.length;
    items.push(...showPoints(rows, room));
    const taken = Math.min(room, rows.times.length);
    if (taken > 0) last = positionAt(rows, taken - 1);
    if (taken < rows.times.length && last) {
      return { kind: 'points' as const, items, cursor: showPosition(query, last) };
    }
  }
  return { kind: 'points' as const, items, cursor: null };
}

function readAfter(query: TelemetryQuery): PointPosition | undefined {
  if (query.cursor === undefined) return undefined;
  const [timeMicros, offset, ordinal] = readCursor(cursorKind(query), query.cursor, [
    'number',
    'number',
    'number',
  ]);
  return { timeMicros: Number(timeMicros), offset: Number(offset), ordinal: Number(ordinal) };
}

function showPosition(query: TelemetryQuery, at: PointPosition): string {
  return writeCursor(cursorKind(query), [at.timeMicros, at.offset, at.ordinal]);
}

function cursorKind(query: TelemetryQuery): string {
  return query.order === 'desc' ? 'points-desc' : 'points';
}

function positionAt(rows: PointRows, index: number): PointPosition {
  return {
    timeMicros: Number(rows.times[index]),
    offset: Number(rows.offsets[index]),
    ordinal: Number(rows.ordinals[index]),
  };
}

async function* rawLines(
  query: TelemetryQuery,
  range: RangeQuery,
  platform: Platform,
  place: Disposable,
): AsyncGenerator<string> {
  using _ = place;
  const newestFirst = query.order === 'desc';
  const pages = platform.points({ ...range, newestFirst, after: readAfter(query), limit: query.limit });
  for await (const rows of pages) yield* rowLines(rows);
  // an answer that ends early must not look whole
  if (range.signal.aborted) throw new ApiError('shutting-down', 'the answer was ended before it was whole');
}

function* pieces(rows: PointRows): Generator<string> {
  for (let from = 0; from < rows.times.length; from += PIECE_ROWS) {
    yield showPointLines(rows, from, Math.min(from + PIECE_ROWS, rows.times.length));
  }
}

async function* rowLines(rows: PointRows): AsyncGenerator<string> {
  yield* pieces(rows);
}

async function* linesOf(items: readonly unknown[]): AsyncGenerator<string> {
  for (let from = 0; from < items.length; from += PIECE_ROWS) {
    const part = items.slice(from, from + PIECE_ROWS);
    yield part.map((item) => `${JSON.stringify(item)}\n`).join('');
  }
}
