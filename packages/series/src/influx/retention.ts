import type { InfluxApi } from './influx-api.ts';

/** Which database is wanted. */
export interface WantedDatabase {
  readonly database: string;
  readonly retentionHours: number;
}

const HOUR_SECS = 3_600;

/**
 * Makes the database of InfluxDB 1.x with its retention where it is missing. One that is there keeps its own; what
 * differs is said, undefined when nothing does. Fails with the codes of a sink.
 */
export async function prepareDatabase(
  api: InfluxApi,
  { database, retentionHours }: WantedDatabase,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = quoted(database);
  const known = await api.query('SHOW DATABASES', signal);
  const names = known.flatMap(({ values }) => values ?? []).map(([one]) => one);
  if (!names.includes(database)) {
    await api.query(`CREATE DATABASE ${name} WITH DURATION ${retentionHours}h REPLICATION 1`, signal);
    return undefined;
  }
  const [policies] = await api.query(`SHOW RETENTION POLICIES ON ${name}`, signal);
  const column = (title: string) => policies?.columns.indexOf(title) ?? -1;
  const own = policies?.values?.find((row) => row[column('default')] === true);
  const duration = String(own?.[column('duration')]);
  if (secondsOf(duration) === retentionHours * HOUR_SECS) return undefined;
  return `found ${duration} in ${database}, wanted ${retentionHours}h0m0s: ALTER RETENTION POLICY ${quoted(String(own?.[column('name')]))} ON ${name} DURATION ${retentionHours}h`;
}

/** `72h0m0s` in seconds. */
function secondsOf(duration: string): number | undefined {
  const parts = /^(\d+)h(\d+)m(\d+)s$/.exec(duration);
  return parts ? Number(parts[1]) * 3_600 + Number(parts[2]) * 60 + Number(parts[3]) : undefined;
}

function quoted(name: string): string {
  return `"${name.replace(/[\\"]/g, '\\$&')}"`;
}
