import { LIMITS } from '../limits.ts';
import { FoldNotTaken } from './fold.ts';
import { type MinuteSums, SUM_COLUMNS } from './minute-sums.ts';
import { dayOf } from './partitions.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { microsOf, timestampOf } from './postgres-values.ts';
import { boundsOf } from './seal-times.ts';
import type { FoldState, OpenSource } from './source-row.ts';
import { boundedPlus, boundedSumOf } from './sum-sql.ts';

/** How far the rollups have come. */
export type RolledTo = Pick<FoldState, 'rolledSeal' | 'rolledMicros'>;

/**
 * Sums by minute, `fresh`, added to those of their minute, hour and day that are there. First and last are arrays of
 * (time, position, ordinal, value), so that they compare as points do.
 */
const ADD = `INSERT INTO rollups AS r (series_id, step, start, source, month, count, min, max, sum, head, tail)
  SELECT f.series_id, s.step, date_bin(s.step * interval '1 second', f.minute, 'epoch'), $1::smallint, $2::date,
    sum(f.count), min(f.min), max(f.max), ${boundedSumOf('f.sum')}, min(f.head), max(f.tail)
  FROM fresh f, (VALUES (60), (3600), (86400)) AS s(step) GROUP BY 1, 2, 3
  ON CONFLICT (series_id, step, start, source, month) DO UPDATE SET count = r.count + excluded.count,
    min = least(r.min, excluded.min), max = greatest(r.max, excluded.max), sum = ${boundedPlus('r.sum', 'excluded.sum')},
    head = least(r.head, excluded.head), tail = greatest(r.tail, excluded.tail)`;

/** Of the points received in (from, to]. */
const ROLL_POINTS = `WITH fresh AS MATERIALIZED (
    SELECT series_id, date_bin('1 minute', time, 'epoch') AS minute,
      count(*) AS count, min(value) AS min, max(value) AS max, ${boundedSumOf('value')} AS sum,
      min(ARRAY[date_part('epoch', time), position, ordinal, value]) AS head,
      max(ARRAY[date_part('epoch', time), position, ordinal, value]) AS tail
    FROM points WHERE source = $1 AND received > $3 AND received <= $4 AND time BETWEEN $5 AND $6
      AND value IS NOT NULL GROUP BY 1, 2)
  ${ADD}`;

/** Of sums that were made as the points were sealed. */
const ROLL_SUMS = `WITH fresh AS MATERIALIZED (
    SELECT u.series_id, to_timestamp(u.minute * 60) AS minute, u.count, u.min, u.max, u.sum,
      ARRAY[u.head_secs, u.head_position, u.head_ordinal, u.head_value] AS head,
      ARRAY[u.tail_secs, u.tail_position, u.tail_ordinal, u.tail_value] AS tail
    FROM unnest($3::integer[], $4::double precision[], $5::bigint[], $6::double precision[], $7::double precision[],
      $8::double precision[], $9::double precision[], $10::double precision[], $11::double precision[],
      $12::double precision[], $13::double precision[], $14::double precision[], $15::double precision[],
      $16::double precision[]) AS u(series_id, minute, count, min, max, sum, head_secs, head_position, head_ordinal,
      head_value, tail_secs, tail_position, tail_ordinal, tail_value))
  ${ADD}`;

/**
 * Adds the points of the next seals up to `sealMax`, about a million points at most, to the rollups as one transaction:
 * from points that are really there, by the receive times that tell the seals of a source apart; all of one month of
 * receipt, in whose partition their sums stand. Returns how far it came.
 */
export async function rollUp(
  pool: PostgresPool,
  source: OpenSource,
  before: RolledTo,
  sealMax: number,
): Promise<RolledTo> {
  return await pool.transact('roll points up', async (session) => {
    const after = await nextWindow(session, source.id, before.rolledSeal, sealMax);
    await moveOn(session, source, before, after);
    await session.run(ROLL_POINTS, [
      source.id,
      monthOf(after),
      timestampOf(before.rolledMicros),
      timestampOf(after.rolledMicros),
      ...(await boundsOf(session, source.id, before.rolledSeal, after.rolledSeal)),
    ]);
    return after;
  });
}

/**
 * Adds what was summed up of the seals from `before` to `after`, in the same way as `rollUp` would. `idOf`: the id in the
 * database of a series.
 */
export async function rollSums(
  pool: PostgresPool,
  source: OpenSource,
  [before, after]: readonly [RolledTo, RolledTo],
  sums: MinuteSums,
  idOf: (series: number) => number,
): Promise<void> {
  await pool.transact('roll points up', async (session) => {
    await moveOn(session, source, before, after);
    if (sums.rows === 0) return;
    const [series = [], ...others] = SUM_COLUMNS.map((_, at) => sums.column(at));
    await session.run(ROLL_SUMS, [source.id, monthOf(after), series.map(idOf), ...others]);
  });
}

async function moveOn(
  session: PostgresSession,
  source: OpenSource,
  before: RolledTo,
  after: RolledTo,
): Promise<void> {
  const taken = await session.run(
    'UPDATE folds SET rolled_seal = $3, rolled = $4 WHERE source = $1 AND epoch = $2 AND rolled_seal = $5',
    [source.id, source.epoch, after.rolledSeal, timestampOf(after.rolledMicros), before.rolledSeal],
  );
  if (taken !== 1) throw new FoldNotTaken();
}

/** The month of receipt, in whose partition sums stand. */
function monthOf({ rolledMicros }: RolledTo): string {
  return `${dayOf(rolledMicros).slice(0, 7)}-01`;
}

async function nextWindow(
  session: PostgresSession,
  source: number,
  sealMin: number,
  sealMax: number,
): Promise<RolledTo> {
  const [row] = await session.query(
    `SELECT seal, date_part('epoch', received) AS received FROM (
       SELECT seal, received, sum(points) OVER (ORDER BY seal) - points AS before,
         date_trunc('month', received) AS month, first_value(received) OVER (ORDER BY seal) AS first
       FROM seals WHERE source = $1 AND seal > $2 AND seal <= $3 ORDER BY seal LIMIT $4) q
     WHERE before < $5 AND month = date_trunc('month', first) ORDER BY seal DESC LIMIT 1`,
    [source, sealMin, sealMax, LIMITS.rollSealsMax.value, LIMITS.rollPointsMax.value],
  );
  return { rolledSeal: Number(row?.seal), rolledMicros: microsOf(row?.received) };
}
