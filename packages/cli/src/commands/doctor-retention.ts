import type { PostgresSession, Row } from '@skerry/series/postgres';
import { retentionFaults, shortKafkaRetention } from '../config/retention-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import type { Finding } from './doctor.ts';

const DAY_SECS = 86_400;
const RESTART = 'Start one skerry writer again: it makes what is missing, and alters what differs.';

/** What the configuration keeps how long, and policies of it that could never act. */
export function retentionFindings(config: SkerryConfig): Finding[] {
  const { retention, series, journal, kafka } = config;
  const compressed = series.compressAfterDays > 0 ? `, compressed after ${series.compressAfterDays}` : '';
  const found = [
    `profile ${retention.profile}`,
    `points ${series.rawDays} days${compressed}`,
    `rollups ${series.rollupDays} days`,
    `journal ${journal.hoursMax} h`,
    ...(kafka.brokers.length > 0 ? [`Kafka ${kafka.retentionHours} h`] : []),
  ].join(', ');
  const faults = retentionFaults(config);
  const check = 'retention';
  const short = kafka.brokers.length > 0 ? shortKafkaRetention(config) : undefined;
  return [
    faults.length === 0
      ? { check, verdict: 'ok', found, advice: '' }
      : {
          check,
          verdict: 'fault',
          found: `${found}; ${faults.join('; ')}`,
          advice:
            'Change one of the two: the policy can never act, and skerry up and skerry writer refuse it.',
        },
    ...(short ? [{ check: 'kafka retention', verdict: 'warning', ...short } as const] : []),
  ];
}

/** How long the tables keep what, and whether that happens. Empty where there are no tables yet. */
export async function storedRetentionFindings(
  session: PostgresSession,
  { series, postgres }: SkerryConfig,
): Promise<Finding[]> {
  const place = await lookAt(session, postgres.schema);
  if (!place) return [];
  const { kept, isTimescale } = place;
  const wanted = [
    series.rawDays,
    series.rollupDays,
    ...(isTimescale ? [series.chunkHours, series.compressAfterDays] : []),
  ];
  const has = [
    kept.raw_days,
    kept.rollup_days,
    ...(isTimescale ? [kept.chunk_hours, kept.compress_days] : []),
  ];
  const found = `points ${kept.raw_days} days, rollups ${kept.rollup_days} days${isTimescale ? `, chunks ${kept.chunk_hours} h, ${Number(kept.compress_days) > 0 ? `compressed after ${kept.compress_days} days` : 'not compressed'}` : ''}`;
  const check = 'postgres retention';
  const policy: Finding =
    String(wanted) === String(has)
      ? { check, verdict: 'ok', found, advice: '' }
      : {
          check,
          verdict: 'warning',
          found: `${found}, and this configuration says ${wanted.join(', ')}`,
          advice: 'Start the writers with this configuration: what they were started with last is in force.',
        };
  return [
    policy,
    ...(await leftFindings(session, Number(kept.raw_days), isTimescale ? 'chunks' : 'partitions')),
    ...(isTimescale
      ? jobFindings(await session.query(JOBS), {
          maxWorkers: place.maxWorkers,
          maxProcesses: place.maxProcesses,
          compressDays: Number(kept.compress_days),
        })
      : await partitionFindings(session)),
  ];
}

async function lookAt(
  session: PostgresSession,
  schema: string,
): Promise<(Workers & { readonly kept: Row; readonly isTimescale: boolean }) | undefined> {
  const [there] = await session.query(
    `SELECT c.relkind, current_setting('timescaledb.max_background_workers', true) AS workers,
       current_setting('max_worker_processes')::integer AS processes,
       to_regclass(format('%I.retention', $1::text)) IS NOT NULL AS "isKept"
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'points'`,
    [schema],
  );
  if (there?.isKept !== true) return undefined;
  const [kept] = await session.query(
    'SELECT raw_days, rollup_days, chunk_hours, compress_days FROM retention',
  );
  const workers = { maxWorkers: Number(there.workers ?? 0), maxProcesses: Number(there.processes) };
  return kept && { kept, isTimescale: there.relkind === 'r', ...workers };
}

/** End of the oldest day of which points may be there. */
const OLDEST = {
  partitions: `SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')) + 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'points'::regclass AND c.relname ~ '^points_[0-9]{8}$'`,
  chunks: `SELECT min(chunk_creation_time)::date + 1 FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'points'`,
} as const;

/** Points that should be gone, and the sources that keep them: those that have not rolled up what they sealed. */
async function leftFindings(
  session: PostgresSession,
  rawDays: number,
  kind: keyof typeof OLDEST,
): Promise<Finding[]> {
  const check = 'postgres deletion';
  const [row = {}] = await session.query(
    `WITH oldest AS (SELECT (${OLDEST[kind]})::timestamptz AS ended),
       believed AS (SELECT coalesce(min(f.retention) FILTER (WHERE s.sealed > now() - interval '1 day'),
         max(f.retention)) AS now FROM folds f JOIN sources s ON s.id = f.source)
     SELECT floor(extract(epoch FROM b.now - o.ended) / ${DAY_SECS}) AS days,
       (SELECT string_agg(s.label, ', ' ORDER BY s.label) FROM sources s JOIN folds f ON f.source = s.id
        WHERE s.seal > f.rolled_seal AND f.rolled < o.ended) AS waits
     FROM oldest o, believed b`,
  );
  const days = Math.max(0, Number(row.days ?? 0));
  // a day goes within minutes of the moment in which all of it is old; a chunk once an hour
  if (days < rawDays + 1)
    return [{ check, verdict: 'ok', found: `the oldest day of points ended ${days} days ago`, advice: '' }];
  const found = `the oldest day of points ended ${days} days ago, and ${rawDays} are wanted`;
  const held = await heldWords(session);
  if (held !== '') {
    const advice = `Look who has the table for so long, a backup or a report: SELECT pid, usename, application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE relation = 'points'::regclass. Nobody waits for it; the day goes within 10 minutes when it is free.`;
    return [{ check, verdict: 'warning', found: `${found}; ${held}`, advice }];
  }
  return [
    {
      check,
      verdict: 'warning',
      found: row.waits ? `${found}; not rolled up: ${row.waits}` : found,
      advice:
        'Look at iot_store_retention_refused (a clock that jumped) and at the log of the writers: nothing is deleted that a source has not rolled up.',
    },
  ];
}

/** Since when somebody has had the table whenever a day was to go; empty where nobody has. */
async function heldWords(session: PostgresSession): Promise<string> {
  const [there] = await session.query("SELECT to_regclass('drop_waits') IS NOT NULL AS yes");
  if (there?.yes !== true) return '';
  const [row] = await session.query(
    `SELECT refused, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
     FROM drop_waits WHERE parent = 'points'`,
  );
  return row ? `somebody had the table at each of ${row.refused} tries since ${row.since}` : '';
}

async function partitionFindings(session: PostgresSession): Promise<Finding[]> {
  const check = 'postgres partitions';
  const [row = {}] = await session.query(
    `SELECT to_char(max(to_date(right(c.relname, 8), 'YYYYMMDD')), 'YYYY-MM-DD') AS last,
       (max(to_date(right(c.relname, 8), 'YYYYMMDD')) - (now() AT TIME ZONE 'UTC')::date) AS ahead,
       (SELECT max(sealed) > now() - interval '1 day' FROM sources) AS "isWritten"
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'points'::regclass AND c.relname ~ '^points_[0-9]{8}$'`,
  );
  const { last, ahead, isWritten } = row;
  if (isWritten !== true) return [];
  if (Number(ahead ?? -1) >= 1) return [{ check, verdict: 'ok', found: `made up to ${last}`, advice: '' }];
  return [
    {
      check,
      verdict: 'warning',
      found: `made up to ${last ?? 'no day'}, not ahead of today: the first seal of each day waits for its own`,
      advice:
        'Look why writers do not make them: their log, the right to make_day (role skerry_writer), and clocks.',
    },
  ];
}

/** What TimescaleDB does for a schema, and how it went; lengths of time in seconds. */
const JOBS = `SELECT job_id, coalesce(relation, '') AS relation, policy, scheduled, last_run_status,
    extract(epoch FROM (config->>'compress_after')::interval) AS compress,
    extract(epoch FROM (config->>'drop_after')::interval) AS drop,
    extract(epoch FROM (config->>'start_offset')::interval) AS start,
    extract(epoch FROM (config->>'end_offset')::interval) AS end, config->>'raw_days' AS days,
    last_run_started_at < now() - 3 * schedule_interval AND last_run_started_at > '-infinity' AS "isLate"
  FROM timescale_jobs ORDER BY relation, policy`;

const WIDTHS: Readonly<Record<string, number>> = {
  points_minutes: 60,
  points_hours: 3_600,
  points_days: DAY_SECS,
};

interface Workers {
  /** Jobs of TimescaleDB at a time, and processes of the server that they and others are. */
  readonly maxWorkers: number;
  readonly maxProcesses: number;
}

// fixed by TimescaleDB: its launcher, a scheduler for each of two databases, and PostgreSQL's own
const PROCESSES_BESIDE = 4;

/** Jobs of TimescaleDB that are missing, paused, failing, or can never act. `rows` as the view `timescale_jobs` gives them. */
export function jobFindings(
  rows: readonly Row[],
  { maxWorkers, maxProcesses, compressDays }: Workers & { readonly compressDays: number },
): Finding[] {
  const check = 'timescale jobs';
  const fault = (found: string, advice: string): Finding => ({ check, verdict: 'fault', found, advice });
  const faults = [
    ...(maxWorkers > 0
      ? []
      : [
          fault(
            'timescaledb.max_background_workers 0: no policy ever acts',
            'Set it to 16 or more in postgresql.conf, and start the server again.',
          ),
        ]),
    ...missingJobs(rows, compressDays).map((one) => fault(`missing: ${one}`, RESTART)),
    ...rows.flatMap((row) =>
      stateFaults(row).map(([found, advice]) => fault(`${nameOf(row)}: ${found}`, advice)),
    ),
    ...neverActing(rows).map(([found, advice]) => fault(found, advice)),
  ];
  if (faults.length > 0) return faults;
  if (maxProcesses < maxWorkers + PROCESSES_BESIDE) {
    const found = `max_worker_processes ${maxProcesses} with timescaledb.max_background_workers ${maxWorkers}`;
    const advice = `Set max_worker_processes to ${maxWorkers + PROCESSES_BESIDE} or more, and start the server again: jobs fail to start when several are due at once.`;
    return [{ check, verdict: 'warning', found, advice }];
  }
  return [{ check, verdict: 'ok', found: `${rows.length} jobs delete, refresh and compress`, advice: '' }];
}

function nameOf({ relation, policy }: Row): string {
  return relation === '' ? String(policy) : `${policy} of ${relation}`;
}

function missingJobs(rows: readonly Row[], compressDays: number): string[] {
  const there = new Set(rows.map(nameOf));
  const wanted = [
    'retain_points',
    ...(compressDays > 0 ? ['policy_compression of points'] : []),
    ...Object.keys(WIDTHS).flatMap((name) => [
      `policy_refresh_continuous_aggregate of ${name}`,
      `policy_retention of ${name}`,
    ]),
  ];
  return wanted.filter((one) => !there.has(one));
}

/** What was found of one job, and what to do. */
function stateFaults({ job_id, scheduled, last_run_status, isLate }: Row): [string, string][] {
  if (scheduled === false) return [['it is paused', `SELECT alter_job(${job_id}, scheduled => true);`]];
  if (last_run_status === 'Failed')
    return [
      [
        'its last run failed',
        `SELECT * FROM timescaledb_information.job_errors WHERE job_id = ${job_id}; mend what it says, and CALL run_job(${job_id});`,
      ],
    ];
  if (isLate === true)
    return [
      [
        'it has not run for three times its interval',
        'Look at max_worker_processes and timescaledb.max_background_workers of the server, and at its log.',
      ],
    ];
  return [];
}

/** Policies that contradict each other, as people may have altered them. */
function neverActing(rows: readonly Row[]): [string, string][] {
  const of = (policy: string, relation: string) =>
    rows.find((row) => row.policy === policy && row.relation === relation);
  const found: [string, string][] = [];
  const rawSecs = Number(of('retain_points', '')?.days ?? Infinity) * DAY_SECS;
  const compression = of('policy_compression', 'points');
  if (compression && Number(compression.compress) >= rawSecs)
    found.push([
      `points are compressed after ${Number(compression.compress) / DAY_SECS} days and deleted after ${rawSecs / DAY_SECS}: compression never acts`,
      `Lower series.compressAfterDays below series.rawDays. ${RESTART}`,
    ]);
  if (of('policy_retention', 'points'))
    found.push([
      'policy_retention of points: it deletes points whether rollups have them or not',
      "SELECT remove_retention_policy('points'); the job retain_points deletes what is old.",
    ]);
  for (const [name, width] of Object.entries(WIDTHS)) {
    const refresh = of('policy_refresh_continuous_aggregate', name);
    if (refresh?.start != null && Number(refresh.start) - Number(refresh.end ?? 0) < 2 * width)
      found.push([`${name}: its refresh looks at less than two buckets: it never completes one`, RESTART]);
    const kept = of('policy_retention', name);
    if (kept && Number(kept.drop) < width)
      found.push([
        `${name}: kept for ${Number(kept.drop)} s, less than one bucket of ${width} s`,
        `Raise series.rollupDays. ${RESTART}`,
      ]);
  }
  return found;
}
