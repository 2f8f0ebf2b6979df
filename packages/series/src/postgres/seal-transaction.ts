import assert from 'node:assert/strict';
import { type FailpointHook, traceParentOf } from '@skerry/kernel';
import { SeriesError } from '../errors.ts';
import type { Seal } from '../store.ts';
import { encodeVerdicts } from '../verdict-runs.ts';
import type { BookChange } from './device-book.ts';
import { joinedBytes } from './joined-bytes.ts';
import { writeLetters } from './letter-rows.ts';
import { pointColumns, pointRows } from './point-rows.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { storable, timestampOf } from './postgres-values.ts';
import { encodeState } from './seal-state.ts';
import { timesOf } from './seal-times.ts';
import { writeSessions } from './session-rows.ts';
import type { OpenSource } from './source-row.ts';
import { writeStages } from './stage-rows.ts';

/** A seal of a source, and what it is written with. */
export interface SealWrite {
  readonly seal: Seal;
  readonly source: OpenSource;
  readonly change: BookChange;
  /** Receive time of its points. */
  readonly receivedMicros: number;
  /** Ids in the database by the pipeline's series id; 0 where it is not known yet. */
  readonly seriesIds: Int32Array;
  /** Table that the points go to: a partition, or the hypertable. */
  readonly table: string;
  readonly failpoint: FailpointHook;
}

/** Ids in the database of the series that were new. */
export type NewSeries = readonly { readonly local: number; readonly id: number }[];

/** Bytes of all seals come as one value each: `joinedBytes`. */
const COMMIT_SEALS = `WITH t AS MATERIALIZED (SELECT u.id, u.epoch, u.seal, u.from_position, u.position, u.telemetry,
      u.points, u.received, u.log_time, u.low, u.high, substring($10::bytea FROM u.verdicts_at FOR u.verdicts_for) AS verdicts,
      substring($11::bytea FROM u.state_at FOR u.state_for) AS state
    FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::integer[],
      $8::timestamptz[], $9::timestamptz[], $12::integer[], $13::integer[], $14::integer[], $15::integer[],
      $27::timestamptz[], $28::timestamptz[])
      AS u(id, epoch, seal, from_position, position, telemetry, points, received, log_time, verdicts_at, verdicts_for,
        state_at, state_for, low, high)),
  s AS (UPDATE sources SET seal = t.seal, position = t.position, telemetry_position = t.telemetry,
      log_time = t.log_time, received = t.received, sealed = now(), points = sources.points + t.points
    FROM t WHERE sources.id = t.id AND sources.epoch = t.epoch AND sources.seal = t.seal - 1 RETURNING sources.id),
  l AS (INSERT INTO seals(source, seal, from_position, position, telemetry_position, points, received, log_time,
      verdicts, state, low, high)
    SELECT t.id, t.seal, t.from_position, t.position, t.telemetry, t.points, t.received, t.log_time, t.verdicts, t.state,
      t.low, t.high
    FROM t JOIN s ON s.id = t.id),
  v AS (INSERT INTO verdicts SELECT u.* FROM s JOIN unnest($16::smallint[], $17::text[], $18::text[], $19::bigint[],
      $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[])
      AS u(source, tenant, project, a, b, c, d, e, f, g, h) ON u.source = s.id
    ON CONFLICT (source, tenant, project) DO UPDATE SET stored = excluded.stored,
      deduplicated = excluded.deduplicated, filtered = excluded.filtered, dead_lettered = excluded.dead_lettered,
      discarded = excluded.discarded, expired = excluded.expired, time_corrected = excluded.time_corrected,
      seq_resets = excluded.seq_resets)
  SELECT count(*) AS n FROM s`;

/** A seal was not taken: its source's row has another epoch or another seal. */
export class SealNotTaken extends Error {}

/**
 * Writes seals of different sources as one transaction. The points come first and the rows of the sources last: they are
 * the fence, and locked for one statement only. Fails with `SealNotTaken` when the fence of any of them refuses; nothing
 * of any seal is there then.
 */
export async function writeSeals(pool: PostgresPool, writes: readonly SealWrite[]): Promise<NewSeries[]> {
  return await pool.transact('write a seal', async (session) => {
    const added = await addSeries(session, writes);
    // made while the server takes the rows in; what fails then fails below, behind the rows
    const values = Promise.resolve().then(() => sealValues(writes));
    values.catch(() => undefined);
    await copyPoints(session, writes, added);
    await setUnits(session, writes, added);
    for (const { seal, source, receivedMicros } of writes) {
      await writeLetters(session, source.id, seal);
      await writeStages(session, source.id, seal);
      await writeSessions(session, source.id, receivedMicros, seal.sessions);
    }
    const [row] = await session.query(COMMIT_SEALS, await values, 'commit-seals');
    if (Number(row?.n) !== writes.length) throw new SealNotTaken();
    for (const { failpoint } of writes) failpoint('seal-before-commit');
    return added;
  });
}

function sealValues(writes: readonly SealWrite[]): unknown[] {
  const of = <T>(pick: (one: SealWrite) => T) => writes.map(pick);
  const verdicts = joinedBytes(of(({ seal }) => encodeVerdicts(seal.verdicts)));
  const times = of(({ seal }) => timesOf(seal.points));
  const states = joinedBytes(of(({ seal }) => encodeState(seal)));
  return [
    of(({ source }) => source.id),
    of(({ source }) => source.epoch),
    of(({ seal }) => seal.number),
    of(({ seal }) => seal.from),
    of(({ seal }) => seal.position),
    of(({ seal }) => seal.telemetryPosition),
    of(({ seal }) => seal.points.rows),
    of(({ receivedMicros }) => timestampOf(receivedMicros)),
    of(({ seal }) => timestampOf(seal.logTimeMicros)),
    verdicts.bytes,
    states.bytes,
    verdicts.at,
    verdicts.lengths,
    states.at,
    states.lengths,
    ...totalsValues(writes),
    times.map((one) => one?.[0] ?? null),
    times.map((one) => one?.[1] ?? null),
  ];
}

function totalsValues(writes: readonly SealWrite[]): unknown[] {
  const totals = writes.flatMap(({ source, change }) =>
    change.totals.map((one) => ({ ...one, source: source.id })),
  );
  const counts = Array.from({ length: 8 }, (_, at) => totals.map(({ counts: own }) => Number(own[at])));
  return [
    totals.map(({ source }) => source),
    totals.map(({ tenant }) => storable(tenant)),
    totals.map(({ project }) => storable(project)),
    ...counts,
  ];
}

/** One COPY for each table, which is one but around midnight. */
async function copyPoints(
  session: PostgresSession,
  writes: readonly SealWrite[],
  added: readonly NewSeries[],
): Promise<void> {
  const whole = writes.map((one, i) => ({ ...one, seriesIds: withAdded(one.seriesIds, added[i] ?? []) }));
  const filled = whole.filter(({ seal }) => seal.points.rows > 0);
  for (const [table, its] of Map.groupBy(filled, (one) => one.table)) {
    const views = its.map(({ seal }) => seal.points);
    const rows = views.reduce((sum, one) => sum + one.rows, 0);
    const copied = await session.copyIn(
      `COPY ${table}(${pointColumns(views).join(', ')}) FROM STDIN (FORMAT binary)${traceComment(its)}`,
      pointRows(
        its.map(({ seal, source, receivedMicros, seriesIds }) => ({
          view: seal.points,
          source: source.id,
          receivedMicros,
          seriesIds,
        })),
      ),
    );
    if (copied !== rows)
      throw new SeriesError('store-failed', `Cannot write a seal: ${copied} of ${rows} points were taken.`);
  }
}

/** By id, so that two writers wait for each other in one order only. */
async function setUnits(
  session: PostgresSession,
  writes: readonly SealWrite[],
  added: readonly NewSeries[],
): Promise<void> {
  const told = new Map<number, string>();
  for (const [i, { seal, seriesIds }] of writes.entries()) {
    if (!seal.units) continue;
    const ids = withAdded(seriesIds, added[i] ?? []);
    for (const { series, unit } of seal.units) told.set(Number(ids[series]), storable(unit));
  }
  if (told.size === 0) return;
  const rows = [...told].sort(([a], [b]) => a - b);
  await session.run(
    `UPDATE series SET unit = u.unit FROM (SELECT s.id, u.unit FROM unnest($1::integer[], $2::text[]) AS u(id, unit)
       JOIN series s ON s.id = u.id WHERE s.unit IS DISTINCT FROM u.unit ORDER BY s.id FOR UPDATE OF s) u
     WHERE series.id = u.id`,
    [rows.map(([id]) => id), rows.map(([, unit]) => unit)],
  );
}

/** So that the server's log and pg_stat_activity name a trace, as sqlcommenter does; there is room for one. */
function traceComment(writes: readonly SealWrite[]): string {
  const trace = writes.find(({ seal }) => seal.trace)?.seal.trace;
  return trace ? ` /*traceparent='${traceParentOf(trace)}'*/` : '';
}

/**
 * Gives new series their ids in the database, which another source may have given before; by name, all of them at once,
 * so that two writers wait for each other in one order only. Returns them by the order of the seals.
 */
async function addSeries(session: PostgresSession, writes: readonly SealWrite[]): Promise<NewSeries[]> {
  const fresh = writes.flatMap(({ seal, source }) =>
    seal.series.map((one) => ({ ...one, source: source.id })),
  );
  if (fresh.length === 0) return writes.map(() => []);
  const names = [
    fresh.map(({ tenant }) => storable(tenant)),
    fresh.map(({ project }) => storable(project)),
    fresh.map(({ device }) => storable(device)),
    fresh.map(({ metric }) => storable(metric)),
  ];
  await session.run(
    `INSERT INTO devices(tenant, project, device) SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[])
     ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`,
    names.slice(0, 3),
  );
  await session.run(
    `WITH fresh AS (INSERT INTO series(tenant, project, device, metric)
       SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ORDER BY 1, 2, 3, 4
       ON CONFLICT DO NOTHING RETURNING tenant, project, device),
     grown AS (SELECT tenant, project, device, count(*) AS n FROM fresh GROUP BY 1, 2, 3)
     UPDATE devices d SET metrics = d.metrics + g.n FROM grown g
     WHERE d.tenant = g.tenant AND d.project = g.project AND d.device = g.device`,
    names,
  );
  const rows = await session.query(
    `INSERT INTO source_series SELECT u.source, u.local, s.id
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::integer[])
       AS u(tenant, project, device, metric, source, local)
     JOIN series s USING (tenant, project, device, metric)
     ON CONFLICT (source, local) DO UPDATE SET series = excluded.series RETURNING source, local, series AS id`,
    [...names, fresh.map(({ source }) => source), fresh.map(({ id }) => id)],
  );
  assert.equal(rows.length, fresh.length, 'each new series has a row');
  const bySource = Map.groupBy(rows, ({ source }) => Number(source));
  return writes.map(({ source }) =>
    (bySource.get(source.id) ?? []).map(({ local, id }) => ({ local: Number(local), id: Number(id) })),
  );
}

/** The ids with those that were added. */
export function withAdded(ids: Int32Array, added: NewSeries): Int32Array {
  if (added.length === 0) return ids;
  const most = added.reduce((max, { local }) => Math.max(max, local), ids.length - 1);
  const grown = most < ids.length ? ids.slice() : new Int32Array(Math.max(most + 1, ids.length * 2));
  if (most >= ids.length) grown.set(ids);
  for (const { local, id } of added) grown[local] = id;
  return grown;
}
