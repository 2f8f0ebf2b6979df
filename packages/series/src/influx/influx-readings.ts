import type { Clock } from '@skerry/kernel';
import type { DeviceKey, PointValue, SeriesKey } from '@skerry/model';
import { Buckets } from '../answer-buckets.ts';
import { answerExtremes, checkExtremes, sliceMicros } from '../answer-extremes.ts';
import { sortPoints } from '../chunk-points.ts';
import { SeriesError } from '../errors.ts';
import { TYPE_CODE } from '../head.ts';
import { LIMITS } from '../limits.ts';
import { type PointSource, sourceOf } from '../point-source.ts';
import type { BucketPage, PointPage, SeriesQuery } from '../store.ts';
import { type Breathe, Turn } from '../turn.ts';
import { InfluxApi, type InfluxPlace } from './influx-api.ts';
import { type InfluxDialect, nanosOf } from './influx-dialect.ts';
import { openInfluxQl } from './influx-ql.ts';
import { openInfluxSql } from './influx-sql.ts';
import { type LineNaming, whyUnsayable } from './line-writer.ts';
import { newestOf, type OrderedPoint, pointsInOrder, withoutOrder } from './point-pages.ts';

/** What readings need from their process. */
export interface InfluxReadingsNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly breathe: Breathe;
}

/** A question about one series, named. */
export type InfluxPointsQuery = Omit<SeriesQuery, 'series'> & { readonly series: SeriesKey };

/** Newest value of a metric by event time. */
export interface InfluxLatest {
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/**
 * Points as a sink has written them into InfluxDB: values, times and order are those of the messages. Fails with the codes
 * of a sink, with `query-refused` and `deadline-passed`.
 */
export interface InfluxReadings {
  /** `offsets` are the numbers of points among those of one time. A series that was never written has no points. */
  points(query: InfluxPointsQuery): Promise<PointPage | BucketPage>;
  /** Newest values of the metrics that have one, in their order. */
  latest(key: DeviceKey, metrics: readonly string[]): Promise<readonly InfluxLatest[]>;
}

/** Opens the questions to a server: InfluxQL for 1.x and 2.x, SQL for 3. Nothing is asked before the first question. */
export function openInfluxReadings(
  place: InfluxPlace & LineNaming,
  needs: InfluxReadingsNeeds,
): InfluxReadings {
  const api = new InfluxApi(place);
  const language = place.version === 3 ? openInfluxSql(api, place) : openInfluxQl(api, place);
  const dialect = withoutUnsayable(language, place);
  return {
    points: (query) => withDeadline(query.deadlineMs, (signal) => answer(dialect, query, signal, needs)),
    latest: (key, metrics) =>
      withDeadline(LIMITS.readMs.value, (signal) => newest(dialect, key, metrics, signal)),
  };
}

/** What cannot be written under its name is not asked for: there is none of it. */
function withoutUnsayable(dialect: InfluxDialect, naming: LineNaming): InfluxDialect {
  const isSayable = (series: SeriesKey) => whyUnsayable(series, naming) === undefined;
  return {
    points: async (series, ...rest) => (isSayable(series) ? await dialect.points(series, ...rest) : []),
    sums: async (series, ...rest) => (isSayable(series) ? await dialect.sums(series, ...rest) : []),
    picks: async (series, ...rest) => (isSayable(series) ? await dialect.picks(series, ...rest) : []),
    newest: (device, metrics, ...rest) =>
      dialect.newest(
        device,
        metrics.filter((metric) => isSayable({ ...device, metric })),
        ...rest,
      ),
  };
}

/** A question that is not answered in time is cut off. */
async function withDeadline<T>(deadlineMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(Math.min(deadlineMs, 2 ** 31 - 1));
  try {
    return await ask(signal);
  } catch (error) {
    if (!signal.aborted || error instanceof SeriesError) throw error;
    throw new SeriesError(
      'deadline-passed',
      `The query was given ${deadlineMs} ms and InfluxDB needs longer: ask for a shorter range or a larger step.`,
      { deadlineMs },
      error,
    );
  }
}

async function answer(
  dialect: InfluxDialect,
  query: InfluxPointsQuery,
  signal: AbortSignal,
  { clock, breathe }: InfluxReadingsNeeds,
): Promise<PointPage | BucketPage> {
  const { shape } = query;
  const turn = new Turn(clock, breathe, query.deadlineMs);
  if (shape.kind === 'raw') return await rawPage(dialect, query, shape, signal);
  if (shape.kind === 'extremes') return await extremes({ dialect, query, signal, turn }, shape.points);
  return await buckets({ dialect, query, signal, turn }, shape.stepMicros);
}

async function rawPage(
  dialect: InfluxDialect,
  { series, fromMicros, toMicros }: InfluxPointsQuery,
  shape: Extract<SeriesQuery['shape'], { kind: 'raw' }>,
  signal: AbortSignal,
): Promise<PointPage> {
  const { after, newestFirst } = shape;
  const limit = Math.max(1, Math.min(shape.limit, LIMITS.pagePointsMax.value));
  const range = {
    series,
    newestFirst,
    isNumeric: false,
    fromMicros: after && !newestFirst ? Math.max(fromMicros, after.timeMicros) : fromMicros,
    toMicros: after && newestFirst ? Math.min(toMicros, after.timeMicros + 1) : toMicros,
  };
  const isBehind = ({ micros, rank }: OrderedPoint) =>
    after === undefined ||
    micros !== after.timeMicros ||
    (newestFirst ? rank < after.offset : rank > after.offset);
  const found: OrderedPoint[] = [];
  for await (const some of pointsInOrder(dialect, range, limit + 64, signal)) {
    found.push(...some.filter(isBehind));
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    kind: 'points',
    times: Float64Array.from(page, ({ micros }) => micros),
    values: page.map(({ value }) => value),
    offsets: Float64Array.from(page, ({ rank }) => rank),
    ordinals: new Uint16Array(page.length),
    next:
      found.length > limit && last ? { timeMicros: last.micros, offset: last.rank, ordinal: 0 } : undefined,
  };
}

/** One question on its way. */
interface Asked {
  readonly dialect: InfluxDialect;
  readonly query: InfluxPointsQuery;
  readonly signal: AbortSignal;
  readonly turn: Turn;
}

type Range = Pick<SeriesQuery, 'fromMicros' | 'toMicros'>;

/** InfluxDB moves no point over a multiple of this. */
const GRAIN_MICROS = 10_000;

/** Steps of whole hundredths of a second are summed by InfluxDB where points are many; what lies at the ends is read. */
async function buckets(asked: Asked, stepMicros: number): Promise<BucketPage> {
  const { dialect, query, signal, turn } = asked;
  const found = new Buckets(stepMicros);
  const from = Math.ceil(query.fromMicros / GRAIN_MICROS) * GRAIN_MICROS;
  const to = Math.floor(query.toMicros / GRAIN_MICROS) * GRAIN_MICROS;
  const isSummed = stepMicros % GRAIN_MICROS === 0 && from < to;
  const read = await numbersIn(
    asked,
    query,
    isSummed ? LIMITS.influxExactPoints.value : Number.POSITIVE_INFINITY,
  );
  if (read) await found.addSources(sourcesOf(read), query, turn);
  else {
    const range = { from: nanosOf(from), to: nanosOf(to) };
    const limit = LIMITS.bucketsMax.value + 1;
    for (const one of await dialect.sums(query.series, range, { stepMicros, limit }, signal)) {
      const firstTime = Math.max(one.startMicros, from);
      const lastTime = Math.min(one.startMicros + stepMicros, to) - 1;
      found.addRollup({
        ...one,
        series: 0,
        start: firstTime,
        firstTime,
        lastTime,
        firstOffset: 0,
        lastOffset: 0,
      });
    }
    for (const end of [
      { fromMicros: query.fromMicros, toMicros: from },
      { fromMicros: to, toMicros: query.toMicros },
    ])
      if (end.fromMicros < end.toMicros)
        await found.addSources(sourcesOf((await numbersIn(asked, end)) ?? []), end, turn);
  }
  return { kind: 'buckets', buckets: found.finish(), resolutionMicros: 0 };
}

async function extremes(asked: Asked, pointsMax: number): Promise<PointPage> {
  checkExtremes(pointsMax);
  const { dialect, query, signal, turn } = asked;
  const read = await numbersIn(asked, query, LIMITS.influxExactPoints.value);
  if (read) return await answerExtremes(sourcesOf(read), query, pointsMax, turn);
  const widthMicros = sliceMicros(query, pointsMax);
  const range = { from: nanosOf(query.fromMicros), to: nanosOf(query.toMicros) };
  const count = Math.ceil((query.toMicros - query.fromMicros) / widthMicros);
  const picks = await dialect.picks(query.series, range, { widthMicros, count }, signal);
  return await answerExtremes(sourcesOf(withoutOrder(picks)), query, pointsMax, turn, true);
}

/** Numbers and exact integers of a range, in order; undefined when there are more than `most`. */
async function numbersIn(
  { dialect, query, signal, turn }: Asked,
  { fromMicros, toMicros }: Range,
  most = Number.POSITIVE_INFINITY,
): Promise<OrderedPoint[] | undefined> {
  const { series } = query;
  const range = { series, fromMicros, toMicros, newestFirst: false, isNumeric: true };
  const found: OrderedPoint[] = [];
  for await (const some of pointsInOrder(dialect, range, Number.POSITIVE_INFINITY, signal)) {
    for (const one of some) found.push(one);
    if (found.length > most) return undefined;
    if (turn.isDue()) await turn.take();
  }
  return found;
}

/** Points as sources of one type each. */
function sourcesOf(points: readonly OrderedPoint[]): PointSource[] {
  const byType = Map.groupBy(points, ({ value }) =>
    typeof value === 'bigint' ? TYPE_CODE.integer : TYPE_CODE.number,
  );
  return Array.from(byType, ([type, own]) =>
    sourceOf(
      sortPoints({
        type,
        times: Float64Array.from(own, ({ micros }) => micros),
        offsets: Float64Array.from(own, ({ rank }) => rank),
        ordinals: new Uint16Array(own.length),
        numbers: Float64Array.from(own, ({ value }) => Number(value)),
        texts: type === TYPE_CODE.integer ? own.map(({ value }) => String(value)) : [],
      }),
    ),
  );
}

/** Rows of each metric that are asked for at once: mostly the newest one alone has its time. */
const NEWEST_ROWS = 8;

async function newest(
  dialect: InfluxDialect,
  key: DeviceKey,
  metrics: readonly string[],
  signal: AbortSignal,
): Promise<InfluxLatest[]> {
  const rows = await dialect.newest(key, metrics, NEWEST_ROWS, signal);
  const found: InfluxLatest[] = [];
  for (const metric of metrics) {
    const own = rows.get(metric) ?? [];
    if (own.length === 0) continue;
    const last =
      newestOf(own, own.length === NEWEST_ROWS) ?? (await newestRead(dialect, { ...key, metric }, signal));
    if (last) found.push({ metric, timeMicros: last.micros, value: last.value });
  }
  return found;
}

/** The newest point of a series of which many lie close together. */
async function newestRead(
  dialect: InfluxDialect,
  series: SeriesKey,
  signal: AbortSignal,
): Promise<OrderedPoint | undefined> {
  const [fromMicros, toMicros] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const range = { series, fromMicros, toMicros, newestFirst: true, isNumeric: false };
  for await (const [last] of pointsInOrder(dialect, range, 1_000, signal)) return last;
  return undefined;
}
