import type { SeriesKey } from '@skerry/model';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { createHead, textBytesOf, viewOf } from '../shared-head.ts';
import type { SinkBook, SinkPage, SinkPoints, SinkRefusal, SinkStep } from '../sink.ts';
import type { PostgresPool, PostgresSession, Row } from './postgres-pool.ts';
import { original, pointValue, storable, timestampOf } from './postgres-values.ts';

/** A source whose points a sink follows. */
export interface SinkBookOptions {
  readonly pool: PostgresPool;
  readonly sink: string;
  /** The source, which was opened by a store before. */
  readonly journalId: string;
  /** Points that are read at a time; those of `LIMITS` when absent. */
  readonly readPoints?: number;
}

/** Opens the book of a sink and a source; a new sink begins with the oldest seal that is kept. Fails with the codes of the store. */
export async function openSinkBook({
  pool,
  sink,
  journalId,
  readPoints = LIMITS.sinkReadPoints.value,
}: SinkBookOptions): Promise<SinkBook> {
  const { source, seal } = await pool.use('read the position of a sink', async (session) => {
    const [known] = await session.query('SELECT id FROM sources WHERE journal_id = $1', [journalId]);
    if (!known)
      throw new SeriesError(
        'store-not-opened',
        `Cannot follow the journal ${journalId}: the schema ${pool.schemaName} has no source of it.`,
      );
    const id = Number(known.id);
    await session.run(REGISTER, [sink, id]);
    const [row] = await session.query('SELECT seal FROM sinks WHERE name = $1 AND source = $2', [sink, id]);
    return { source: id, seal: Number(row?.seal) };
  });
  return {
    seal,
    readAfter: (after) =>
      pool.read('read points for a sink', LIMITS.statementMs.value, (session) =>
        readPage(session, source, { after, readPoints }),
      ),
    advance: (step) => advance(pool, { sink, source }, step),
  };
}

/** A new sink begins before the oldest seal that is kept now: what is removed after that, it misses. */
const REGISTER = `INSERT INTO sinks(name, source, seal)
  SELECT $1::text, id, coalesce((SELECT min(seal) - 1 FROM seals WHERE source = s.id), s.seal) FROM sources s WHERE id = $2
  ON CONFLICT DO NOTHING`;

/** The ids and names of all sources that have seals, for whoever replays them. */
export async function sourcesOf(pool: PostgresPool): Promise<readonly { id: number; label: string }[]> {
  const rows = await pool.use('list the sources', (session) =>
    session.query('SELECT id, label FROM sources WHERE seal > 0 ORDER BY id'),
  );
  return rows.map(({ id, label }) => ({ id: Number(id), label: String(label) }));
}

/** Which points of a source are read again. */
export interface SinkRange {
  /** Seals after this one. */
  readonly after: number;
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** Reads committed points of a source after a seal whose event time and record are in the range, for a sink to take again. */
export function readRange(
  pool: PostgresPool,
  source: number,
  range: SinkRange,
): Promise<SinkPage | undefined> {
  return pool.read('read points for a sink', LIMITS.statementMs.value, (session) =>
    readPage(session, source, { ...range, readPoints: LIMITS.sinkReadPoints.value }),
  );
}

interface PageQuestion extends Partial<SinkRange> {
  readonly after: number;
  readonly readPoints: number;
}

async function readPage(
  session: PostgresSession,
  source: number,
  question: PageQuestion,
): Promise<SinkPage | undefined> {
  const seals = await session.query(
    `SELECT seal, received::text AS received, points, sum(points) OVER (ORDER BY seal) AS total
     FROM (SELECT seal, received, points FROM seals WHERE source = $1 AND seal > $2 ORDER BY seal LIMIT $3) s
     ORDER BY seal`,
    [source, question.after, SEALS_AT_ONCE],
  );
  const taken = seals.filter(({ total }, i) => i === 0 || Number(total) <= question.readPoints);
  const [first] = taken;
  const last = taken.at(-1);
  if (!first || !last) return undefined;
  const rows = await pointsBetween(
    session,
    source,
    [String(first.received), String(last.received)],
    question,
  );
  return {
    seal: Number(last.seal),
    missed: Number(first.seal) - question.after - 1 + withoutPoints(taken, rows, question),
    points: await pointsOf(session, rows, Number(last.seal)),
  };
}

/** Seals whose points retention has removed before themselves. */
function withoutPoints(seals: readonly Row[], rows: readonly Row[], { fromMicros }: PageQuestion): number {
  if (fromMicros !== undefined) return 0;
  const had = seals.filter(({ points }) => Number(points) > 0).length;
  return had - Number(rows.at(-1)?.nth ?? 0);
}

/** Seals of one page at most: small ones come many at a time. */
const SEALS_AT_ONCE = 1_000;

/**
 * The receive times of a source's seals differ, so they tell the points of each. A range of records brings the points
 * before it too that share seal, series and time with one of its own: what tells these apart counts from the first.
 */
function pointsBetween(
  session: PostgresSession,
  source: number,
  received: readonly [string, string],
  { fromMicros, toMicros, fromOffset = 0, toOffset = Number.MAX_SAFE_INTEGER }: PageQuestion,
): Promise<Row[]> {
  const isAll = fromMicros === undefined || toMicros === undefined;
  const isCut = !isAll && fromOffset > 0;
  const range = isAll ? [] : [timestampOf(fromMicros), timestampOf(toMicros), toOffset];
  const values = [source, ...received, ...range, ...(isCut ? [fromOffset] : [])];
  const ofSeals = `SELECT * FROM points WHERE source = $1 AND received BETWEEN $2::timestamptz AND $3::timestamptz
    ${isAll ? '' : 'AND time >= $4::timestamptz AND time < $5::timestamptz AND position < $6'}`;
  const beside = `SELECT *, bool_or(position >= $7) OVER (PARTITION BY received, series_id, time) AS near FROM (${ofSeals}) q`;
  return session.query(
    `SELECT (extract(epoch FROM time) * 1000000)::bigint AS micros, series_id, value, text, flag, exact,
       position, ordinal, dense_rank() OVER (ORDER BY received) AS nth, ${isCut ? 'position >= $7' : 'true'} AS wanted
     FROM (${isCut ? beside : ofSeals}) p ${isCut ? 'WHERE near' : ''}
     ORDER BY received, position, ordinal`,
    values,
  );
}

async function pointsOf(session: PostgresSession, rows: readonly Row[], seal: number): Promise<SinkPoints> {
  const values = rows.map(pointValue);
  const textBytes = values.reduce<number>((sum, value) => sum + textBytesOf(value), 0);
  const head = createHead(Math.max(1, rows.length), textBytes);
  for (const [i, row] of rows.entries())
    head.append(
      Number(row.series_id),
      Number(row.micros),
      values[i] ?? 0,
      Number(row.position),
      Number(row.ordinal) & 0xffff,
    );
  const ids = [...new Set(rows.map(({ series_id }) => Number(series_id)))];
  const names = new Map<number, SeriesKey>();
  const found = await session.query(
    'SELECT id, tenant, project, device, metric FROM series WHERE id = ANY($1::integer[])',
    [ids],
  );
  for (const { id, tenant, project, device, metric } of found)
    names.set(Number(id), {
      tenant: original(String(tenant)),
      project: original(String(project)),
      device: original(String(device)),
      metric: original(String(metric)),
    });
  const seals = rows.flatMap(({ nth }, row) => (row > 0 && nth !== rows[row - 1]?.nth ? [row] : []));
  const isWanted = (row: number) => rows[row]?.wanted === true;
  const some = rows.every(({ wanted }) => wanted) ? {} : { isWanted };
  return { view: viewOf(head, seal), seals, nameOf: (series) => names.get(series), ...some };
}

async function advance(
  pool: PostgresPool,
  { sink, source }: { readonly sink: string; readonly source: number },
  { seal, points, missed, refusals }: SinkStep,
): Promise<void> {
  const keep = async (session: PostgresSession): Promise<void> => {
    const kept = await session.run(
      ADVANCE,
      [sink, source, seal, points, refusals.length, missed],
      'advance-sink',
    );
    if (kept > 0 && refusals.length > 0) await keepRefusals(session, sink, source, refusals);
  };
  const action = 'keep the position of a sink';
  // one statement is a transaction of its own
  await (refusals.length === 0 ? pool.use(action, keep) : pool.transact(action, keep));
}

const ADVANCE = `UPDATE sinks SET seal = $3, points = points + $4, refused = refused + $5, missed = missed + $6,
  changed = now() WHERE name = $1 AND source = $2 AND seal < $3`;

/** Keeps the newest refusals for people, and removes older ones beyond the limit. */
export async function keepRefusals(
  session: PostgresSession,
  sink: string,
  source: number,
  refusals: readonly SinkRefusal[],
): Promise<void> {
  const most = LIMITS.sinkRefusalsMax.value;
  const newest = refusals.slice(-most);
  for (let start = 0; start < newest.length; start += REFUSALS_AT_ONCE) {
    const some = newest.slice(start, start + REFUSALS_AT_ONCE);
    await session.run(
      `INSERT INTO sink_refusals(sink, source, position, ordinal, line, reason)
       SELECT $1, $2, * FROM unnest($3::bigint[], $4::integer[], $5::text[], $6::text[])
       ON CONFLICT (sink, source, position, ordinal) DO UPDATE SET reason = excluded.reason, refused = now()`,
      [
        sink,
        source,
        some.map(({ offset }) => offset),
        some.map(({ ordinal }) => ordinal),
        some.map(({ line }) => storable(line)),
        some.map(({ reason }) => storable(reason)),
      ],
    );
  }
  await session.run(
    `DELETE FROM sink_refusals WHERE sink = $1 AND source = $2 AND id <=
       (SELECT id FROM sink_refusals WHERE sink = $1 AND source = $2 ORDER BY id DESC OFFSET $3 LIMIT 1)`,
    [sink, source, most],
  );
}

const REFUSALS_AT_ONCE = 1_000;
