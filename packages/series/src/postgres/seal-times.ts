import type { HeadView } from '../head.ts';
import type { PostgresSession } from './postgres-pool.ts';
import { timestampOf } from './postgres-values.ts';

/** Event times between which points lie, both included, as PostgreSQL writes them. */
export type TimeBounds = readonly [low: string, high: string];

/** Column of seals that says between which event times its points lie; whoever looks for points of a seal by their receipt looks no further, which spares chunks that are compressed. */
export const SEAL_TIMES = `
ALTER TABLE seals ADD low timestamptz, ADD high timestamptz;
`;

/** Lowest and highest event time of the points of a seal; undefined without points. */
export function timesOf({ columns, rows }: HeadView): TimeBounds | undefined {
  if (rows === 0) return undefined;
  let low = Infinity;
  let high = -Infinity;
  for (let row = 0; row < rows; row++) {
    const time = Number(columns.time[row]);
    if (time < low) low = time;
    if (time > high) high = time;
  }
  return [timestampOf(low), timestampOf(high)];
}

/** SQL for the bounds over rows of `seals`: endless where one of them was written before bounds were kept, and empty without points. */
export const BOUNDS = `CASE WHEN bool_or(points > 0 AND low IS NULL) THEN '-infinity'
    ELSE coalesce(min(low), 'infinity') END::text AS low,
  CASE WHEN bool_or(points > 0 AND low IS NULL) THEN 'infinity'
    ELSE coalesce(max(high), '-infinity') END::text AS high`;

/** Bounds of the points of a source's seals in (after, to]. */
export async function boundsOf(
  session: PostgresSession,
  source: number,
  after: number,
  to: number,
): Promise<TimeBounds> {
  const [row] = await session.query(
    `SELECT ${BOUNDS} FROM seals WHERE source = $1 AND seal > $2 AND seal <= $3`,
    [source, after, to],
  );
  return [String(row?.low), String(row?.high)];
}
