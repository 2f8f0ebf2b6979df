import type { PostgresSession } from './postgres-pool.ts';
import { microsOf, original } from './postgres-values.ts';
import type { ReadingSink } from './reading-shapes.ts';

/** What each further store of points has of each source. */
export async function readSinks(session: PostgresSession): Promise<ReadingSink[]> {
  const rows = await session.query(
    `SELECT k.name, s.label, s.journal_id, k.seal, s.seal AS committed, k.points, k.refused, k.missed,
       date_part('epoch', clock_timestamp() - o.received) AS behind,
       CASE WHEN o.seal > k.seal + 1 THEN 0 ELSE
         date_part('epoch', o.received + make_interval(days => (SELECT raw_days FROM retention)) - clock_timestamp()) END AS keeps,
       f.reason, date_part('epoch', f.refused) AS refused_at
     FROM sinks k JOIN sources s ON s.id = k.source
     LEFT JOIN LATERAL (SELECT e.seal, e.received FROM seals e
       WHERE e.source = s.id AND e.seal > k.seal ORDER BY e.seal LIMIT 1) o ON true
     LEFT JOIN LATERAL (SELECT reason, refused FROM sink_refusals r
       WHERE k.refused > 0 AND r.sink = k.name AND r.source = k.source ORDER BY r.id DESC LIMIT 1) f ON true
     ORDER BY k.name, s.id`,
  );
  return rows.map((row) => ({
    name: original(String(row.name)),
    label: String(row.label),
    journalId: String(row.journal_id),
    seal: Number(row.seal),
    committed: Number(row.committed),
    points: Number(row.points),
    refused: Number(row.refused),
    missed: Number(row.missed),
    behindMs: row.behind === null ? 0 : Math.max(0, Number(row.behind) * 1_000),
    retentionLeftMs: row.keeps === null ? undefined : Math.max(0, Number(row.keeps) * 1_000),
    lastRefusal:
      row.reason === null
        ? undefined
        : { reason: original(String(row.reason)), atMicros: microsOf(row.refused_at) },
  }));
}
