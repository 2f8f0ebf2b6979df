import { BY_TENANT, ROLE_NAMES } from './role-rights.ts';

const VALUE = 'p.value, p.text, p.flag, p.exact';

/** Sees everything, or what belongs to the tenant of the setting `skerry.tenant` when row-level security holds for the asker. */
export const MINE = `(NOT row_security_active('series'::regclass) OR s.tenant = current_setting('skerry.tenant', true))`;

/**
 * Views for people. They run with their owner's rights and narrow by tenant themselves: a hypertable that is compressed
 * knows no row-level security, and what is asked stays the same with and without TimescaleDB.
 */
export const VIEWS = `
CREATE VIEW telemetry WITH (security_barrier) AS
  SELECT p.time, s.tenant, s.project, s.device, s.metric, s.unit, ${VALUE},
    p.source, p.position, p.ordinal, p.received
  FROM points p JOIN series s ON s.id = p.series_id WHERE ${MINE};
CREATE VIEW telemetry_rollups WITH (security_barrier) AS
  SELECT r.start AS time, r.step AS step_secs, s.tenant, s.project, s.device, s.metric, s.unit,
    sum(r.count) AS count, min(r.min) AS min, max(r.max) AS max, sum(r.sum) AS sum,
    sum(r.sum) / sum(r.count) AS mean, (min(r.head))[4] AS first, (max(r.tail))[4] AS last
  FROM rollups r JOIN series s ON s.id = r.series_id WHERE ${MINE}
  GROUP BY r.start, r.step, s.id;
CREATE VIEW telemetry_latest WITH (security_barrier) AS
  SELECT p.time, s.tenant, s.project, s.device, s.metric, s.unit, ${VALUE}
  FROM latest p JOIN series s ON s.id = p.series WHERE ${MINE};
CREATE VIEW iot_messages_new WITH (security_barrier) AS
  SELECT p.time, s.tenant AS tenant_id, s.project AS project_id,
    'mtic/msg/client/realtime/' || s.tenant || '/' || s.project AS mqtt_topic,
    (jsonb_build_object('deviceId', s.device) || jsonb_object_agg(s.metric,
      coalesce(to_jsonb(p.exact), to_jsonb(p.value), to_jsonb(p.text), to_jsonb(p.flag))))::text AS payload,
    p.received AS created_at
  FROM points p JOIN series s ON s.id = p.series_id WHERE ${MINE}
  GROUP BY p.time, s.tenant, s.project, s.device, p.source, p.position, p.received;
`;

/** The earlier system's columns over what was kept from it and what came since. `earlier`: its renamed table, quoted. */
export function messagesView(name: string, earlier: string | undefined): string {
  const columns = 'time, tenant_id, project_id, mqtt_topic, payload, created_at';
  const kept =
    earlier === undefined
      ? ''
      : ` UNION ALL SELECT ${columns} FROM ${earlier} s WHERE ${MINE.replace('s.tenant', 's.tenant_id')}`;
  return `CREATE VIEW ${name} WITH (security_barrier) AS SELECT ${columns} FROM iot_messages_new${kept};`;
}

const READER_SEES = [...BY_TENANT, 'telemetry', 'telemetry_rollups', 'telemetry_latest', 'iot_messages'];

/** Rights of the two roles, and row-level security of the reading one. */
export function grants(schema: string): string {
  return `
GRANT USAGE ON SCHEMA ${schema} TO skerry_writer, skerry_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO skerry_writer;
GRANT INSERT, UPDATE, DELETE ON sources, folds, devices, series, source_series, seals, verdicts, accounts, gaps, dedupe,
  latest, dead_letters, stage_rows, session_events, session_clients, device_clients, points, rollups TO skerry_writer;
REVOKE ALL ON FUNCTION make_day, make_month, drop_day, drop_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_day, make_month, drop_day, drop_month TO skerry_writer;
GRANT SELECT ON ${READER_SEES.join(', ')} TO skerry_reader;
${BY_TENANT.map(
  (table) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer ON ${table} TO skerry_writer USING (true) WITH CHECK (true);
CREATE POLICY tenant ON ${table} FOR SELECT TO skerry_reader
  USING (tenant = current_setting('skerry.tenant', true));`,
).join('\n')}
`;
}

/** Rights on the tables of gateways; whoever reads for a tenant sees none of them. */
export const GATEWAY_GRANTS = `
GRANT SELECT, INSERT, UPDATE, DELETE ON gateway_journals, gateway_accounts TO skerry_writer;
`;

/** Makes the roles where the user may and they are missing; another migration may make them at the same moment. */
export const MAKE_ROLES = `DO $body$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['${ROLE_NAMES.join("', '")}'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
      END;
    END IF;
  END LOOP;
END $body$`;
