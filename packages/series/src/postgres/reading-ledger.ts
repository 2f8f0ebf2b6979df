import type { PostgresSession } from './postgres-pool.ts';
import { microsOf, original } from './postgres-values.ts';
import type { ReadingGateway, ReadingLedger, ReadingOrigin, ReadingVerdicts } from './reading-shapes.ts';

/** What the writer of a source `s` adds to the offsets of Kafka; it keeps that in a row of its own (docs/formats/postgres.md). */
export const SHIFT = `coalesce((SELECT (k.body::jsonb->>'shift')::bigint FROM stage_rows k
  WHERE k.source = s.id AND k.pipeline = 'kafka' AND k.part = 'place'), 0)`;

/** Verdicts, positions, and what gateways have told; in the caller's snapshot. */
export async function readLedger(session: PostgresSession): Promise<ReadingLedger> {
  const sources = (
    await session.query(
      `SELECT journal_id, label, position, telemetry_position, ${SHIFT} AS shift FROM sources s ORDER BY id`,
    )
  ).map((row) => ({
    journalId: String(row.journal_id),
    label: String(row.label),
    position: Number(row.position),
    shift: Number(row.shift),
    telemetryPosition: Number(row.telemetry_position),
  }));
  return {
    projects: await readVerdicts(session),
    telemetryPosition: sources.reduce((sum, one) => sum + one.telemetryPosition, 0),
    sources,
    gateways: await readGateways(session),
    origins: await readOrigins(session),
  };
}

async function readVerdicts(session: PostgresSession): Promise<ReadingVerdicts[]> {
  const repeats = new Map(
    (
      await session.query(
        `SELECT part, sum(body::bigint) AS n FROM stage_rows WHERE pipeline = 'repeats' GROUP BY part`,
      )
    ).map(({ part, n }) => [original(String(part)), Number(n)]),
  );
  const rows = await session.query(
    `SELECT tenant, project, sum(stored) AS stored, sum(deduplicated) AS deduplicated, sum(filtered) AS filtered,
       sum(dead_lettered) AS dead_lettered, sum(discarded) AS discarded, sum(expired) AS expired
     FROM verdicts GROUP BY tenant, project ORDER BY tenant, project`,
  );
  return rows.map((row) => {
    const [tenant, project] = [original(String(row.tenant)), original(String(row.project))];
    return {
      tenant,
      project,
      stored: Number(row.stored),
      deduplicated: Number(row.deduplicated),
      filtered: Number(row.filtered),
      deadLettered: Number(row.dead_lettered),
      discarded: Number(row.discarded),
      expired: Number(row.expired),
      // as the pipeline names the row
      repeated: repeats.get(JSON.stringify([tenant, project])) ?? 0,
    };
  });
}

async function readGateways(session: PostgresSession): Promise<ReadingGateway[]> {
  const accounts = Map.groupBy(
    await session.query(
      'SELECT journal, tenant, project, received, received_qos0 FROM gateway_accounts ORDER BY journal, tenant, project',
    ),
    ({ journal }) => String(journal),
  );
  const journals = await session.query(
    `SELECT journal, name, as_of, sent, date_part('epoch', told) AS told, ended FROM gateway_journals ORDER BY journal`,
  );
  return journals.map((row) => ({
    journalId: String(row.journal),
    name: original(String(row.name)),
    asOf: Number(row.as_of),
    sent: Number(row.sent),
    isEnded: row.ended === true,
    toldMicros: microsOf(row.told),
    accounts: (accounts.get(String(row.journal)) ?? []).map((one) => ({
      tenant: original(String(one.tenant)),
      project: original(String(one.project)),
      received: Number(one.received),
      receivedQos0: Number(one.received_qos0),
    })),
  }));
}

async function readOrigins(session: PostgresSession): Promise<ReadingOrigin[]> {
  const rows = await session.query(
    `SELECT part, max((body::jsonb->>'offset')::bigint) AS highest, sum((body::jsonb->>'records')::bigint) AS records,
       sum((body::jsonb->>'lost')::bigint) AS lost
     FROM stage_rows WHERE pipeline = 'origins' GROUP BY part ORDER BY part`,
  );
  return rows.map((row) => ({
    journalId: String(row.part),
    offset: Number(row.highest),
    records: Number(row.records),
    lost: Number(row.lost),
  }));
}
