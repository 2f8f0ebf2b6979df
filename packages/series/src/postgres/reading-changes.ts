import { SeriesError } from '../errors.ts';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { NUMBER } from './postgres-query.ts';
import { microsOf, original, pointValue, timestampOf } from './postgres-values.ts';
import { Condition } from './reading-condition.ts';
import type { ReadingChangeFilter, ReadingChanges, ReadingPoint } from './reading-shapes.ts';
import type { TimeBounds } from './seal-times.ts';

const VERSION = 'p1';
/** Seals that one look takes at most. */
const SEALS_AT_ONCE = 1000;

/** The cursor behind everything that is committed. */
export async function cursorNow(session: PostgresSession): Promise<string> {
  const rows = await session.query('SELECT id, seal FROM sources ORDER BY id');
  return writeCursor(new Map(rows.map(({ id, seal }) => [Number(id), Number(seal)])));
}

/**
 * Points of seals committed after a cursor, at most about `pointsMax`: whole seals, at least one. The index of receive
 * times finds them, since those of a seal are one and differ between the seals of a source.
 */
export async function readChanges(
  session: PostgresSession,
  cursor: string,
  filter: ReadingChangeFilter,
  pointsMax: number,
): Promise<ReadingChanges> {
  const seen = readCursor(cursor);
  const rows = await session.query(
    `SELECT s.source, s.seal, s.points, date_part('epoch', s.received) AS received, o.label,
       date_part('epoch', s.low) AS low, date_part('epoch', s.high) AS high
     FROM sources o LEFT JOIN unnest($1::smallint[], $2::bigint[]) AS c(source, seal) ON c.source = o.id
     JOIN seals s ON s.source = o.id AND s.seal > coalesce(c.seal, 0) AND o.seal > coalesce(c.seal, 0)
     ORDER BY s.received, s.source LIMIT ${SEALS_AT_ONCE + 1}`,
    [[...seen.keys()], [...seen.values()]],
  );
  const gaps = new Set<string>();
  const taken: Row[] = [];
  let points = 0;
  for (const row of rows) {
    if (taken.length >= SEALS_AT_ONCE || (taken.length > 0 && points + Number(row.points) > pointsMax)) break;
    const source = Number(row.source);
    const before = seen.get(source) ?? 0;
    // seals of a source come in order of their receive times, so a number left out was removed
    if (Number(row.seal) > before + 1) gaps.add(String(row.label));
    seen.set(source, Math.max(before, Number(row.seal)));
    points += Number(row.points);
    taken.push(row);
  }
  return {
    points: points === 0 ? [] : await pointsOf(session, taken, filter),
    cursor: writeCursor(seen),
    isMore: taken.length < rows.length,
    gaps: [...gaps],
  };
}

async function pointsOf(
  session: PostgresSession,
  seals: readonly Row[],
  filter: ReadingChangeFilter,
): Promise<ReadingPoint[]> {
  const where = new Condition();
  const times = seals.map(({ received }) => microsOf(received));
  const sources = where.value(seals.map(({ source }) => Number(source)));
  const received = where.value(times.map(timestampOf));
  const low = where.value(timestampOf(Math.min(...times)));
  const high = where.value(timestampOf(Math.max(...times)));
  where.add(`p.received >= ${low} AND p.received <= ${high}`);
  const between = eventTimes(seals);
  if (between) where.add(`p.time >= ${where.value(between[0])} AND p.time <= ${where.value(between[1])}`);
  where.equal({ ...filter }, ['tenant', 'project', 'device', 'metric'], 's.');
  where.within(filter.scopes, 's.');
  const rows = await session.query(
    `SELECT s.tenant, s.project, s.device, s.metric, date_part('epoch', p.time) AS time, p.value, p.text, p.flag,
       p.exact, ${NUMBER.replace('position', 'p.position').replace('source', 'p.source')} AS number, p.ordinal
     FROM points p JOIN series s ON s.id = p.series_id
     JOIN unnest(${sources}::smallint[], ${received}::timestamptz[]) AS c(source, received)
       ON c.source = p.source AND c.received = p.received
     WHERE ${where.text} ORDER BY p.received, p.source, p.position, p.ordinal`,
    where.values,
  );
  return rows.map((row) => ({
    tenant: original(String(row.tenant)),
    project: original(String(row.project)),
    device: original(String(row.device)),
    metric: original(String(row.metric)),
    timeMicros: microsOf(row.time),
    value: pointValue(row),
    offset: Number(row.number),
    ordinal: Number(row.ordinal),
  }));
}

/** Event times between which the points of seals lie; undefined where one of them does not say so. */
function eventTimes(seals: readonly Row[]): TimeBounds | undefined {
  const filled = seals.filter(({ points }) => Number(points) > 0);
  if (filled.some(({ low, high }) => low === null || high === null)) return undefined;
  // a double of seconds may be a microsecond off
  const low = Math.min(...filled.map((one) => microsOf(one.low))) - 1;
  const high = Math.max(...filled.map((one) => microsOf(one.high))) + 1;
  return [timestampOf(low), timestampOf(high)];
}

function writeCursor(seals: ReadonlyMap<number, number>): string {
  return `${VERSION}.${Array.from(seals, ([source, seal]) => `${source}:${seal}`).join('_')}`;
}

function readCursor(cursor: string): Map<number, number> {
  const [version, body = ''] = cursor.split('.');
  const pairs = body === '' ? [] : body.split('_').map((pair) => pair.split(':').map(Number));
  const isWhole = pairs.every(
    ([source, seal, ...rest]) => Number.isInteger(source) && Number.isSafeInteger(seal) && rest.length === 0,
  );
  if (version !== VERSION || !isWhole)
    throw new SeriesError(
      'query-refused',
      'Cannot go on after this cursor: it was not given out by this store.',
    );
  return new Map(pairs.map(([source, seal]) => [Number(source), Number(seal)]));
}
