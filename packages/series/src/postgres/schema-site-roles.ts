import { accessTables, auditTables, leaseTables } from '@skerry/kernel/node';
import { BY_TENANT, READER, SITE_RIGHTS } from './role-rights.ts';

const READER_SEES = [
  ...BY_TENANT,
  'telemetry',
  'telemetry_rollups',
  'telemetry_latest',
  'telemetry_minutes',
  'telemetry_hours',
  'telemetry_days',
  'iot_messages',
];

const rows = (values: readonly (readonly string[])[]): string =>
  values.map((row) => `(${row.map((one) => `'${one}'`).join(', ')})`).join(',\n    ');

const roles = Object.values(SITE_RIGHTS);

/** Rights by role and table; the first word of a row is the role. */
const WISHES = rows([
  ...roles.flatMap(({ name, tables }) =>
    Object.entries(tables).map(([table, rights]) => [name, table, rights]),
  ),
  ...roles.map(({ name }) => [name, 'timescale_jobs', 'SELECT']),
  ...READER_SEES.map((view) => [READER, view, 'SELECT']),
]);

const WRITER = SITE_RIGHTS.writer.name;

/** What the writing role had before there was one for each process. */
const EARLIER = rows([
  ...['leases', 'access_items', 'audit_entries', 'audit_head'].map((table) => [table, 'ALL']),
  ...['gateway_journals', 'gateway_accounts'].map((table) => [table, 'INSERT, UPDATE, DELETE']),
]);

const CALLS = rows(roles.flatMap(({ name, functions }) => functions.map((one) => [name, one])));

const POLICIES = rows([
  [WRITER, 'writer', 'ALL', 'true'],
  [SITE_RIGHTS.cloud.name, 'cloud', 'SELECT', 'true'],
  [READER, 'tenant', 'SELECT', "tenant = current_setting(''skerry.tenant'', true)"],
]);

/**
 * Tables of processes that need no right to make them, and `grant_roles`, which gives each role that is there what it
 * needs: whoever makes a role later calls it as the schema's owner. Tables of another owner are left as they are.
 * `schema` is quoted.
 */
export function siteRoles(schema: string): string {
  return `${leaseTables(schema)}${accessTables(schema)}${auditTables(schema)}
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $body$
DECLARE
  here regnamespace := quote_ident(current_schema())::regnamespace;
  one record;
BEGIN
  FOR one IN SELECT rolname FROM pg_roles WHERE rolname IN ('${[...roles.map(({ name }) => name), READER].join("', '")}') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), one.rolname);
  END LOOP;
  FOR one IN SELECT w.name, w.rights FROM (VALUES
    ${EARLIER}) AS w(name, rights)
    JOIN pg_class c ON c.relname = w.name AND c.relnamespace = here
    WHERE to_regrole('${WRITER}') IS NOT NULL AND pg_has_role(c.relowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE %s ON %I FROM ${WRITER}', one.rights, one.name);
  END LOOP;
  FOR one IN SELECT w.grantee, w.name, w.rights FROM (VALUES
    ${WISHES}) AS w(grantee, name, rights)
    JOIN pg_roles g ON g.rolname = w.grantee JOIN pg_class c ON c.relname = w.name AND c.relnamespace = here
    WHERE pg_has_role(c.relowner, 'USAGE')
  LOOP
    EXECUTE format('GRANT %s ON %I TO %I', one.rights, one.name, one.grantee);
  END LOOP;
  FOR one IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relnamespace = here AND p.relkind = 'p' AND p.relname IN ('points', 'rollups')
      AND to_regrole('${WRITER}') IS NOT NULL
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO ${WRITER}', one.relname);
  END LOOP;
  FOR one IN SELECT w.name, g.rolname FROM (VALUES
    ${CALLS}) AS w(grantee, name) LEFT JOIN pg_roles g ON g.rolname = w.grantee
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %I FROM PUBLIC', one.name);
    IF one.rolname IS NOT NULL THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %I TO %I', one.name, one.rolname); END IF;
  END LOOP;
  FOR one IN SELECT c.relname, w.grantee, w.policy, w.kind, w.condition FROM (VALUES
    ${POLICIES}) AS w(grantee, policy, kind, condition) JOIN pg_roles g ON g.rolname = w.grantee
    JOIN pg_class c ON c.relname IN ('${BY_TENANT.join("', '")}') AND c.relnamespace = here
    WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = w.policy)
  LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR %s TO %I USING (%s)', one.policy, one.relname, one.kind, one.grantee,
      one.condition);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.relname);
  END LOOP;
END $body$;
REVOKE ALL ON FUNCTION grant_roles FROM PUBLIC;
SELECT grant_roles();
`;
}
