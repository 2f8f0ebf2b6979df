/** First half of the key of every advisory lock taken here: `SKRY`. */
export const LOCK_CLASS = 0x534b5259;

/**
 * Functions that make and drop partitions. They run with the rights of the schema's owner, so that a writer needs none
 * to alter tables. `schema` is quoted.
 */
export function partitionFunctions(schema: string): string {
  const head = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp SET timezone = 'UTC'`;
  return `
CREATE FUNCTION make_partition(parent text, name text, low text, high text) RETURNS void ${head} AS $body$
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(current_schema() || name));
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skerry_writer') THEN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO skerry_writer', name);
  END IF;
END $body$;
REVOKE ALL ON FUNCTION make_partition FROM PUBLIC;

CREATE FUNCTION make_day(day date) RETURNS void ${head} AS $body$
BEGIN
  PERFORM make_partition('points', 'points_' || to_char(day, 'YYYYMMDD'),
    day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
  PERFORM make_month(day);
END $body$;

CREATE FUNCTION make_month(day date) RETURNS void ${head} AS $body$
DECLARE low date := date_trunc('month', day::timestamp)::date;
BEGIN
  PERFORM make_partition('rollups', 'rollups_' || to_char(low, 'YYYYMM'),
    low::text, (low + interval '1 month')::date::text);
END $body$;

-- Remembers up to when points of each series may be gone, then drops the day. False while a source has not rolled it up.
CREATE FUNCTION drop_day(day date) RETURNS boolean ${head} AS $body$
DECLARE name text := 'points_' || to_char(day, 'YYYYMMDD');
BEGIN
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN RETURN false; END IF;
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < (day + 1)::timestamptz) THEN RETURN false; END IF;
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', name);
  EXECUTE format('INSERT INTO gone SELECT s.id, p.time FROM series s, LATERAL (
      SELECT time FROM %I WHERE series_id = s.id ORDER BY time DESC LIMIT 1) p
    ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until)', name);
  EXECUTE format('DROP TABLE %I', name);
  RETURN true;
END $body$;

CREATE FUNCTION drop_month(day date) RETURNS void ${head} AS $body$
BEGIN
  EXECUTE format('DROP TABLE IF EXISTS %I', 'rollups_' || to_char(day, 'YYYYMM'));
END $body$;
`;
}

/** The same for a hypertable: chunks come by themselves, and go by the time of their making, so that a backfill is not deleted on arrival. */
export function timescaleFunctions(schema: string): string {
  const head = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, public, pg_temp SET timezone = 'UTC'`;
  return `${partitionFunctions(schema)}
CREATE OR REPLACE FUNCTION make_day(day date) RETURNS void ${head} AS $body$
BEGIN
  PERFORM make_month(day);
END $body$;

CREATE OR REPLACE FUNCTION drop_day(day date) RETURNS boolean ${head} AS $body$
DECLARE dropped bigint;
BEGIN
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < (day + 1)::timestamptz) THEN RETURN false; END IF;
  INSERT INTO gone SELECT series_id, max(time) FROM points WHERE received < (day + 1)::timestamptz GROUP BY series_id
    ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until);
  SELECT count(*) INTO dropped FROM drop_chunks('points', created_before => (day + 1)::timestamptz);
  RETURN dropped > 0;
END $body$;
`;
}
