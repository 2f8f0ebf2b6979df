import { LIMITS } from '../limits.ts';
import { FoldNotTaken } from './fold.ts';
import { dayOf } from './partitions.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { microsOf, timestampOf } from './postgres-values.ts';
import type { FoldState, OpenSource } from './source-row.ts';

/** How far the rollups have come. */
export type RolledTo = Pick<FoldState, 'rolledSeal' | 'rolledMicros'>;

/**
 * Sums of the points received in (from, to] by minute, hour and day of their event time, added to what is there. First
 * and last are arrays of (time, position, ordinal, value), so that they compare as points do.
 */
const ROLL_UP = `WITH fresh AS MATERIALIZED (
    SELECT series_id, date_bin('1 minute', time, 'epoch') AS minute,
      count(*) AS count, min(value) AS min, max(value) AS max, sum(value) AS sum,
      min(ARRAY[date_part('epoch', time), position, ordinal, value]) AS head,
      max(ARRAY[date_part('epoch', time), position, ordinal, value]) AS tail
    FROM points WHERE source = $1 AND received > $2 AND received <= $3 AND value IS NOT NULL GROUP BY 1, 2)
  INSERT INTO rollups AS r (series_id, step, start, source, month, count, min, max, sum, head, tail)
  SELECT f.series_id, s.step, date_bin(s.step * interval '1 second', f.minute, 'epoch'), $1::smallint, $4::date,
    sum(f.count), min(f.min), max(f.max), sum(f.sum), min(f.head), max(f.tail)
  FROM fresh f, (VALUES (60), (3600), (86400)) AS s(step) GROUP BY 1, 2, 3
  ON CONFLICT (series_id, step, start, source, month) DO UPDATE SET count = r.count + excluded.count,
    min = least(r.min, excluded.min), max = greatest(r.max, excluded.max), sum = r.sum + excluded.sum,
    head = least(r.head, excluded.head), tail = greatest(r.tail, excluded.tail)`;

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
    const taken = await session.run(
      'UPDATE folds SET rolled_seal = $3, rolled = $4 WHERE source = $1 AND epoch = $2 AND rolled_seal = $5',
      [source.id, source.epoch, after.rolledSeal, timestampOf(after.rolledMicros), before.rolledSeal],
    );
    if (taken !== 1) throw new FoldNotTaken();
    await session.run(ROLL_UP, [
      source.id,
      timestampOf(before.rolledMicros),
      timestampOf(after.rolledMicros),
      `${dayOf(after.rolledMicros).slice(0, 7)}-01`,
    ]);
    return after;
  });
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
