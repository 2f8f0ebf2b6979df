import { LOCK_CLASS } from './schema-functions.ts';
import { MINE } from './schema-views.ts';

/** How long what is kept, as the writer said that started last; one row. */
const RETENTION_TABLE = `
CREATE TABLE retention(
  single boolean PRIMARY KEY DEFAULT true CHECK (single), raw_days integer NOT NULL, rollup_days integer NOT NULL,
  chunk_hours integer NOT NULL, compress_days integer NOT NULL, changed timestamptz NOT NULL DEFAULT now()
);
`;

const headOf = (schema: string, path: string) =>
  `LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, ${path} SET timezone = 'UTC'`;

const WANTED = 'new_raw integer, new_rollup integer, new_chunk integer, new_compress integer';

/**
 * `set_retention` keeps what is asked for and, with TimescaleDB, makes the policies; it is false where nothing was to be
 * done. It runs with the rights of the schema's owner, so that a writer needs none to alter tables. `isWhole`: a condition
 * that has to hold, too, for nothing to be done; `act`: what is done after the row is kept.
 */
function setRetention(head: string, isWhole: string, act: string): string {
  return `
CREATE FUNCTION has_retention(${WANTED}) RETURNS boolean ${head} AS $body$
BEGIN
  RETURN EXISTS (SELECT FROM retention WHERE
    (raw_days, rollup_days, chunk_hours, compress_days) = (new_raw, new_rollup, new_chunk, new_compress))${isWhole};
END $body$;

CREATE FUNCTION set_retention(${WANTED}) RETURNS boolean ${head} AS $body$
BEGIN
  IF has_retention(new_raw, new_rollup, new_chunk, new_compress) THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(current_schema() || ' retention'));
  IF has_retention(new_raw, new_rollup, new_chunk, new_compress) THEN RETURN false; END IF;
  INSERT INTO retention(raw_days, rollup_days, chunk_hours, compress_days)
    VALUES (new_raw, new_rollup, new_chunk, new_compress)
    ON CONFLICT (single) DO UPDATE SET raw_days = new_raw, rollup_days = new_rollup, chunk_hours = new_chunk,
      compress_days = new_compress, changed = now();${act}
  RETURN true;
END $body$;
`;
}

/** The rollups as people ask for them, by the names of the view, with what stands behind each. */
export const ROLLUP_VIEWS = [
  { view: 'telemetry_minutes', step: 60 },
  { view: 'telemetry_hours', step: 3_600 },
  { view: 'telemetry_days', step: 86_400 },
] as const;

/** The views over our own rollups. */
export function rollupViews(): string {
  const columns =
    'time, tenant, project, device, metric, unit, count::bigint AS count, min, max, sum, mean, first, last';
  return ROLLUP_VIEWS.map(
    ({ view, step }) =>
      `CREATE VIEW ${view} WITH (security_barrier) AS SELECT ${columns} FROM telemetry_rollups WHERE step_secs = ${step};\n`,
  ).join('');
}

/** Retention of native partitions: writers drop them; the views show our own rollups. */
export function plainRetention(schema: string): string {
  return `${RETENTION_TABLE}${setRetention(headOf(schema, 'pg_temp'), '', '')}${rollupViews()}`;
}

/** Rights on it; the reading role sees the views only. */
export const retentionGrants = (isTimescale: boolean) => `
GRANT SELECT ON retention${isTimescale ? ', timescale_jobs' : ''} TO skerry_writer;
REVOKE ALL ON FUNCTION has_retention, set_retention FROM PUBLIC;
GRANT EXECUTE ON FUNCTION has_retention, set_retention TO skerry_writer;
GRANT SELECT ON telemetry_minutes, telemetry_hours, telemetry_days TO skerry_writer, skerry_reader;
`;

/**
 * First and last of a bucket are arrays of (time, position, ordinal, value), as in our own rollups; the time as an
 * interval's seconds, since a continuous aggregate takes immutable functions only.
 */
const KEY = `ARRAY[date_part('epoch', time - timestamptz '1970-01-01 00:00:00+00'), position::double precision,
    ordinal::double precision, value]`;

/** Each bucket on the one below, which outlives the points, so that a late refresh finds what points no longer say. */
export const AGGREGATES = `
CREATE MATERIALIZED VIEW points_minutes WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 minute', time) AS start, count(*) AS count, min(value) AS min,
    max(value) AS max, sum(value) AS sum, min(${KEY}) AS head, max(${KEY}) AS tail
  FROM points WHERE value IS NOT NULL GROUP BY 1, 2 WITH NO DATA;
${[
  ['points_hours', '1 hour', 'points_minutes'],
  ['points_days', '1 day', 'points_hours'],
]
  .map(
    ([
      name,
      width,
      below,
    ]) => `CREATE MATERIALIZED VIEW ${name} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '${width}', start) AS start, sum(count)::bigint AS count, min(min) AS min,
    max(max) AS max, sum(sum) AS sum, min(head) AS head, max(tail) AS tail
  FROM ${below} GROUP BY 1, 2 WITH NO DATA;`,
  )
  .join('\n')}
`;

/** What people see of them. */
export const AGGREGATE_VIEWS = ROLLUP_VIEWS.map(
  ({ view }) => `CREATE VIEW ${view} WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM ${view.replace('telemetry', 'points')} r JOIN series s ON s.id = r.series_id WHERE ${MINE};
`,
).join('');

/**
 * A chunk goes when every point in it was received before the day ended and every source has rolled them up, whatever
 * its width: retention counts from receipt, and a backfill is not deleted on arrival.
 */
const DROP_DAY = (head: string) => `
CREATE OR REPLACE FUNCTION drop_day(day date) RETURNS boolean ${head} AS $body$
DECLARE cut timestamptz := (day + 1)::timestamptz;
  one record;
  held boolean;
  dropped boolean := false;
BEGIN
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < cut) THEN RETURN false; END IF;
  FOR one IN SELECT chunk_schema, chunk_name, range_start, range_end FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'points' AND chunk_creation_time < cut
    ORDER BY range_start
  LOOP
    EXECUTE format('LOCK TABLE %I.%I IN SHARE MODE', one.chunk_schema, one.chunk_name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I WHERE received >= $1)', one.chunk_schema, one.chunk_name)
      INTO held USING cut;
    CONTINUE WHEN held;
    EXECUTE format('INSERT INTO gone SELECT series_id, max(time) FROM %I.%I GROUP BY series_id
      ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until)', one.chunk_schema, one.chunk_name);
    PERFORM drop_chunks('points', older_than => one.range_end, newer_than => one.range_start);
    dropped := true;
  END LOOP;
  RETURN dropped;
END $body$;
`;

/** Called by TimescaleDB every hour, by the clock of retention that writers believe in: one that jumps deletes nothing. */
const RETAIN = (schema: string) => `
CREATE PROCEDURE retain_points(job_id integer, config jsonb) LANGUAGE plpgsql
  SET search_path = ${schema}, public, pg_temp SET timezone = 'UTC' AS $body$
DECLARE believed timestamptz;
BEGIN
  SELECT coalesce(min(f.retention) FILTER (WHERE s.sealed > now() - interval '1 day'), max(f.retention)) INTO believed
    FROM folds f JOIN sources s ON s.id = f.source;
  IF believed IS NULL OR believed = 'epoch' THEN RETURN; END IF;
  PERFORM drop_day((believed - make_interval(days => (config->>'raw_days')::integer))::date - 1);
END $body$;
`;

/** Jobs of this schema in TimescaleDB: the deletion of points, and the policies of points and their aggregates. */
const JOBS = (name: string) => `
CREATE VIEW timescale_jobs AS
  SELECT j.job_id, j.proc_name::text AS policy, coalesce(c.view_name, j.hypertable_name)::text AS relation, j.config,
    j.scheduled, j.schedule_interval, s.last_run_status, s.last_run_started_at, s.total_failures
  FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
    LEFT JOIN timescaledb_information.continuous_aggregates c ON (j.hypertable_schema, j.hypertable_name) IN (
      (c.view_schema, c.view_name), (c.materialization_hypertable_schema, c.materialization_hypertable_name))
  WHERE (j.proc_schema = ${name} AND j.proc_name = 'retain_points')
    OR (c.view_schema = ${name} AND c.view_name IN ('points_minutes', 'points_hours', 'points_days'))
    OR (j.hypertable_schema = ${name} AND j.hypertable_name = 'points');
`;

/** Days and widths of the refresh of each aggregate: how far back it looks, and how near to now. */
const refreshOf = (name: string, back: string, near: string, every: string) => `
  PERFORM remove_continuous_aggregate_policy('${name}', if_exists => true);
  PERFORM remove_retention_policy('${name}', if_exists => true);
  PERFORM add_continuous_aggregate_policy('${name}', start_offset => make_interval(days => ${back}),
    end_offset => interval '${near}', schedule_interval => interval '${every}');
  PERFORM add_retention_policy('${name}', drop_after => make_interval(days => kept.rollup_days));`;

/**
 * Makes every policy anew from the row of `retention`. The refresh of minutes looks no further back than points are kept:
 * a refresh over deleted points would delete their minutes. Those of hours and days, which read the aggregate below, look
 * a little further, so that what came late reaches them; no further than that one is kept, and two buckets at least.
 */
const MAKE_POLICIES = (head: string) => `
CREATE FUNCTION make_policies() RETURNS void ${head} AS $body$
DECLARE kept retention;
BEGIN
  SELECT * INTO STRICT kept FROM retention;
  PERFORM set_chunk_time_interval('points', make_interval(hours => kept.chunk_hours));
  PERFORM remove_compression_policy('points', if_exists => true);
  IF kept.compress_days > 0 THEN
    PERFORM add_compression_policy('points', compress_after => make_interval(days => kept.compress_days));
  END IF;${refreshOf('points_minutes', 'kept.raw_days', '5 minutes', '5 minutes')}${refreshOf(
    'points_hours',
    'least(kept.raw_days + 1, greatest(kept.rollup_days, 1))',
    '1 hour',
    '30 minutes',
  )}${refreshOf('points_days', 'greatest(least(kept.raw_days + 3, kept.rollup_days), 3)', '1 day', '6 hours')}
  PERFORM delete_job(job_id) FROM timescale_jobs WHERE policy = 'retain_points';
  PERFORM add_job(format('%I.retain_points', current_schema())::regproc, interval '1 hour',
    config => jsonb_build_object('raw_days', kept.raw_days));
END $body$;
`;

/** What a schema has when nothing is missing: one job deletes points, each of three aggregates is refreshed and has its own retention, and points are compressed where that is asked for. */
const IS_COMPLETE = `
    AND (SELECT count(DISTINCT policy || ' ' || coalesce(relation, '')) FROM timescale_jobs WHERE policy = 'retain_points'
      OR (relation = 'points' AND policy = 'policy_compression')
      OR (relation <> 'points' AND policy IN ('policy_refresh_continuous_aggregate', 'policy_retention')))
      = 7 + (new_compress > 0)::integer`;

/** Retention of a hypertable, its continuous aggregates, and the policies of both. `schema` is quoted. */
export function timescaleRetention(schema: string): string {
  const head = headOf(schema, 'public, pg_temp');
  return [
    RETENTION_TABLE,
    AGGREGATES,
    AGGREGATE_VIEWS,
    JOBS(literalOf(schema)),
    DROP_DAY(head),
    RETAIN(schema),
    MAKE_POLICIES(head),
    'REVOKE ALL ON FUNCTION make_policies FROM PUBLIC;\nREVOKE ALL ON PROCEDURE retain_points FROM PUBLIC;',
    setRetention(head, IS_COMPLETE, '\n  PERFORM make_policies();'),
  ].join('');
}

/** A quoted name as a literal. */
function literalOf(quoted: string): string {
  return `'${quoted.slice(1, -1).replaceAll('""', '"').replaceAll("'", "''")}'`;
}
