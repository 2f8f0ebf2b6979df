import type { Seal, StageRow } from '../store.ts';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { original, storable } from './postgres-values.ts';

/** Writes the rows of declared pipelines that a seal changes; inside its transaction. */
export async function writeStages(
  session: PostgresSession,
  source: number,
  { stages = [] }: Pick<Seal, 'stages'>,
): Promise<void> {
  // of several changes to one row the last one counts: one statement may touch a row once
  const last = new Map(stages.map((row) => [`${row.pipeline}\u0000${row.part}`, row]));
  const removed = [...last.values()].filter(({ body }) => body === undefined);
  const kept = [...last.values()].filter(({ body }) => body !== undefined);
  if (removed.length > 0) {
    await session.run(
      `DELETE FROM stage_rows s USING unnest($2::text[], $3::text[]) AS u(pipeline, part)
       WHERE s.source = $1 AND s.pipeline = u.pipeline AND s.part = u.part`,
      [source, ...namesOf(removed)],
    );
  }
  if (kept.length === 0) return;
  await session.run(
    `INSERT INTO stage_rows(source, pipeline, part, body)
     SELECT $1, u.pipeline, u.part, u.body
     FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS u(pipeline, part, body, place)
     ORDER BY place ON CONFLICT (source, pipeline, part) DO UPDATE SET body = excluded.body`,
    [source, ...namesOf(kept), kept.map(({ body }) => storable(body ?? ''))],
  );
}

function namesOf(rows: readonly StageRow[]): [string[], string[]] {
  return [rows.map(({ pipeline }) => storable(pipeline)), rows.map(({ part }) => storable(part))];
}

/** All rows of a source, in the order in which they were made. */
export async function readStages(session: PostgresSession, source: number): Promise<StageRow[]> {
  const rows = await session.query(
    'SELECT pipeline, part, body FROM stage_rows WHERE source = $1 ORDER BY id',
    [source],
  );
  return rows.map(rowOf);
}

/** All rows of every source, in the order in which they were made. */
export async function readAllStages(session: PostgresSession): Promise<Map<number, StageRow[]>> {
  const sources = new Map<number, StageRow[]>();
  for (const row of await session.query('SELECT source, pipeline, part, body FROM stage_rows ORDER BY id')) {
    const source = Number(row.source);
    const rows = sources.get(source);
    if (rows) rows.push(rowOf(row));
    else sources.set(source, [rowOf(row)]);
  }
  return sources;
}

function rowOf({ pipeline, part, body }: Row): StageRow {
  return {
    pipeline: original(String(pipeline)),
    part: original(String(part)),
    body: original(String(body)),
  };
}
