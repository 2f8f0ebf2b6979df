/**
 * Tables of one schema whose packages know nothing of each other: whoever comes first makes its own, and whoever brings
 * the schema to its version makes all of them, so that the others need no right to. Each text changes nothing where its
 * tables are. `schema` is quoted where it has to be.
 */

/** Leases of numbers. */
export function leaseTables(schema: string): string {
  return whereMissing(
    `${schema}.leases`,
    `CREATE TABLE ${schema}.leases (
    grp text NOT NULL, number integer NOT NULL, owner text NOT NULL, epoch bigint NOT NULL,
    expires timestamptz NOT NULL, is_closed boolean NOT NULL, PRIMARY KEY (grp, number));`,
  );
}

/** Users, tokens, sessions and sign-in links. */
export function accessTables(schema: string): string {
  return whereMissing(
    `${schema}.access_items`,
    `CREATE TABLE ${schema}.access_items (
    kind text NOT NULL, name text COLLATE "C" NOT NULL, secret text, used_micros bigint NOT NULL,
    document jsonb NOT NULL, PRIMARY KEY (kind, name));
  CREATE UNIQUE INDEX ON ${schema}.access_items (kind, secret) WHERE secret IS NOT NULL;`,
  );
}

/** The audit log, an entry a row, and the head of its chain. */
export function auditTables(schema: string): string {
  return whereMissing(
    `${schema}.audit_head`,
    `CREATE TABLE IF NOT EXISTS ${schema}.audit_entries (n bigint PRIMARY KEY, line text NOT NULL);
  CREATE TABLE ${schema}.audit_head (
    single boolean PRIMARY KEY CHECK (single), n bigint NOT NULL, hash text NOT NULL);`,
  );
}

function whereMissing(table: string, make: string): string {
  return `DO $make$ BEGIN
  IF to_regclass('${table.replaceAll("'", "''")}') IS NOT NULL THEN RETURN; END IF;
  ${make}
END $make$;
`;
}
