import type { PostgresPool } from './postgres-pool.ts';
import { LOCK_CLASS } from './schema-functions.ts';

/**
 * Does work that at most one process of this schema does at a time, under a lock of the server's that is gone when its
 * connection is. Waits for whoever holds it, within the pool's lock time-out. Faults of `work` come as they are, those of
 * the lock as the pool's.
 */
export async function whileLocked<T>(pool: PostgresPool, name: string, work: () => Promise<T>): Promise<T> {
  const key = [LOCK_CLASS, `${pool.schemaName} ${name}`];
  const outcome = await pool.use(`hold the lock ${name}`, async (session) => {
    await session.query('SELECT pg_advisory_lock($1::integer, hashtext($2))', key);
    const [settled] = await Promise.allSettled([work()]);
    await session.query('SELECT pg_advisory_unlock($1::integer, hashtext($2))', key);
    return settled;
  });
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
