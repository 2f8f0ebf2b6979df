import { LOCK_CLASS } from './schema-functions.ts';

/**
 * What asks for the lock that a removal takes has everybody behind it who comes then: reads, and whoever writes over a
 * new connection. So it waits this long and no longer.
 */
const DROP_LOCK_MS = 100;

/** Minutes until the next try after as many refusals in a row; the last stands for all that follow. */
const WAIT_MINUTES = [1, 2, 4, 8, 10];

/** Tables whose removals are put off, since when and until when. */
const TABLE = `
CREATE TABLE drop_waits(
  parent text PRIMARY KEY, refused integer NOT NULL, since timestamptz NOT NULL, until timestamptz NOT NULL
);
`;

const headOf = (schema: string, path: string) =>
  `LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, ${path} SET timezone = 'UTC'`;

/** One at a time, of all processes, and none before the wait is over. */
const TURNS = (head: string) => `
CREATE FUNCTION may_drop(name text) RETURNS boolean ${head} AS $body$
BEGIN
  RETURN pg_try_advisory_xact_lock(${LOCK_CLASS}, hashtext(current_schema() || ' drop ' || name))
    AND NOT EXISTS (SELECT FROM drop_waits WHERE parent = name AND until > clock_timestamp());
END $body$;

CREATE FUNCTION put_off_drop(name text) RETURNS void ${head} AS $body$
DECLARE waits integer[] := ARRAY[${WAIT_MINUTES.join(', ')}];
BEGIN
  INSERT INTO drop_waits VALUES (name, 1, clock_timestamp(), clock_timestamp() + make_interval(mins => waits[1]))
    ON CONFLICT (parent) DO UPDATE SET refused = drop_waits.refused + 1, until = clock_timestamp()
      + make_interval(mins => waits[least(drop_waits.refused + 1, ${WAIT_MINUTES.length})]);
END $body$;
`;

/** A partition of native ones: `dropped`, `held` when somebody has the table and the try is put off, `waiting` while it is. */
const DROP_PARTITION = (head: string) => `
CREATE FUNCTION drop_partition(name text, parent_name text) RETURNS text ${head}
  SET lock_timeout = '${DROP_LOCK_MS}ms' AS $body$
BEGIN
  IF NOT may_drop(parent_name) THEN RETURN 'waiting'; END IF;
  BEGIN
    IF parent_name = 'points' THEN
      EXECUTE format('LOCK TABLE %I IN SHARE MODE', name);
      EXECUTE format('INSERT INTO gone SELECT s.id, p.time FROM series s, LATERAL (
          SELECT time FROM %I WHERE series_id = s.id ORDER BY time DESC LIMIT 1) p
        ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until)', name);
    END IF;
    EXECUTE format('DROP TABLE %I', name);
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    PERFORM put_off_drop(parent_name);
    RETURN 'held';
  END;
  DELETE FROM drop_waits WHERE parent = parent_name;
  RETURN 'dropped';
END $body$;

CREATE FUNCTION drop_month(day date) RETURNS text ${head} AS $body$
DECLARE name text := 'rollups_' || to_char(day, 'YYYYMM');
BEGIN
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN RETURN 'missing'; END IF;
  RETURN drop_partition(name, 'rollups');
END $body$;
`;

const NOT_ROLLED = (cut: string) => `
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < ${cut}) THEN RETURN 'unrolled'; END IF;`;

/** Drops a day that every source has rolled up, and remembers up to when points of each series may be gone. */
const DROP_DAY = (head: string) => `
CREATE FUNCTION drop_day(day date) RETURNS text ${head} AS $body$
DECLARE name text := 'points_' || to_char(day, 'YYYYMMDD');
BEGIN
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN RETURN 'missing'; END IF;${NOT_ROLLED('(day + 1)::timestamptz')}
  RETURN drop_partition(name, 'points');
END $body$;
`;

/** The same for chunks, each by itself: one that somebody has is left for the next hour. */
const DROP_CHUNKS = (head: string) => `
CREATE FUNCTION drop_day(day date) RETURNS text ${head} SET lock_timeout = '${DROP_LOCK_MS}ms' AS $body$
DECLARE cut timestamptz := (day + 1)::timestamptz;
  one record;
  kept boolean;
  outcome text := 'missing';
BEGIN${NOT_ROLLED('cut')}
  IF NOT may_drop('points') THEN RETURN 'waiting'; END IF;
  FOR one IN SELECT chunk_schema, chunk_name, range_start, range_end FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'points' AND chunk_creation_time < cut
    ORDER BY range_start
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %I.%I IN SHARE MODE', one.chunk_schema, one.chunk_name);
      EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I WHERE received >= $1)', one.chunk_schema, one.chunk_name)
        INTO kept USING cut;
      CONTINUE WHEN kept;
      EXECUTE format('INSERT INTO gone SELECT series_id, max(time) FROM %I.%I GROUP BY series_id
        ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until)', one.chunk_schema, one.chunk_name);
      PERFORM drop_chunks('points', older_than => one.range_end, newer_than => one.range_start);
      IF outcome = 'missing' THEN outcome := 'dropped'; END IF;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      outcome := 'held';
      EXIT;
    END;
  END LOOP;
  IF outcome = 'held' THEN PERFORM put_off_drop('points'); ELSE DELETE FROM drop_waits WHERE parent = 'points'; END IF;
  RETURN outcome;
END $body$;
`;

/** Removal of partitions that holds up nobody: docs/formats/postgres.md. `schema` is quoted. */
export function shortDrops(schema: string, isTimescale: boolean, hasRoles: boolean): string {
  const head = headOf(schema, 'pg_temp');
  const functions = ['may_drop', 'put_off_drop', 'drop_partition'];
  return [
    'DROP FUNCTION drop_day, drop_month;',
    TABLE,
    TURNS(head),
    DROP_PARTITION(head),
    isTimescale ? DROP_CHUNKS(headOf(schema, 'public, pg_temp')) : DROP_DAY(head),
    `REVOKE ALL ON FUNCTION drop_day, drop_month, ${functions.join(', ')} FROM PUBLIC;\n`,
    hasRoles
      ? 'GRANT EXECUTE ON FUNCTION drop_day, drop_month TO skerry_writer;\nGRANT SELECT ON drop_waits TO skerry_writer;\n'
      : '',
  ].join('');
}
