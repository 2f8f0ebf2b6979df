import { Buckets } from '../answer-buckets.ts';
import { answerExtremes, checkExtremes, sliceMicros } from '../answer-extremes.ts';
import { answerPage } from '../answer-page.ts';
import { SeriesError } from '../errors.ts';
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

/** Widths of the buckets that are kept, in microseconds, widest first. */
const GRAINS = [86_400_000_000, 3_600_000_000, 60_000_000] as const;

/** Which points a question is about: those of a series, of one source. */
export interface PointOrigin {
  readonly source: number;
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
  const { shape } = query;
  if (shape.kind === 'extremes') checkExtremes(shape.points);
  const buckets = shape.kind === 'buckets' ? new Buckets(shape.stepMicros) : undefined;
  const [at] = await session.query(
    `SELECT s.seal, date_part('epoch', f.rolled) AS rolled, date_part('epoch', g.until) AS gone
     FROM sources s JOIN folds f ON f.source = s.id LEFT JOIN gone g ON g.series = $2 WHERE s.id = $1`,
    [origin.source, origin.series],
  );
  const heads = unsealed
    .filter(({ sealNumber }) => sealNumber > Number(at?.seal))
    .flatMap((view) => headRunsOf(view, query.series))
    .map(sourceOf);
  turn.isDue();
  if (shape.kind === 'buckets' && buckets)
    return await answerBuckets(session, { query, origin, heads, buckets, turn }, shape.stepMicros, at ?? {});
  if (shape.kind === 'raw') {
    const limit = Math.max(1, Math.min(shape.limit, LIMITS.pagePointsMax.value));
    const rows = await rawRows(session, origin, query, { ...shape, limit: limit + 1 });
    return await answerPage([...pointSources(rows), ...heads], query, shape, turn);
  }
  if (shape.kind !== 'extremes')
    throw new SeriesError('query-refused', 'Cannot answer: the shape is unknown.');
  const { sources, isPicked } = await extremes(session, origin, query, shape.points);
  return await answerExtremes([...sources, ...heads], query, shape.points, turn, isPicked);
}

async function rawRows(
  session: PostgresSession,
  origin: PointOrigin,
  range: Range,
  shape: Omit<Extract<SeriesQuery['shape'], { kind: 'raw' }>, 'kind'> & { readonly isNumeric?: boolean },
): Promise<Row[]> {
  const { after, newestFirst, limit } = shape;
  const order = newestFirst ? ' DESC' : '';
  const behind = after
    ? ` AND (time, position, ordinal) ${newestFirst ? '<' : '>'} ($6::timestamptz, $7::bigint, $8::smallint)`
    : '';
  return await session.query(
    `SELECT ${POINT_COLUMNS} FROM points p WHERE series_id = $1 AND source = $2 AND p.time >= $3 AND p.time < $4
       ${shape.isNumeric ? 'AND value IS NOT NULL' : ''}${behind}
     ORDER BY p.time${order}, position${order}, ordinal${order} LIMIT $5`,
    [
      origin.series,
      origin.source,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      limit,
      ...(after ? [timestampOf(after.timeMicros), after.offset, after.ordinal] : []),
    ],
  );
}

interface BucketParts {
  readonly query: SeriesQuery;
  readonly origin: PointOrigin;
  readonly heads: readonly PointSource[];
  readonly buckets: Buckets;
  readonly turn: Turn;
}

/**
 * Before the time up to which raw points of the series may be gone, rollups answer, with the points that they do not
 * have yet; from there on raw points do. Either one answers for a time, never both.
 */
async function answerBuckets(
  session: PostgresSession,
  parts: BucketParts,
  stepMicros: number,
  at: Row,
): Promise<BucketPage> {
  const { query, origin, heads, buckets, turn } = parts;
  const gone = at.gone === null || at.gone === undefined ? -Infinity : microsOf(at.gone);
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
    add(await summedRows(session, origin, early, stepMicros, microsOf(at.rolled)));
    await buckets.addSources(heads, early, turn);
  }
  if (late.fromMicros < late.toMicros) add(await summedRows(session, origin, late, stepMicros, undefined));
  turn.isDue();
  await buckets.addSources(heads, late, turn);
  return { kind: 'buckets', buckets: buckets.finish(), resolutionMicros };
}

const SUMS = `min(ARRAY[date_part('epoch', time), position, ordinal, value]) AS head,
  max(ARRAY[date_part('epoch', time), position, ordinal, value]) AS tail`;

/** Points of a range summed on a grid; of those only that were received after `sinceMicros` where it is given. */
async function summedRows(
  session: PostgresSession,
  { source, series }: PointOrigin,
  range: Range,
  stepMicros: number,
  sinceMicros: number | undefined,
): Promise<RollupRow[]> {
  const rows = await session.query(
    `SELECT date_part('epoch', start) AS start, count, min, max, sum, head, tail FROM (
       SELECT date_bin($5 * interval '1 microsecond', time, 'epoch') AS start, count(*) AS count, min(value) AS min,
         max(value) AS max, sum(value) AS sum, ${SUMS}
       FROM points WHERE series_id = $1 AND source = $2 AND time >= $3 AND time < $4 AND value IS NOT NULL
         ${sinceMicros === undefined ? '' : 'AND received > $7'} GROUP BY 1 LIMIT $6) q`,
    [
      series,
      source,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      stepMicros,
      LIMITS.bucketsMax.value + 1,
      ...(sinceMicros === undefined ? [] : [timestampOf(sinceMicros)]),
    ],
  );
  return rows.map(rollupRow);
}

async function rollupRows(
  session: PostgresSession,
  { source, series }: PointOrigin,
  grain: number,
  range: Range,
): Promise<RollupRow[]> {
  const rows = await session.query(
    `SELECT date_part('epoch', start) AS start, count, min, max, sum, head, tail FROM rollups
     WHERE series_id = $1 AND source = $2 AND step = $3 AND start >= $4 AND start < $5`,
    [series, source, grain / 1_000_000, timestampOf(range.fromMicros), timestampOf(range.toMicros)],
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
    sum: Number(row.sum),
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
  const raw = { after: undefined, newestFirst: false, isNumeric: true };
  const rows = await rawRows(session, origin, range, { ...raw, limit: pointsMax + 1 });
  if (rows.length <= pointsMax) return { sources: pointSources(rows), isPicked: false };
  const slices = await session.query(
    `SELECT ${SUMS}, min(ARRAY[value, date_part('epoch', time), position, ordinal]) AS least,
       max(ARRAY[value, -date_part('epoch', time), -position, -ordinal]) AS most, bool_or(exact IS NOT NULL) AS "isExact"
     FROM points WHERE series_id = $1 AND source = $2 AND time >= $3 AND time < $4 AND value IS NOT NULL
     GROUP BY date_bin($5 * interval '1 microsecond', time, $3::timestamptz)`,
    [
      origin.series,
      origin.source,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      sliceMicros(range, pointsMax),
    ],
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
  { source, series }: PointOrigin,
  range: Range,
  picks: readonly Pick4[],
): Promise<void> {
  const rows = await session.query(
    `SELECT u.place, p.exact FROM unnest($5::bigint[], $6::smallint[]) WITH ORDINALITY AS u(position, ordinal, place)
     JOIN points p ON p.position = u.position AND p.ordinal = u.ordinal AND p.series_id = $1 AND p.source = $2
       AND p.time >= $3 AND p.time < $4 AND p.exact IS NOT NULL`,
    [
      series,
      source,
      timestampOf(range.fromMicros),
      timestampOf(range.toMicros),
      picks.map(({ position }) => position),
      picks.map(({ ordinal }) => ordinal),
    ],
  );
  for (const { place, exact } of rows) {
    const pick = picks[Number(place) - 1];
    if (pick) pick.exact = exact;
  }
}
