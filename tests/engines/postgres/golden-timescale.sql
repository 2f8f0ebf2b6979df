-- version 1
CREATE TABLE sources(
  id smallint PRIMARY KEY, journal_id text NOT NULL UNIQUE, label text NOT NULL,
  epoch bigint NOT NULL, owner text NOT NULL, opened timestamptz NOT NULL, sealed timestamptz,
  seal bigint NOT NULL DEFAULT 0, position bigint NOT NULL DEFAULT 0, telemetry_position bigint NOT NULL DEFAULT 0,
  log_time timestamptz NOT NULL DEFAULT 'epoch', received timestamptz NOT NULL DEFAULT 'epoch',
  points bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
CREATE TABLE folds(
  source smallint PRIMARY KEY REFERENCES sources, epoch bigint NOT NULL, seal bigint NOT NULL DEFAULT 0,
  rolled_seal bigint NOT NULL DEFAULT 0, rolled timestamptz NOT NULL DEFAULT 'epoch',
  received timestamptz NOT NULL DEFAULT 'epoch', retention timestamptz NOT NULL DEFAULT 'epoch'
) WITH (fillfactor = 20);
CREATE TABLE devices(
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL, device text COLLATE "C" NOT NULL,
  metrics integer NOT NULL DEFAULT 0, seen timestamptz, UNIQUE (tenant, project, device)
) WITH (fillfactor = 50);
CREATE TABLE series(
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL, device text COLLATE "C" NOT NULL,
  metric text COLLATE "C" NOT NULL, unit text, UNIQUE (tenant, project, device, metric)
);
CREATE TABLE source_series(
  source smallint NOT NULL, local integer NOT NULL, series integer NOT NULL, PRIMARY KEY (source, local)
);
CREATE TABLE seals(
  source smallint NOT NULL, seal bigint NOT NULL, from_position bigint NOT NULL, position bigint NOT NULL,
  telemetry_position bigint NOT NULL, points integer NOT NULL, received timestamptz NOT NULL,
  log_time timestamptz NOT NULL, verdicts bytea NOT NULL, state bytea NOT NULL, PRIMARY KEY (source, seal)
);
ALTER TABLE seals ALTER state SET STORAGE EXTERNAL, ALTER verdicts SET STORAGE EXTERNAL;
CREATE TABLE verdicts(
  source smallint NOT NULL, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL, stored bigint NOT NULL, deduplicated bigint NOT NULL, filtered bigint NOT NULL,
  dead_lettered bigint NOT NULL, discarded bigint NOT NULL, expired bigint NOT NULL,
  time_corrected bigint NOT NULL, seq_resets bigint NOT NULL, PRIMARY KEY (source, tenant, project)
) WITH (fillfactor = 20);
CREATE TABLE accounts(
  source smallint NOT NULL, device integer NOT NULL, stored bigint NOT NULL, deduplicated bigint NOT NULL, filtered bigint NOT NULL,
  dead_lettered bigint NOT NULL, discarded bigint NOT NULL, expired bigint NOT NULL,
  time_corrected bigint NOT NULL, seq_resets bigint NOT NULL, last_seen bigint NOT NULL,
  PRIMARY KEY (source, device)
) WITH (fillfactor = 50);
CREATE INDEX accounts_device ON accounts(device);
CREATE TABLE gaps(
  source smallint NOT NULL, device integer NOT NULL, body jsonb NOT NULL, PRIMARY KEY (source, device)
) WITH (fillfactor = 50);
CREATE TABLE dedupe(
  id bigint GENERATED ALWAYS AS IDENTITY, source smallint NOT NULL, device integer NOT NULL,
  tier smallint NOT NULL, count integer NOT NULL, newest bigint NOT NULL, entries bytea NOT NULL
);
CREATE INDEX dedupe_device ON dedupe(source, device, id);
CREATE TABLE latest(
  series integer PRIMARY KEY, time timestamptz NOT NULL, value double precision, text text, flag boolean, exact numeric,
  source smallint NOT NULL, position bigint NOT NULL, ordinal smallint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE gone(series integer PRIMARY KEY, until timestamptz NOT NULL);
CREATE TABLE dead_letters(
  source smallint NOT NULL, position bigint NOT NULL, received bigint NOT NULL, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL,
  device text COLLATE "C" NOT NULL, topic text NOT NULL, client text NOT NULL, reason text NOT NULL, detail text NOT NULL,
  stage text NOT NULL, qos smallint NOT NULL, state text NOT NULL, author text NOT NULL, changed bigint NOT NULL,
  payload bytea NOT NULL, headers bytea, PRIMARY KEY (source, position)
);
CREATE INDEX dead_letters_open ON dead_letters(tenant, project, device, reason) WHERE state = 'open';
CREATE INDEX dead_letters_number ON dead_letters((position * 4096 + source));
CREATE TABLE stage_rows(
  id bigint GENERATED ALWAYS AS IDENTITY, source smallint NOT NULL, pipeline text NOT NULL, part text NOT NULL,
  body text NOT NULL, PRIMARY KEY (source, pipeline, part)
) WITH (fillfactor = 50);
CREATE TABLE session_events(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source smallint NOT NULL, client text NOT NULL,
  "user" text NOT NULL, position bigint NOT NULL, time bigint NOT NULL, kind text NOT NULL, reason text NOT NULL,
  remote text NOT NULL, protocol text NOT NULL, listener text NOT NULL, encrypted boolean NOT NULL,
  received timestamptz NOT NULL
);
CREATE INDEX session_events_client ON session_events(source, client, "user", id);
CREATE INDEX session_events_received ON session_events USING brin (received);
CREATE TABLE session_clients(
  source smallint NOT NULL, client text NOT NULL, "user" text NOT NULL, body text NOT NULL,
  PRIMARY KEY (source, client, "user")
) WITH (fillfactor = 50);
CREATE TABLE device_clients(
  source smallint NOT NULL, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL, device text COLLATE "C" NOT NULL, body text NOT NULL,
  PRIMARY KEY (source, tenant, project, device)
) WITH (fillfactor = 50);


CREATE TABLE points(time timestamptz NOT NULL, series_id integer NOT NULL, value double precision, text text, flag boolean, exact numeric,
  source smallint NOT NULL, position bigint NOT NULL, ordinal smallint NOT NULL, received timestamptz NOT NULL);
SELECT create_hypertable('points', 'time', chunk_time_interval => interval '1 day', create_default_indexes => false);
ALTER TABLE points SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',
  timescaledb.compress_orderby = 'time DESC');
CREATE INDEX points_series ON points(series_id, time);
CREATE INDEX points_received ON points USING brin (received) WITH (pages_per_range = 32);
CREATE TABLE rollups(series_id integer NOT NULL, step integer NOT NULL, start timestamptz NOT NULL,
  source smallint NOT NULL, month date NOT NULL, count bigint NOT NULL, min double precision NOT NULL,
  max double precision NOT NULL, sum double precision NOT NULL,
  head double precision[] NOT NULL, tail double precision[] NOT NULL, PRIMARY KEY (series_id, step, start, source, month))
  PARTITION BY RANGE (month);


CREATE FUNCTION make_partition(parent text, name text, low text, high text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  PERFORM pg_advisory_xact_lock(1397445209, hashtext(current_schema() || name));
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skerry_writer') THEN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO skerry_writer', name);
  END IF;
END $body$;
REVOKE ALL ON FUNCTION make_partition FROM PUBLIC;

CREATE FUNCTION make_day(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  PERFORM make_partition('points', 'points_' || to_char(day, 'YYYYMMDD'),
    day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
  PERFORM make_month(day);
END $body$;

CREATE FUNCTION make_month(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
DECLARE low date := date_trunc('month', day::timestamp)::date;
BEGIN
  PERFORM make_partition('rollups', 'rollups_' || to_char(low, 'YYYYMM'),
    low::text, (low + interval '1 month')::date::text);
END $body$;

-- Remembers up to when points of each series may be gone, then drops the day. False while a source has not rolled it up.
CREATE FUNCTION drop_day(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
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

CREATE FUNCTION drop_month(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  EXECUTE format('DROP TABLE IF EXISTS %I', 'rollups_' || to_char(day, 'YYYYMM'));
END $body$;

CREATE OR REPLACE FUNCTION make_day(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  PERFORM make_month(day);
END $body$;

CREATE OR REPLACE FUNCTION drop_day(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
DECLARE dropped bigint;
BEGIN
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < (day + 1)::timestamptz) THEN RETURN false; END IF;
  INSERT INTO gone SELECT series_id, max(time) FROM points WHERE received < (day + 1)::timestamptz GROUP BY series_id
    ON CONFLICT (series) DO UPDATE SET until = greatest(gone.until, excluded.until);
  SELECT count(*) INTO dropped FROM drop_chunks('points', created_before => (day + 1)::timestamptz);
  RETURN dropped > 0;
END $body$;


CREATE VIEW telemetry WITH (security_barrier) AS
  SELECT p.time, s.tenant, s.project, s.device, s.metric, s.unit, p.value, p.text, p.flag, p.exact,
    p.source, p.position, p.ordinal, p.received
  FROM points p JOIN series s ON s.id = p.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE VIEW telemetry_rollups WITH (security_barrier) AS
  SELECT r.start AS time, r.step AS step_secs, s.tenant, s.project, s.device, s.metric, s.unit,
    sum(r.count) AS count, min(r.min) AS min, max(r.max) AS max, sum(r.sum) AS sum,
    sum(r.sum) / sum(r.count) AS mean, (min(r.head))[4] AS first, (max(r.tail))[4] AS last
  FROM rollups r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true))
  GROUP BY r.start, r.step, s.id;
CREATE VIEW telemetry_latest WITH (security_barrier) AS
  SELECT p.time, s.tenant, s.project, s.device, s.metric, s.unit, p.value, p.text, p.flag, p.exact
  FROM latest p JOIN series s ON s.id = p.series WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE VIEW iot_messages_new WITH (security_barrier) AS
  SELECT p.time, s.tenant AS tenant_id, s.project AS project_id,
    'mtic/msg/client/realtime/' || s.tenant || '/' || s.project AS mqtt_topic,
    (jsonb_build_object('deviceId', s.device) || jsonb_object_agg(s.metric,
      coalesce(to_jsonb(p.exact), to_jsonb(p.value), to_jsonb(p.text), to_jsonb(p.flag))))::text AS payload,
    p.received AS created_at
  FROM points p JOIN series s ON s.id = p.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true))
  GROUP BY p.time, s.tenant, s.project, s.device, p.source, p.position, p.received;

CREATE VIEW iot_messages WITH (security_barrier) AS SELECT time, tenant_id, project_id, mqtt_topic, payload, created_at FROM iot_messages_new;


GRANT USAGE ON SCHEMA "skerry" TO skerry_writer, skerry_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "skerry" TO skerry_writer;
GRANT INSERT, UPDATE, DELETE ON sources, folds, devices, series, source_series, seals, verdicts, accounts, gaps, dedupe,
  latest, dead_letters, stage_rows, session_events, session_clients, device_clients, points, rollups TO skerry_writer;
REVOKE ALL ON FUNCTION make_day, make_month, drop_day, drop_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_day, make_month, drop_day, drop_month TO skerry_writer;
GRANT SELECT ON series, devices, verdicts, dead_letters, device_clients, telemetry, telemetry_rollups, telemetry_latest, iot_messages TO skerry_reader;
ALTER TABLE series ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON series TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON series FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));
ALTER TABLE devices ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON devices TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON devices FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));
ALTER TABLE verdicts ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON verdicts TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON verdicts FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));
ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON dead_letters TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON dead_letters FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));
ALTER TABLE device_clients ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON device_clients TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON device_clients FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));

-- version 2
CREATE TABLE gateway_journals(
  journal text PRIMARY KEY, name text NOT NULL, as_of bigint NOT NULL, sent bigint NOT NULL,
  told timestamptz NOT NULL, ended boolean NOT NULL
) WITH (fillfactor = 20);
CREATE TABLE gateway_accounts(
  journal text NOT NULL, tenant text COLLATE "C" NOT NULL, project text COLLATE "C" NOT NULL, received bigint NOT NULL, received_qos0 bigint NOT NULL,
  as_of bigint NOT NULL, PRIMARY KEY (journal, tenant, project)
) WITH (fillfactor = 20);

GRANT SELECT, INSERT, UPDATE, DELETE ON gateway_journals, gateway_accounts TO skerry_writer;

-- version 3
CREATE TABLE sinks(
  name text NOT NULL, source smallint NOT NULL REFERENCES sources, seal bigint NOT NULL DEFAULT 0,
  points bigint NOT NULL DEFAULT 0, refused bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0,
  changed timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, source)
) WITH (fillfactor = 20);
CREATE TABLE sink_refusals(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sink text NOT NULL, source smallint NOT NULL,
  position bigint NOT NULL, ordinal integer NOT NULL, line text NOT NULL, reason text NOT NULL,
  refused timestamptz NOT NULL DEFAULT now(), UNIQUE (sink, source, position, ordinal)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON sinks, sink_refusals TO skerry_writer;

-- version 4
CREATE TABLE roles(
  id text PRIMARY KEY, role text NOT NULL, place text NOT NULL, started timestamptz NOT NULL DEFAULT clock_timestamp(),
  told timestamptz NOT NULL, ended boolean NOT NULL, report text NOT NULL
) WITH (fillfactor = 20);

GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO skerry_writer;

-- version 5
CREATE TABLE retention(
  single boolean PRIMARY KEY DEFAULT true CHECK (single), raw_days integer NOT NULL, rollup_days integer NOT NULL,
  chunk_hours integer NOT NULL, compress_days integer NOT NULL, changed timestamptz NOT NULL DEFAULT now()
);

CREATE MATERIALIZED VIEW points_minutes WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 minute', time) AS start, count(*) AS count, min(value) AS min,
    max(value) AS max, sum(value) AS sum, min(ARRAY[date_part('epoch', time - timestamptz '1970-01-01 00:00:00+00'), position::double precision,
    ordinal::double precision, value]) AS head, max(ARRAY[date_part('epoch', time - timestamptz '1970-01-01 00:00:00+00'), position::double precision,
    ordinal::double precision, value]) AS tail
  FROM points WHERE value IS NOT NULL GROUP BY 1, 2 WITH NO DATA;
CREATE MATERIALIZED VIEW points_hours WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 hour', start) AS start, sum(count)::bigint AS count, min(min) AS min,
    max(max) AS max, sum(sum) AS sum, min(head) AS head, max(tail) AS tail
  FROM points_minutes GROUP BY 1, 2 WITH NO DATA;
CREATE MATERIALIZED VIEW points_days WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 day', start) AS start, sum(count)::bigint AS count, min(min) AS min,
    max(max) AS max, sum(sum) AS sum, min(head) AS head, max(tail) AS tail
  FROM points_hours GROUP BY 1, 2 WITH NO DATA;
CREATE VIEW telemetry_minutes WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_minutes r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE VIEW telemetry_hours WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_hours r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE VIEW telemetry_days WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_days r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));

CREATE VIEW timescale_jobs AS
  SELECT j.job_id, j.proc_name::text AS policy, coalesce(c.view_name, j.hypertable_name)::text AS relation, j.config,
    j.scheduled, j.schedule_interval, s.last_run_status, s.last_run_started_at, s.total_failures
  FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
    LEFT JOIN timescaledb_information.continuous_aggregates c ON (j.hypertable_schema, j.hypertable_name) IN (
      (c.view_schema, c.view_name), (c.materialization_hypertable_schema, c.materialization_hypertable_name))
  WHERE (j.proc_schema = 'skerry' AND j.proc_name = 'retain_points')
    OR (c.view_schema = 'skerry' AND c.view_name IN ('points_minutes', 'points_hours', 'points_days'))
    OR (j.hypertable_schema = 'skerry' AND j.hypertable_name = 'points');

CREATE OR REPLACE FUNCTION drop_day(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
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

CREATE PROCEDURE retain_points(job_id integer, config jsonb) LANGUAGE plpgsql
  SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
DECLARE believed timestamptz;
BEGIN
  SELECT coalesce(min(f.retention) FILTER (WHERE s.sealed > now() - interval '1 day'), max(f.retention)) INTO believed
    FROM folds f JOIN sources s ON s.id = f.source;
  IF believed IS NULL OR believed = 'epoch' THEN RETURN; END IF;
  PERFORM drop_day((believed - make_interval(days => (config->>'raw_days')::integer))::date - 1);
END $body$;

CREATE FUNCTION make_policies() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
DECLARE kept retention;
BEGIN
  SELECT * INTO STRICT kept FROM retention;
  PERFORM set_chunk_time_interval('points', make_interval(hours => kept.chunk_hours));
  PERFORM remove_compression_policy('points', if_exists => true);
  IF kept.compress_days > 0 THEN
    PERFORM add_compression_policy('points', compress_after => make_interval(days => kept.compress_days));
  END IF;
  PERFORM remove_continuous_aggregate_policy('points_minutes', if_exists => true);
  PERFORM remove_retention_policy('points_minutes', if_exists => true);
  PERFORM add_continuous_aggregate_policy('points_minutes', start_offset => make_interval(days => kept.raw_days),
    end_offset => interval '5 minutes', schedule_interval => interval '5 minutes');
  PERFORM add_retention_policy('points_minutes', drop_after => make_interval(days => kept.rollup_days));
  PERFORM remove_continuous_aggregate_policy('points_hours', if_exists => true);
  PERFORM remove_retention_policy('points_hours', if_exists => true);
  PERFORM add_continuous_aggregate_policy('points_hours', start_offset => make_interval(days => least(kept.raw_days + 1, greatest(kept.rollup_days, 1))),
    end_offset => interval '1 hour', schedule_interval => interval '30 minutes');
  PERFORM add_retention_policy('points_hours', drop_after => make_interval(days => kept.rollup_days));
  PERFORM remove_continuous_aggregate_policy('points_days', if_exists => true);
  PERFORM remove_retention_policy('points_days', if_exists => true);
  PERFORM add_continuous_aggregate_policy('points_days', start_offset => make_interval(days => greatest(least(kept.raw_days + 3, kept.rollup_days), 3)),
    end_offset => interval '1 day', schedule_interval => interval '6 hours');
  PERFORM add_retention_policy('points_days', drop_after => make_interval(days => kept.rollup_days));
  PERFORM delete_job(job_id) FROM timescale_jobs WHERE policy = 'retain_points';
  PERFORM add_job(format('%I.retain_points', current_schema())::regproc, interval '1 hour',
    config => jsonb_build_object('raw_days', kept.raw_days));
END $body$;
REVOKE ALL ON FUNCTION make_policies FROM PUBLIC;
REVOKE ALL ON PROCEDURE retain_points FROM PUBLIC;
CREATE FUNCTION has_retention(new_raw integer, new_rollup integer, new_chunk integer, new_compress integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  RETURN EXISTS (SELECT FROM retention WHERE
    (raw_days, rollup_days, chunk_hours, compress_days) = (new_raw, new_rollup, new_chunk, new_compress))
    AND (SELECT count(DISTINCT policy || ' ' || coalesce(relation, '')) FROM timescale_jobs WHERE policy = 'retain_points'
      OR (relation = 'points' AND policy = 'policy_compression')
      OR (relation <> 'points' AND policy IN ('policy_refresh_continuous_aggregate', 'policy_retention')))
      = 7 + (new_compress > 0)::integer;
END $body$;

CREATE FUNCTION set_retention(new_raw integer, new_rollup integer, new_chunk integer, new_compress integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  IF has_retention(new_raw, new_rollup, new_chunk, new_compress) THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(1397445209, hashtext(current_schema() || ' retention'));
  IF has_retention(new_raw, new_rollup, new_chunk, new_compress) THEN RETURN false; END IF;
  INSERT INTO retention(raw_days, rollup_days, chunk_hours, compress_days)
    VALUES (new_raw, new_rollup, new_chunk, new_compress)
    ON CONFLICT (single) DO UPDATE SET raw_days = new_raw, rollup_days = new_rollup, chunk_hours = new_chunk,
      compress_days = new_compress, changed = now();
  PERFORM make_policies();
  RETURN true;
END $body$;

GRANT SELECT ON retention, timescale_jobs TO skerry_writer;
REVOKE ALL ON FUNCTION has_retention, set_retention FROM PUBLIC;
GRANT EXECUTE ON FUNCTION has_retention, set_retention TO skerry_writer;
GRANT SELECT ON telemetry_minutes, telemetry_hours, telemetry_days TO skerry_writer, skerry_reader;

-- version 6
ALTER TABLE seals ADD low timestamptz, ADD high timestamptz;

-- version 7
DO $widen$
DECLARE
  one record;
  part record;
  removal text := '';
  again text := '';
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid IN ('points'::regclass, 'latest'::regclass)
    AND attname = 'exact' AND atttypmod <> -1) THEN RETURN; END IF;
  FOR one IN
    WITH RECURSIVE shown AS (
      SELECT r.ev_class AS oid, 1 AS depth FROM pg_attribute a
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      WHERE a.attrelid IN ('points'::regclass, 'latest'::regclass) AND a.attname = 'exact'
      UNION
      SELECT r.ev_class, s.depth + 1 FROM shown s
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      WHERE r.ev_class <> s.oid)
    SELECT c.oid, c.oid::regclass::text AS name, pg_get_viewdef(c.oid) AS body, pg_get_userbyid(c.relowner) AS owner,
      array_to_string(c.reloptions, ', ') AS options, c.relacl, obj_description(c.oid, 'pg_class') AS comment
    FROM (SELECT oid, max(depth) AS depth FROM shown GROUP BY oid) s JOIN pg_class c ON c.oid = s.oid
    WHERE c.relkind = 'v' ORDER BY s.depth
  LOOP
    removal := format('DROP VIEW %s; ', one.name) || removal;
    again := again || format('CREATE VIEW %s%s AS %s ', one.name, ' WITH (' || one.options || ')', one.body);
    IF one.owner <> current_user THEN
      again := again || format('ALTER VIEW %s OWNER TO %I; ', one.name, one.owner);
    END IF;
    IF one.comment IS NOT NULL THEN
      again := again || format('COMMENT ON VIEW %s IS %L; ', one.name, one.comment);
    END IF;
    FOR part IN SELECT * FROM aclexplode(one.relacl) LOOP
      again := again || format('GRANT %s ON %s TO %s%s; ', part.privilege_type, one.name,
        CASE part.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(part.grantee)) END,
        CASE WHEN part.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
  END LOOP;
  EXECUTE removal;
  PERFORM decompress_chunk(chunk, true) FROM show_chunks('points') chunk;
  ALTER TABLE points SET (timescaledb.compress = false);
  ALTER TABLE points ALTER exact TYPE numeric;
  ALTER TABLE points SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',
    timescaledb.compress_orderby = 'time DESC');
  ALTER TABLE latest ALTER exact TYPE numeric;
  EXECUTE again;
END $widen$;

-- version 8
CREATE OR REPLACE VIEW iot_messages_new WITH (security_barrier) AS
  SELECT p.time, s.tenant AS tenant_id, s.project AS project_id,
    'mtic/msg/client/realtime/' || s.tenant || '/' || s.project AS mqtt_topic,
    (jsonb_build_object('deviceId', s.device) || jsonb_object_agg(s.metric,
      coalesce(to_jsonb(p.exact), to_jsonb(p.value), to_jsonb(p.text), to_jsonb(p.flag))))::text AS payload,
    p.received AS created_at
  FROM points p JOIN series s ON s.id = p.series_id WHERE (NOT row_security_active('series'::regclass)
    OR NOT coalesce(pg_has_role(current_user, to_regrole('skerry_reader')::oid, 'MEMBER'), false)
    OR s.tenant = current_setting('skerry.tenant', true))
  GROUP BY p.time, s.tenant, s.project, s.device, p.source, p.position, p.received;
DO $earlier$
DECLARE
  kept regclass := to_regclass('public.iot_messages_earlier');
  part record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = kept AND r.ev_class = 'iot_messages'::regclass)
    THEN RETURN; END IF;
  CREATE OR REPLACE VIEW iot_messages WITH (security_barrier) AS
    SELECT time, tenant_id, project_id, mqtt_topic, payload, created_at FROM iot_messages_new
    UNION ALL SELECT time, tenant_id, project_id, mqtt_topic, payload, created_at
    FROM public.iot_messages_earlier e WHERE (NOT row_security_active('series'::regclass)
    OR NOT coalesce(pg_has_role(current_user, to_regrole('skerry_reader')::oid, 'MEMBER'), false)
    OR e.tenant_id = current_setting('skerry.tenant', true));
  CREATE OR REPLACE FUNCTION keep_earlier_message() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
    INSERT INTO public.iot_messages_earlier(time, tenant_id, project_id, mqtt_topic, payload, created_at)
    VALUES (NEW.time, NEW.tenant_id, NEW.project_id, NEW.mqtt_topic, NEW.payload, NEW.created_at)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN RETURN NEW; END IF;
    RETURN NULL;
  END $body$;
  CREATE OR REPLACE TRIGGER keep INSTEAD OF INSERT ON public.iot_messages
    FOR EACH ROW EXECUTE FUNCTION keep_earlier_message();
  FOR part IN SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) AS preset FROM pg_attrdef d
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_attribute v ON v.attrelid = 'public.iot_messages'::regclass AND v.attname = a.attname
    WHERE d.adrelid = kept AND a.attgenerated = ''
  LOOP
    EXECUTE format('ALTER VIEW public.iot_messages ALTER %I SET DEFAULT %s', part.attname, part.preset);
  END LOOP;
  FOR part IN
    WITH rights AS (
      SELECT acl.*, NULL::name AS attname FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
      WHERE c.oid = kept
      UNION ALL SELECT acl.*, a.attname FROM pg_attribute a, aclexplode(a.attacl) acl
      WHERE a.attrelid = kept AND a.attname IN (SELECT attname FROM pg_attribute
        WHERE attrelid = 'public.iot_messages'::regclass AND NOT attisdropped))
    SELECT privilege_type, attname, bool_or(is_grantable) AS grantable,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
    FROM rights JOIN pg_class c ON c.oid = kept
    -- rows that a policy of the table hides are shown to nobody who was not given them
    WHERE privilege_type = 'INSERT' OR (privilege_type = 'SELECT' AND NOT c.relrowsecurity)
    GROUP BY 1, 2, 4
  LOOP
    EXECUTE format('GRANT %s%s ON public.iot_messages TO %s%s', part.privilege_type,
      coalesce('(' || quote_ident(part.attname) || ')', ''), part.grantee,
      CASE WHEN part.grantable AND part.grantee <> 'PUBLIC' THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END $earlier$;

-- version 9
DROP FUNCTION drop_day, drop_month;
CREATE TABLE drop_waits(
  parent text PRIMARY KEY, refused integer NOT NULL, since timestamptz NOT NULL, until timestamptz NOT NULL
);

CREATE FUNCTION may_drop(name text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
BEGIN
  RETURN pg_try_advisory_xact_lock(1397445209, hashtext(current_schema() || ' drop ' || name))
    AND NOT EXISTS (SELECT FROM drop_waits WHERE parent = name AND until > clock_timestamp());
END $body$;

CREATE FUNCTION put_off_drop(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
DECLARE waits integer[] := ARRAY[1, 2, 4, 8, 10];
BEGIN
  INSERT INTO drop_waits VALUES (name, 1, clock_timestamp(), clock_timestamp() + make_interval(mins => waits[1]))
    ON CONFLICT (parent) DO UPDATE SET refused = drop_waits.refused + 1, until = clock_timestamp()
      + make_interval(mins => waits[least(drop_waits.refused + 1, 5)]);
END $body$;

CREATE FUNCTION drop_partition(name text, parent_name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC'
  SET lock_timeout = '100ms' AS $body$
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

CREATE FUNCTION drop_month(day date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", pg_temp SET timezone = 'UTC' AS $body$
DECLARE name text := 'rollups_' || to_char(day, 'YYYYMM');
BEGIN
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN RETURN 'missing'; END IF;
  RETURN drop_partition(name, 'rollups');
END $body$;

CREATE FUNCTION drop_day(day date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = "skerry", public, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms' AS $body$
DECLARE cut timestamptz := (day + 1)::timestamptz;
  one record;
  kept boolean;
  outcome text := 'missing';
BEGIN
  IF EXISTS (SELECT FROM sources s JOIN folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal AND f.rolled < cut) THEN RETURN 'unrolled'; END IF;
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
REVOKE ALL ON FUNCTION drop_day, drop_month, may_drop, put_off_drop, drop_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_day, drop_month TO skerry_writer;
GRANT SELECT ON drop_waits TO skerry_writer;

-- version 10
DO $make$ BEGIN
  IF to_regclass('"skerry".leases') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE "skerry".leases (
    grp text NOT NULL, number integer NOT NULL, owner text NOT NULL, epoch bigint NOT NULL,
    expires timestamptz NOT NULL, is_closed boolean NOT NULL, PRIMARY KEY (grp, number));
END $make$;
DO $make$ BEGIN
  IF to_regclass('"skerry".access_items') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE "skerry".access_items (
    kind text NOT NULL, name text COLLATE "C" NOT NULL, secret text, used_micros bigint NOT NULL,
    document jsonb NOT NULL, PRIMARY KEY (kind, name));
  CREATE UNIQUE INDEX ON "skerry".access_items (kind, secret) WHERE secret IS NOT NULL;
END $make$;
DO $make$ BEGIN
  IF to_regclass('"skerry".audit_head') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE IF NOT EXISTS "skerry".audit_entries (n bigint PRIMARY KEY, line text NOT NULL);
  CREATE TABLE "skerry".audit_head (
    single boolean PRIMARY KEY CHECK (single), n bigint NOT NULL, hash text NOT NULL);
END $make$;

CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql SET search_path = "skerry", pg_temp AS $body$
DECLARE
  here regnamespace := quote_ident(current_schema())::regnamespace;
  one record;
BEGIN
  FOR one IN SELECT rolname FROM pg_roles WHERE rolname IN ('skerry_writer', 'skerry_gateway', 'skerry_cloud', 'skerry_reader') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), one.rolname);
  END LOOP;
  FOR one IN SELECT w.name, w.rights FROM (VALUES
    ('leases', 'ALL'),
    ('access_items', 'ALL'),
    ('audit_entries', 'ALL'),
    ('audit_head', 'ALL'),
    ('gateway_journals', 'INSERT, UPDATE, DELETE'),
    ('gateway_accounts', 'INSERT, UPDATE, DELETE')) AS w(name, rights)
    JOIN pg_class c ON c.relname = w.name AND c.relnamespace = here
    WHERE to_regrole('skerry_writer') IS NOT NULL AND pg_has_role(c.relowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE %s ON %I FROM skerry_writer', one.rights, one.name);
  END LOOP;
  FOR one IN SELECT w.grantee, w.name, w.rights FROM (VALUES
    ('skerry_writer', 'sources', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'folds', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'devices', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'series', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'source_series', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'seals', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'verdicts', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'accounts', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'gaps', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'dedupe', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'latest', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'dead_letters', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'stage_rows', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'session_events', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'session_clients', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'device_clients', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'points', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'rollups', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'sinks', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'sink_refusals', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'roles', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_writer', 'schema_versions', 'SELECT'),
    ('skerry_writer', 'retention', 'SELECT'),
    ('skerry_writer', 'gone', 'SELECT'),
    ('skerry_writer', 'drop_waits', 'SELECT'),
    ('skerry_writer', 'gateway_journals', 'SELECT'),
    ('skerry_writer', 'gateway_accounts', 'SELECT'),
    ('skerry_gateway', 'leases', 'SELECT, INSERT, UPDATE'),
    ('skerry_gateway', 'gateway_journals', 'SELECT, INSERT, UPDATE'),
    ('skerry_gateway', 'gateway_accounts', 'SELECT, INSERT, UPDATE'),
    ('skerry_gateway', 'roles', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_gateway', 'schema_versions', 'SELECT'),
    ('skerry_gateway', 'retention', 'SELECT'),
    ('skerry_cloud', 'sources', 'SELECT'),
    ('skerry_cloud', 'folds', 'SELECT'),
    ('skerry_cloud', 'devices', 'SELECT'),
    ('skerry_cloud', 'series', 'SELECT'),
    ('skerry_cloud', 'source_series', 'SELECT'),
    ('skerry_cloud', 'seals', 'SELECT'),
    ('skerry_cloud', 'verdicts', 'SELECT'),
    ('skerry_cloud', 'accounts', 'SELECT'),
    ('skerry_cloud', 'gaps', 'SELECT'),
    ('skerry_cloud', 'dedupe', 'SELECT'),
    ('skerry_cloud', 'latest', 'SELECT'),
    ('skerry_cloud', 'dead_letters', 'SELECT'),
    ('skerry_cloud', 'stage_rows', 'SELECT'),
    ('skerry_cloud', 'session_events', 'SELECT'),
    ('skerry_cloud', 'session_clients', 'SELECT'),
    ('skerry_cloud', 'device_clients', 'SELECT'),
    ('skerry_cloud', 'points', 'SELECT'),
    ('skerry_cloud', 'rollups', 'SELECT'),
    ('skerry_cloud', 'schema_versions', 'SELECT'),
    ('skerry_cloud', 'retention', 'SELECT'),
    ('skerry_cloud', 'gone', 'SELECT'),
    ('skerry_cloud', 'drop_waits', 'SELECT'),
    ('skerry_cloud', 'sinks', 'SELECT'),
    ('skerry_cloud', 'sink_refusals', 'SELECT'),
    ('skerry_cloud', 'gateway_journals', 'SELECT, INSERT, UPDATE'),
    ('skerry_cloud', 'gateway_accounts', 'SELECT, INSERT, UPDATE'),
    ('skerry_cloud', 'roles', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_cloud', 'access_items', 'SELECT, INSERT, UPDATE, DELETE'),
    ('skerry_cloud', 'audit_head', 'SELECT, INSERT, UPDATE'),
    ('skerry_cloud', 'audit_entries', 'SELECT, INSERT'),
    ('skerry_writer', 'timescale_jobs', 'SELECT'),
    ('skerry_gateway', 'timescale_jobs', 'SELECT'),
    ('skerry_cloud', 'timescale_jobs', 'SELECT'),
    ('skerry_reader', 'series', 'SELECT'),
    ('skerry_reader', 'devices', 'SELECT'),
    ('skerry_reader', 'verdicts', 'SELECT'),
    ('skerry_reader', 'dead_letters', 'SELECT'),
    ('skerry_reader', 'device_clients', 'SELECT'),
    ('skerry_reader', 'telemetry', 'SELECT'),
    ('skerry_reader', 'telemetry_rollups', 'SELECT'),
    ('skerry_reader', 'telemetry_latest', 'SELECT'),
    ('skerry_reader', 'telemetry_minutes', 'SELECT'),
    ('skerry_reader', 'telemetry_hours', 'SELECT'),
    ('skerry_reader', 'telemetry_days', 'SELECT'),
    ('skerry_reader', 'iot_messages', 'SELECT')) AS w(grantee, name, rights)
    JOIN pg_roles g ON g.rolname = w.grantee JOIN pg_class c ON c.relname = w.name AND c.relnamespace = here
    WHERE pg_has_role(c.relowner, 'USAGE')
  LOOP
    EXECUTE format('GRANT %s ON %I TO %I', one.rights, one.name, one.grantee);
  END LOOP;
  FOR one IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relnamespace = here AND p.relkind = 'p' AND p.relname IN ('points', 'rollups')
      AND to_regrole('skerry_writer') IS NOT NULL
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO skerry_writer', one.relname);
  END LOOP;
  FOR one IN SELECT w.name, g.rolname FROM (VALUES
    ('skerry_writer', 'make_day'),
    ('skerry_writer', 'make_month'),
    ('skerry_writer', 'drop_day'),
    ('skerry_writer', 'drop_month'),
    ('skerry_writer', 'has_retention'),
    ('skerry_writer', 'set_retention')) AS w(grantee, name) LEFT JOIN pg_roles g ON g.rolname = w.grantee
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %I FROM PUBLIC', one.name);
    IF one.rolname IS NOT NULL THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %I TO %I', one.name, one.rolname); END IF;
  END LOOP;
  FOR one IN SELECT c.relname, w.grantee, w.policy, w.kind, w.condition FROM (VALUES
    ('skerry_writer', 'writer', 'ALL', 'true'),
    ('skerry_cloud', 'cloud', 'SELECT', 'true'),
    ('skerry_reader', 'tenant', 'SELECT', 'tenant = current_setting(''skerry.tenant'', true)')) AS w(grantee, policy, kind, condition) JOIN pg_roles g ON g.rolname = w.grantee
    JOIN pg_class c ON c.relname IN ('series', 'devices', 'verdicts', 'dead_letters', 'device_clients') AND c.relnamespace = here
    WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = w.policy)
  LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR %s TO %I USING (%s)', one.policy, one.relname, one.kind, one.grantee,
      one.condition);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.relname);
  END LOOP;
END $body$;
REVOKE ALL ON FUNCTION grant_roles FROM PUBLIC;
SELECT grant_roles();

-- version 11
CREATE OR REPLACE VIEW telemetry_rollups WITH (security_barrier) AS
  SELECT r.start AS time, r.step AS step_secs, s.tenant, s.project, s.device, s.metric, s.unit,
    sum(r.count) AS count, min(r.min) AS min, max(r.max) AS max, CASE WHEN sum(r.sum * 5.421010862427522e-20::double precision) FILTER (WHERE r.sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision) IS NULL THEN sum(r.sum) FILTER (WHERE r.sum BETWEEN -1e+270::double precision AND 1e+270::double precision)
      ELSE greatest(-9.745314011399998e+288::double precision, least(9.745314011399998e+288::double precision, sum(r.sum * 5.421010862427522e-20::double precision) FILTER (WHERE r.sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision))) * 18446744073709552000::double precision + coalesce(sum(r.sum) FILTER (WHERE r.sum BETWEEN -1e+270::double precision AND 1e+270::double precision), 0) END AS sum,
    (CASE WHEN sum(r.sum * 5.421010862427522e-20::double precision) FILTER (WHERE r.sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision) IS NULL THEN sum(r.sum) FILTER (WHERE r.sum BETWEEN -1e+270::double precision AND 1e+270::double precision)
      ELSE greatest(-9.745314011399998e+288::double precision, least(9.745314011399998e+288::double precision, sum(r.sum * 5.421010862427522e-20::double precision) FILTER (WHERE r.sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision))) * 18446744073709552000::double precision + coalesce(sum(r.sum) FILTER (WHERE r.sum BETWEEN -1e+270::double precision AND 1e+270::double precision), 0) END) / sum(r.count) AS mean, (min(r.head))[4] AS first, (max(r.tail))[4] AS last
  FROM rollups r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true))
  GROUP BY r.start, r.step, s.id;
CREATE OR REPLACE VIEW telemetry_minutes WITH (security_barrier) AS SELECT time, tenant, project, device, metric, unit, count::bigint AS count, min, max, sum, mean, first, last FROM telemetry_rollups WHERE step_secs = 60;
CREATE OR REPLACE VIEW telemetry_hours WITH (security_barrier) AS SELECT time, tenant, project, device, metric, unit, count::bigint AS count, min, max, sum, mean, first, last FROM telemetry_rollups WHERE step_secs = 3600;
CREATE OR REPLACE VIEW telemetry_days WITH (security_barrier) AS SELECT time, tenant, project, device, metric, unit, count::bigint AS count, min, max, sum, mean, first, last FROM telemetry_rollups WHERE step_secs = 86400;
DROP MATERIALIZED VIEW points_days;
DROP MATERIALIZED VIEW points_hours;
DROP MATERIALIZED VIEW points_minutes;

CREATE MATERIALIZED VIEW points_minutes WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 minute', time) AS start, count(*) AS count, min(value) AS min,
    max(value) AS max, CASE WHEN sum(value * 5.421010862427522e-20::double precision) FILTER (WHERE value NOT BETWEEN -1e+270::double precision AND 1e+270::double precision) IS NULL THEN sum(value) FILTER (WHERE value BETWEEN -1e+270::double precision AND 1e+270::double precision)
      ELSE greatest(-9.745314011399998e+288::double precision, least(9.745314011399998e+288::double precision, sum(value * 5.421010862427522e-20::double precision) FILTER (WHERE value NOT BETWEEN -1e+270::double precision AND 1e+270::double precision))) * 18446744073709552000::double precision + coalesce(sum(value) FILTER (WHERE value BETWEEN -1e+270::double precision AND 1e+270::double precision), 0) END AS sum, min(ARRAY[date_part('epoch', time - timestamptz '1970-01-01 00:00:00+00'), position::double precision,
    ordinal::double precision, value]) AS head, max(ARRAY[date_part('epoch', time - timestamptz '1970-01-01 00:00:00+00'), position::double precision,
    ordinal::double precision, value]) AS tail
  FROM points WHERE value IS NOT NULL GROUP BY 1, 2 WITH NO DATA;
CREATE MATERIALIZED VIEW points_hours WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 hour', start) AS start, sum(count)::bigint AS count, min(min) AS min,
    max(max) AS max, CASE WHEN sum(sum * 5.421010862427522e-20::double precision) FILTER (WHERE sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision) IS NULL THEN sum(sum) FILTER (WHERE sum BETWEEN -1e+270::double precision AND 1e+270::double precision)
      ELSE greatest(-9.745314011399998e+288::double precision, least(9.745314011399998e+288::double precision, sum(sum * 5.421010862427522e-20::double precision) FILTER (WHERE sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision))) * 18446744073709552000::double precision + coalesce(sum(sum) FILTER (WHERE sum BETWEEN -1e+270::double precision AND 1e+270::double precision), 0) END AS sum, min(head) AS head, max(tail) AS tail
  FROM points_minutes GROUP BY 1, 2 WITH NO DATA;
CREATE MATERIALIZED VIEW points_days WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
  SELECT series_id, time_bucket(interval '1 day', start) AS start, sum(count)::bigint AS count, min(min) AS min,
    max(max) AS max, CASE WHEN sum(sum * 5.421010862427522e-20::double precision) FILTER (WHERE sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision) IS NULL THEN sum(sum) FILTER (WHERE sum BETWEEN -1e+270::double precision AND 1e+270::double precision)
      ELSE greatest(-9.745314011399998e+288::double precision, least(9.745314011399998e+288::double precision, sum(sum * 5.421010862427522e-20::double precision) FILTER (WHERE sum NOT BETWEEN -1e+270::double precision AND 1e+270::double precision))) * 18446744073709552000::double precision + coalesce(sum(sum) FILTER (WHERE sum BETWEEN -1e+270::double precision AND 1e+270::double precision), 0) END AS sum, min(head) AS head, max(tail) AS tail
  FROM points_hours GROUP BY 1, 2 WITH NO DATA;
CREATE OR REPLACE VIEW telemetry_minutes WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_minutes r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE OR REPLACE VIEW telemetry_hours WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_hours r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));
CREATE OR REPLACE VIEW telemetry_days WITH (security_barrier) AS
  SELECT r.start AS time, s.tenant, s.project, s.device, s.metric, s.unit, r.count, r.min, r.max, r.sum,
    r.sum / r.count AS mean, r.head[4] AS first, r.tail[4] AS last
  FROM points_days r JOIN series s ON s.id = r.series_id WHERE (NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true));

DO $body$ BEGIN
  IF EXISTS (SELECT FROM retention) THEN PERFORM make_policies(); END IF;
END $body$;

-- version 12
ALTER TABLE dedupe ALTER entries SET STORAGE EXTERNAL;
