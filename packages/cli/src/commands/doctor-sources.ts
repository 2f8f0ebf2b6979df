import { LIMITS as SERIES_LIMITS } from '@skerry/series/limits';
import type { PostgresSession } from '@skerry/series/postgres';
import type { Finding } from './doctor.ts';
import { ok } from './doctor-looks.ts';

/** Of all numbers of sources; from here on somebody should think of a new schema. */
const WARNING_SHARE = 0.8;

/** How many of the numbers that a schema has for sources are used; the session may read them. */
export async function sourcesFinding(session: PostgresSession, schema: string): Promise<Finding> {
  const check = 'postgres sources';
  const most = SERIES_LIMITS.sourcesMax.value;
  const [row] = await session.query(
    `SELECT coalesce(max(id) + 1, 0) AS used,
       count(*) FILTER (WHERE greatest(sealed, opened) > clock_timestamp() - interval '1 day') AS living
     FROM "${schema}".sources`,
  );
  const used = Number(row?.used);
  const found = `${used} of ${most} partitions that the schema ${schema} tells apart, ${row?.living} of them written within a day`;
  if (used < most * WARNING_SHARE) return ok(check, found);
  const advice = `${
    used < most ? 'Before the last one is used b' : 'A partition that is new is not written: b'
  }egin a new schema (postgres.schema) for all writers and clouds; they read Kafka from its oldest record, and the old one stays readable. Each topic that is deleted and made again takes new ones, so do not, and make fewer partitions (kafka.partitions).`;
  return { check, verdict: used < most ? 'warning' : 'fault', found, advice };
}
