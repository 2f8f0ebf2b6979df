import { Buckets } from '../answer-buckets.ts';
import { answerExtremes, checkExtremes, sliceMicros } from '../answer-extremes.ts';
import { answerPage } from '../answer-page.ts';
import { boundedSum } from '../bounded-sum.ts';
import type { HeadView } from '../head.ts';
import { headRunsOf } from '../head-runs.ts';
import { LIMITS } from '../limits.ts';
import { type PointSource, sourceOf } from '../point-source.ts';
import type { RollupRow } from '../rollup.ts';
import type { BucketPage, PointPage, SeriesQuery } from '../store.ts';
import type { Turn } from '../turn.ts';
import { POINT_COLUMNS, pointSources } from './point-sources.ts';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { microsOf, timestampOf } from './postgres-values.ts';
import { boundedSumOf } from './sum-sql.ts';

/** Widths of the buckets that are kept, in microseconds, widest first. */
const GRAINS = [86_400_000_000, 3_600_000_000, 60_000_000] as const;

/**
 * Which points a question is about: those of a series, of one source or of all. Over all sources `position` means the
 * public number, position * 4096 + source, so that one safe integer names a record.
 */
export interface PointOrigin {
  readonly source: number | undefined;
  /** Id in the database; 0 where it has none yet. */
  readonly series: number;
}

type Range = Pick<SeriesQuery, 'fromMicros' | 'toMicros'>;

/**
 * Answers a query inside a snapshot. Heads whose seal the snapshot holds are left out by number, so that a seal that
 * commits meanwhile is neither missed nor counted twice.
 */
export async function answerQuery(
  session: PostgresSession,
  query: SeriesQuery,
  origin: PointOrigin,
  unsealed: readonly HeadView[],
  turn: Turn,
): Promise<PointPage | BucketPage> {
  const [at] = await session.query(
    `SELECT s.seal, date_part('epoch', g.until) AS gone
     FROM sources s LEFT JOIN gone g ON g.series = $2 WHERE s.id = $1`,
    [origin.source, origin.series],
  );
  const heads = unsealed
    .filter(({ sealNumber }) => sealNumber > Number(at?.seal))
    .flatMap((view) => headRunsOf(view, query.series))
    .map(sourceOf);
  turn.isDue();
  return await answerShape(session, { query, origin, heads, turn }, at?.gone);
}

/** The public number of a record over all sources. */
export const NUMBER = '(position * 4096 + source)';

/** Answers a query over all sources; nothing is unsealed for whoever only reads. */
export async function answerOverAll(
  session: PostgresSession,
  query: SeriesQuery,
  series: number,
  turn: Turn,
): Promise<PointPage | BucketPage> {
  const [at] = await session.query(`SELECT date_part('epoch', until) AS gone FROM gone WHERE series = $1`, [
    series,
  ]);
  return await answerShape(
    session,
    { query, origin: { source: undefined, series }, heads: [], turn },
    at?.gone,
  );
}

interface QueryParts {
  readonly query: SeriesQuery;
  readonly origin: PointOrigin;
  readonly heads: readonly PointSource[];
  readonly turn: Turn;
}

async function answerShape(
  session: PostgresSession,
  parts: QueryParts,
  gone: unknown,
): Promise<PointPage | BucketPage> {
  const { query, origin, heads, turn } = parts;
  const { shape } = query;
  if (shape.kind === 'buckets') return await answerBuckets(session, parts, shape.stepMicros, gone);
  if (shape.kind === 'raw') {
    const limit = Math.max(1, Math.min(shape.limit, LIMITS.pagePointsMax.value));
    const rows = await rawRows(session, origin, query, { ...shape, limit: limit + 1 });
    return await answerPage([...pointSources(rows), ...heads], query, shape, turn);
  }
  checkExtremes(shape.points);
  const { sources, isPicked } = await extremes(session, origin, query, shape.points);
  return await answerExtremes([...sources, ...heads], query, shape.points, turn, isPicked);
}

/** What narrows rows to an origin, and how a record is named in it. `$1` is the series, `$2` the source. */
function originOf({ source, series }: PointOrigin): {
  readonly where: string;
  readonly position: string;
  readonly values: readonly [number, number | null];
} {
  return {
    where: 'series_id = $1 AND ($2::smallint IS NULL OR source = $2)',
    position: source === undefined ? NUMBER : 'position',
    values: [series, source ?? null],
  };
}

async function rawRows(
  session: PostgresSession,
  origin: PointOrigin,
  range: Range,
  shape: Omit<Extract<SeriesQuery['shape'], { kind: 'raw' }>, 'kind'> & { readonly isNumeric?: boolean },
): Promise<Row[]> {
  const { after, newestFirst, limit } = shape;
  const { where, position, values } = originOf(origin);
  const order = newestFirst ? ' DESC' : '';
  const behind = after
    ? ` AND (p.time, ${position}, ordinal) ${newestFirst ? '<' : '>'} ($6::timestamptz, $7::bigint, $8::smallint)`
    : '';
  return await session.query(
    `SELECT ${POINT_COLUMNS.replace('position', `${position} AS position`)} FROM points p
     WHERE ${where} AND p.time >= $3 AND p.time < $4 ${shape.isNumeric ? 'AND value IS NOT NULL' : ''}${behind}
     ORDER BY p.time${order}, ${position.replace('position', 'p.position')}${order}, ordinal${order} LIMIT $5`,
    [
      ...values,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      limit,
      ...(after ? [timestampOf(after.timeMicros), after.offset, after.ordinal] : []),
    ],
  );
}

/**
 * Before the time up to which raw points of the series may be gone, rollups answer, with the points that they do not
 * have yet; from there on raw points do. Either one answers for a time, never both.
 */
async function answerBuckets(
  session: PostgresSession,
  { query, origin, heads, turn }: QueryParts,
  stepMicros: number,
  until: unknown,
): Promise<BucketPage> {
  const buckets = new Buckets(stepMicros);
  const gone = until === null || until === undefined ? -Infinity : microsOf(until);
  const grain = GRAINS.find((one) => stepMicros % one === 0) ?? GRAINS[2];
  const border = gone < query.fromMicros ? query.fromMicros : (Math.floor(gone / grain) + 1) * grain;
  const early = { fromMicros: query.fromMicros, toMicros: Math.min(border, query.toMicros) };
  const late = { fromMicros: Math.max(border, query.fromMicros), toMicros: query.toMicros };
  let resolutionMicros = 0;
  const add = (rows: readonly RollupRow[]) => {
    for (const row of rows) buckets.addRollup(row);
  };
  if (early.fromMicros < early.toMicros) {
    const since = Math.floor(early.fromMicros / grain) * grain;
    const rows = await rollupRows(session, origin, grain, { fromMicros: since, toMicros: early.toMicros });
    add(rows);
    if (rows.length > 0) resolutionMicros = grain;
    add(await summedRows(session, origin, early, stepMicros, NOT_ROLLED));
    await buckets.addSources(heads, early, turn);
  }
  if (late.fromMicros < late.toMicros) add(await summedRows(session, origin, late, stepMicros, ''));
  turn.isDue();
  await buckets.addSources(heads, late, turn);
  return { kind: 'buckets', buckets: buckets.finish(), resolutionMicros };
}

/** Points that the rollups of their source do not have yet. */
const NOT_ROLLED = 'AND received > (SELECT rolled FROM folds f WHERE f.source = points.source)';

const sumsOf = (
  position: string,
) => `min(ARRAY[date_part('epoch', time), ${position}, ordinal, value]) AS head,
  max(ARRAY[date_part('epoch', time), ${position}, ordinal, value]) AS tail`;

/** Points of a range summed on a grid; of those only that the condition `only` leaves. */
async function summedRows(
  session: PostgresSession,
  origin: PointOrigin,
  range: Range,
  stepMicros: number,
  only: string,
): Promise<RollupRow[]> {
  const { where, position, values } = originOf(origin);
  const rows = await session.query(
    `SELECT date_part('epoch', start) AS start, count, min, max, sum, head, tail FROM (
       SELECT date_bin($5 * interval '1 microsecond', time, 'epoch') AS start, count(*) AS count, min(value) AS min,
         max(value) AS max, ${boundedSumOf('value')} AS sum, ${sumsOf(position)}
       FROM points WHERE ${where} AND time >= $3 AND time < $4 AND value IS NOT NULL ${only} GROUP BY 1 LIMIT $6) q`,
    [
      ...values,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      stepMicros,
      LIMITS.bucketsMax.value + 1,
    ],
  );
  return rows.map(rollupRow);
}

async function rollupRows(
  session: PostgresSession,
  origin: PointOrigin,
  grain: number,
  range: Range,
): Promise<RollupRow[]> {
  const { where, values } = originOf(origin);
  const rows = await session.query(
    `SELECT date_part('epoch', start) AS start, count, min, max, sum, head, tail FROM rollups
     WHERE ${where} AND step = $3 AND start >= $4 AND start < $5`,
    [...values, grain / 1_000_000, timestampOf(range.fromMicros), timestampOf(range.toMicros)],
  );
  return rows.map(rollupRow);
}

/** A row of sums, stored or just made; `head` and `tail` are (time, position, ordinal, value). */
export function rollupRow(row: Row): RollupRow {
  const head = row.head as readonly number[]; // an array of doubles
  const tail = row.tail as readonly number[]; // an array of doubles
  return {
    series: 0,
    start: microsOf(row.start),
    count: Number(row.count),
    min: Number(row.min),
    max: Number(row.max),
    sum: boundedSum(Number(row.sum)),
    first: Number(head[3]),
    last: Number(tail[3]),
    firstTime: microsOf(head[0]),
    lastTime: microsOf(tail[0]),
    firstOffset: Number(head[1]),
    lastOffset: Number(tail[1]),
  };
}

/** All points of a range where they fit, else the first, last, least and greatest of each slice. */
async function extremes(
  session: PostgresSession,
  origin: PointOrigin,
  range: Range,
  pointsMax: number,
): Promise<{ readonly sources: PointSource[]; readonly isPicked: boolean }> {
  const { where, position, values } = originOf(origin);
  const raw = { after: undefined, newestFirst: false, isNumeric: true };
  const rows = await rawRows(session, origin, range, { ...raw, limit: pointsMax + 1 });
  if (rows.length <= pointsMax) return { sources: pointSources(rows), isPicked: false };
  const slices = await session.query(
    `SELECT ${sumsOf(position)}, min(ARRAY[value, date_part('epoch', time), ${position}, ordinal]) AS least,
       max(ARRAY[value, -date_part('epoch', time), -${position}, -ordinal]) AS most,
       bool_or(exact IS NOT NULL) AS "isExact"
     FROM points WHERE ${where} AND time >= $3 AND time < $4 AND value IS NOT NULL
     GROUP BY date_bin($5 * interval '1 microsecond', time, $3::timestamptz)`,
    [...values, timestampOf(range.fromMicros), timestampOf(range.toMicros), sliceMicros(range, pointsMax)],
  );
  const picks = slices.flatMap(picksOf);
  if (slices.some(({ isExact }) => isExact === true)) await fetchExact(session, origin, range, picks);
  return { sources: pointSources(picks), isPicked: true };
}

interface Pick4 extends Record<string, unknown> {
  readonly time: number;
  readonly value: number;
  readonly position: number;
  readonly ordinal: number;
  exact: unknown;
}

function picksOf({ head, tail, least, most }: Row): Pick4[] {
  const pick = (time: unknown, position: unknown, ordinal: unknown, value: unknown): Pick4 => ({
    time: Number(time),
    position: Number(position),
    ordinal: Number(ordinal),
    value: Number(value),
    exact: null,
    text: null,
    flag: null,
  });
  const ends = [head, tail].map((one) => {
    const [time, position, ordinal, value] = one as readonly number[]; // an array of doubles
    return pick(time, position, ordinal, value);
  });
  const [low, lowTime, lowPosition, lowOrdinal] = least as readonly number[]; // an array of doubles
  const [high, highTime, highPosition, highOrdinal] = most as readonly number[]; // an array of doubles
  return [
    ...ends,
    pick(lowTime, lowPosition, lowOrdinal, low),
    pick(-Number(highTime), -Number(highPosition), -Number(highOrdinal), high),
  ];
}

/** Gives picks that are exact integers their digits: sums hold doubles. */
async function fetchExact(
  session: PostgresSession,
  origin: PointOrigin,
  range: Range,
  picks: readonly Pick4[],
): Promise<void> {
  const { where, position, values } = originOf(origin);
  const rows = await session.query(
    `SELECT u.place, p.exact FROM unnest($5::bigint[], $6::smallint[]) WITH ORDINALITY AS u(number, nth, place)
     JOIN (SELECT ${position} AS number, ordinal, exact FROM points
       WHERE ${where} AND time >= $3 AND time < $4 AND exact IS NOT NULL) p ON p.number = u.number AND p.ordinal = u.nth`,
    [
      ...values,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      picks.map((pick) => pick.position),
      picks.map(({ ordinal }) => ordinal),
    ],
  );
  for (const { place, exact } of rows) {
    const pick = picks[Number(place) - 1];
    if (pick) pick.exact = exact;
  }
}
