import type { PostgresSession } from '@skerry/series/postgres';
import type { Finding } from './doctor.ts';

const TOLD = 5;

/** Gateways that are gone with acknowledged records on their disks: nobody else has them. */
export async function gatewaysFinding(session: PostgresSession, schema: string): Promise<Finding[]> {
  const check = 'gateways';
  const [table] = await session.query('SELECT to_regclass($1) IS NOT NULL AS "isThere"', [
    `${schema}.gateway_journals`,
  ]);
  if (table?.isThere !== true) return [];
  const rows = await session.query(
    `SELECT name, as_of - sent AS held, to_char(told AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS told
     FROM "${schema}".gateway_journals WHERE as_of > sent AND told < clock_timestamp() - interval '1 minute'
     ORDER BY as_of - sent DESC`,
  );
  if (rows.length === 0)
    return [{ check, verdict: 'ok', found: 'none has gone with records on its disk', advice: '' }];
  const words = rows
    .slice(0, TOLD)
    .map(({ name, held, told }) => `${name}: ${held} records, silent since ${told}`);
  const more = rows.length > TOLD ? `, and ${rows.length - TOLD} more` : '';
  const advice =
    'Start any gateway on that data folder (skerry gateway with its --data-dir): it sends what it holds to Kafka, and what was sent before is known.';
  return [{ check, verdict: 'warning', found: `${words.join('; ')}${more}`, advice }];
}
