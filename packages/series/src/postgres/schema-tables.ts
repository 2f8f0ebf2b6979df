const COUNTS = `stored bigint NOT NULL, deduplicated bigint NOT NULL, filtered bigint NOT NULL,
  dead_lettered bigint NOT NULL, discarded bigint NOT NULL, expired bigint NOT NULL,
  time_corrected bigint NOT NULL, seq_resets bigint NOT NULL`;

const NAME = 'text COLLATE "C" NOT NULL';

/** Columns of points, and of what is kept of the newest of them. */
const POINT = `value double precision, text text, flag boolean, exact numeric,
  source smallint NOT NULL, position bigint NOT NULL, ordinal smallint NOT NULL`;

/** Tables that are alike with and without TimescaleDB: docs/formats/postgres.md. Narrow rows that change in place leave half a page free, so that they change without an index. */
export const TABLES = `
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
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant ${NAME}, project ${NAME}, device ${NAME},
  metrics integer NOT NULL DEFAULT 0, seen timestamptz, UNIQUE (tenant, project, device)
) WITH (fillfactor = 50);
CREATE TABLE series(
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant ${NAME}, project ${NAME}, device ${NAME},
  metric ${NAME}, unit text, UNIQUE (tenant, project, device, metric)
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
  source smallint NOT NULL, tenant ${NAME}, project ${NAME}, ${COUNTS}, PRIMARY KEY (source, tenant, project)
) WITH (fillfactor = 20);
CREATE TABLE accounts(
  source smallint NOT NULL, device integer NOT NULL, ${COUNTS}, last_seen bigint NOT NULL,
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
  series integer PRIMARY KEY, time timestamptz NOT NULL, ${POINT}
) WITH (fillfactor = 50);
CREATE TABLE gone(series integer PRIMARY KEY, until timestamptz NOT NULL);
CREATE TABLE dead_letters(
  source smallint NOT NULL, position bigint NOT NULL, received bigint NOT NULL, tenant ${NAME}, project ${NAME},
  device ${NAME}, topic text NOT NULL, client text NOT NULL, reason text NOT NULL, detail text NOT NULL,
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
  source smallint NOT NULL, tenant ${NAME}, project ${NAME}, device ${NAME}, body text NOT NULL,
  PRIMARY KEY (source, tenant, project, device)
) WITH (fillfactor = 50);
`;

const POINT_COLUMNS = `time timestamptz NOT NULL, series_id integer NOT NULL, ${POINT}, received timestamptz NOT NULL`;

const ROLLUP_COLUMNS = `series_id integer NOT NULL, step integer NOT NULL, start timestamptz NOT NULL,
  source smallint NOT NULL, month date NOT NULL, count bigint NOT NULL, min double precision NOT NULL,
  max double precision NOT NULL, sum double precision NOT NULL,
  head double precision[] NOT NULL, tail double precision[] NOT NULL`;

/** Points by day of receipt and rollups by month of receipt: native partitions. */
export const PLAIN_TABLES = `
CREATE TABLE points(${POINT_COLUMNS}) PARTITION BY RANGE (received);
CREATE INDEX points_series ON points(series_id, time);
CREATE INDEX points_received ON points USING brin (received) WITH (pages_per_range = 32);
CREATE TABLE rollups(${ROLLUP_COLUMNS}, PRIMARY KEY (series_id, step, start, source, month))
  PARTITION BY RANGE (month);
`;

/** Points as a hypertable; chunks by event time. Rollups are ours here too: they hold late and replayed points exactly. */
export const TIMESCALE_TABLES = `
CREATE TABLE points(${POINT_COLUMNS});
SELECT create_hypertable('points', 'time', chunk_time_interval => interval '1 day', create_default_indexes => false);
ALTER TABLE points SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',
  timescaledb.compress_orderby = 'time DESC');
CREATE INDEX points_series ON points(series_id, time);
CREATE INDEX points_received ON points USING brin (received) WITH (pages_per_range = 32);
CREATE TABLE rollups(${ROLLUP_COLUMNS}, PRIMARY KEY (series_id, step, start, source, month))
  PARTITION BY RANGE (month);
`;

/** What gateways tell of their journals. Changes in place every few seconds. */
export const GATEWAY_TABLES = `
CREATE TABLE gateway_journals(
  journal text PRIMARY KEY, name text NOT NULL, as_of bigint NOT NULL, sent bigint NOT NULL,
  told timestamptz NOT NULL, ended boolean NOT NULL
) WITH (fillfactor = 20);
CREATE TABLE gateway_accounts(
  journal text NOT NULL, tenant ${NAME}, project ${NAME}, received bigint NOT NULL, received_qos0 bigint NOT NULL,
  as_of bigint NOT NULL, PRIMARY KEY (journal, tenant, project)
) WITH (fillfactor = 20);
`;
