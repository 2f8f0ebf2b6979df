import assert from 'node:assert/strict';
import type { FailpointHook } from '@skerry/kernel';
import type { SeriesDefinition } from '@skerry/model';
import { SeriesError } from '../errors.ts';
import type { Seal } from '../store.ts';
import { encodeVerdicts } from '../verdict-runs.ts';
import type { BookChange, ProjectTotals } from './device-book.ts';
import { writeLetters } from './letter-rows.ts';
import { pointColumns, pointRows } from './point-rows.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { storable, timestampOf } from './postgres-values.ts';
import { encodeState } from './seal-state.ts';
import { writeSessions } from './session-rows.ts';
import type { OpenSource } from './source-row.ts';
import { writeStages } from './stage-rows.ts';

/** What a seal is written with. */
export interface SealParts {
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

const COMMIT_SEAL = `WITH s AS (
    UPDATE sources SET seal = $3, position = $4, telemetry_position = $5, log_time = $6, received = $7,
      sealed = now(), points = points + $8
    WHERE id = $1 AND epoch = $2 AND seal = $3::bigint - 1 RETURNING id),
  l AS (INSERT INTO seals(source, seal, from_position, position, telemetry_position, points, received, log_time,
      verdicts, state)
    SELECT id, $3, $9, $4, $5, $8, $7, $6, $10, $11 FROM s),
  v AS (INSERT INTO verdicts SELECT s.id, u.* FROM s, unnest($12::text[], $13::text[], $14::bigint[], $15::bigint[],
      $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[]) AS u
    ON CONFLICT (source, tenant, project) DO UPDATE SET stored = excluded.stored,
      deduplicated = excluded.deduplicated, filtered = excluded.filtered, dead_lettered = excluded.dead_lettered,
      discarded = excluded.discarded, expired = excluded.expired, time_corrected = excluded.time_corrected,
      seq_resets = excluded.seq_resets)
  SELECT count(*) AS n FROM s`;

/** The seal was not taken: its source's row has another epoch or another seal. */
export class SealNotTaken extends Error {}

/**
 * Writes one seal as one transaction. The points come first and the row of the source last: it is the fence, and locked
 * for one statement only. Fails with `SealNotTaken` when the fence refuses; nothing of the seal is there then.
 */
export async function writeSeal(pool: PostgresPool, seal: Seal, parts: SealParts): Promise<NewSeries> {
  return await pool.transact('write a seal', async (session) => {
    const added = await addSeries(session, parts.source.id, seal.series);
    const seriesIds = withAdded(parts.seriesIds, added);
    await copyPoints(session, seal, { ...parts, seriesIds });
    await writeLetters(session, parts.source.id, seal);
    await writeStages(session, parts.source.id, seal);
    await writeSessions(session, parts.source.id, parts.receivedMicros, seal.sessions);
    const [row] = await session.query(COMMIT_SEAL, sealValues(seal, parts), 'commit-seal');
    if (Number(row?.n) !== 1) throw new SealNotTaken();
    parts.failpoint('seal-before-commit');
    return added;
  });
}

function sealValues(seal: Seal, { source, change, receivedMicros }: SealParts): unknown[] {
  return [
    source.id,
    source.epoch,
    seal.number,
    seal.position,
    seal.telemetryPosition,
    timestampOf(seal.logTimeMicros),
    timestampOf(receivedMicros),
    seal.points.rows,
    seal.from,
    Buffer.from(encodeVerdicts(seal.verdicts)),
    Buffer.from(encodeState(seal)),
    ...totalsValues(change.totals),
  ];
}

function totalsValues(totals: readonly ProjectTotals[]): unknown[] {
  const counts = Array.from({ length: 8 }, (_, at) => totals.map(({ counts: own }) => Number(own[at])));
  return [
    totals.map(({ tenant }) => storable(tenant)),
    totals.map(({ project }) => storable(project)),
    ...counts,
  ];
}

async function copyPoints(session: PostgresSession, seal: Seal, parts: SealParts): Promise<void> {
  const { rows } = seal.points;
  if (rows === 0) return;
  const columns = pointColumns(seal.points).join(', ');
  const copied = await session.copyIn(
    `COPY ${parts.table}(${columns}) FROM STDIN (FORMAT binary)`,
    pointRows(seal.points, {
      source: parts.source.id,
      receivedMicros: parts.receivedMicros,
      seriesIds: parts.seriesIds,
    }),
  );
  if (copied === rows) return;
  throw new SeriesError('store-failed', `Cannot write a seal: ${copied} of ${rows} points were taken.`);
}

/**
 * Gives new series their ids in the database, which another source may have given before; by name, so that two sources
 * wait for each other in one order only.
 */
async function addSeries(
  session: PostgresSession,
  source: number,
  series: readonly SeriesDefinition[],
): Promise<NewSeries> {
  if (series.length === 0) return [];
  const names = [
    series.map(({ tenant }) => storable(tenant)),
    series.map(({ project }) => storable(project)),
    series.map(({ device }) => storable(device)),
    series.map(({ metric }) => storable(metric)),
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
    `INSERT INTO source_series SELECT $5, u.local, s.id
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $6::integer[])
       AS u(tenant, project, device, metric, local)
     JOIN series s USING (tenant, project, device, metric)
     ON CONFLICT (source, local) DO UPDATE SET series = excluded.series RETURNING local, series AS id`,
    [...names, source, series.map(({ id }) => id)],
  );
  assert.equal(rows.length, series.length, 'each new series has a row');
  return rows.map(({ local, id }) => ({ local: Number(local), id: Number(id) }));
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
