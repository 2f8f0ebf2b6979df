import type { Logger } from '@skerry/kernel';
import type { PostgresPool } from './postgres-pool.ts';

/** How long what is kept. The last two are of TimescaleDB. */
export interface RetentionPolicy {
  readonly rawDays: number;
  readonly rollupDays: number;
  /** Width of a chunk. */
  readonly chunkHours: number;
  /** 0 for no compression. */
  readonly compressAfterDays: number;
}

/**
 * Makes the policies of the schema what is wanted: those that differ are altered and those that are missing made, by one
 * process at a time. Fails as the pool does.
 */
export async function setRetention(
  pool: PostgresPool,
  { rawDays, rollupDays, chunkHours, compressAfterDays }: RetentionPolicy,
  logger: Logger,
): Promise<void> {
  const isChanged = await pool.use('set the retention', async (session) => {
    const [row] = await session.query('SELECT set_retention($1, $2, $3, $4) AS "isChanged"', [
      rawDays,
      rollupDays,
      chunkHours,
      compressAfterDays,
    ]);
    return row?.isChanged === true;
  });
  if (!isChanged) return;
  const facts = { rawDays, rollupDays, chunkHours, compressAfterDays };
  logger.log('info', 'retention of the store changed', { schema: pool.schemaName, ...facts });
}
