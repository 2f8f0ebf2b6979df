import type { PostgresPool } from './postgres-pool.ts';

/** A source that may be the heir of an earlier one: the same partition of a topic that was made anew. */
export interface Heir {
  readonly journalId: string;
  readonly topic: string;
  readonly partition: number;
  /** Count of the partitions of the topic now. */
  readonly partitions: number;
}

/**
 * Gives a source that has no seal yet what the newest earlier source of its partition knew of the journals of gateways:
 * what they send again, since the topic is gone, is known by it. Nothing is given where the topic had another count of
 * partitions, since records then come to others. Fails as the pool does.
 */
export async function inheritOrigins(
  pool: PostgresPool,
  { journalId, topic, partition, partitions }: Heir,
): Promise<void> {
  await pool.transact('take over what an earlier topic knew', async (session) => {
    await session.run(
      `INSERT INTO stage_rows(source, pipeline, part, body)
       SELECT heir.id, r.pipeline, r.part,
         (r.body::jsonb || '{"holes": [], "lost": 0, "records": 0}'::jsonb)::text
       FROM sources heir
       JOIN sources earlier ON earlier.id = (SELECT max(id) FROM sources WHERE label = $3 || '/' || $4 AND id < heir.id)
       JOIN stage_rows r ON r.source = earlier.id AND r.pipeline = 'origins'
       WHERE heir.journal_id = $1 AND heir.seal = 0 AND $2 = (
         SELECT count(DISTINCT label) FROM sources
         WHERE starts_with(label, $3 || '/') AND id < heir.id)
       ON CONFLICT (source, pipeline, part) DO NOTHING`,
      [journalId, partitions, topic, String(partition)],
    );
  });
}
