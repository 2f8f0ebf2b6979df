import { type PostgresSession, SCHEMA_VERSION, SITE_RIGHTS, type SiteRole } from '@skerry/series/postgres';
import type { Finding } from './doctor.ts';

const SITE_ROLES = ['writer', 'gateway', 'cloud'] as const satisfies readonly SiteRole[];

/**
 * Whether the user may do in the tables what the processes of a site do there: those of `role`, or of each where it is
 * undefined. A user that is enough for some of them is a warning.
 */
export async function rightsFinding(
  session: PostgresSession,
  schema: string,
  role: SiteRole | undefined,
): Promise<Finding> {
  const wanted = role === undefined ? SITE_ROLES : [role];
  const [place = {}] = await session.query(
    `SELECT current_user AS "user", has_database_privilege(current_database(), 'CREATE') AS "mayMake",
       n.oid IS NOT NULL AS "hasSchema", coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS "mayUse",
       coalesce(pg_has_role(n.nspowner, 'USAGE'), false) AS "isOwner"
     FROM (SELECT $1::text AS name) w LEFT JOIN pg_namespace n ON n.nspname = w.name`,
    [schema],
  );
  const user = String(place.user);
  if (place.hasSchema !== true) {
    if (place.mayMake === true) return ok(`${user} may make the schema ${schema}, which is not there yet`);
    const advice = `CREATE SCHEMA ${schema} AUTHORIZATION "${user}"; or GRANT CREATE ON DATABASE to it; or start a writer once whose user may.`;
    return fault(`${user} may not make the schema ${schema}`, advice);
  }
  if (place.mayUse !== true)
    return fault(`${user} may not look into the schema ${schema}`, adviceFor(user, wanted));
  const version = await versionOf(session, schema);
  const about = `the schema has version ${version ?? 'none'}, this build knows ${SCHEMA_VERSION}`;
  if (version !== undefined && version > SCHEMA_VERSION)
    return fault(about, 'Start the newer build: this one refuses the schema.');
  if (version !== SCHEMA_VERSION) {
    if (place.isOwner === true) return ok(`${user} owns the schema; ${about}`);
    const advice = `Start a writer once as the owner of ${schema}: it brings the schema to this version.`;
    return fault(`${about}, and ${user} does not own it`, advice);
  }
  const lacks: string[][] = [];
  for (const one of wanted) lacks.push(await lacksOf(session, schema, one));
  return roleFinding(user, about, wanted, lacks);
}

/** Whether the user may read points and what is said of them. */
export async function mayReadPoints(session: PostgresSession, schema: string): Promise<boolean> {
  const [row] = await session.query(
    `SELECT bool_and(has_table_privilege(c.oid, 'SELECT')) AS may FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname IN ('points', 'sources', 'folds', 'retention')`,
    [schema],
  );
  return row?.may === true;
}

function roleFinding(
  user: string,
  about: string,
  wanted: readonly SiteRole[],
  lacks: readonly (readonly string[])[],
): Finding {
  const [enough, short] = [
    wanted.filter((_, i) => lacks[i]?.length === 0),
    wanted.filter((_, i) => lacks[i]?.length !== 0),
  ];
  if (short.length === 0) return ok(`${user} may do what a ${wanted.join(', a ')} does; ${about}`);
  const words = wanted.flatMap((one, i) =>
    lacks[i]?.length === 0 ? [] : [`not what a ${one} does (${lacks[i]?.slice(0, LACKS_TOLD).join(', ')})`],
  );
  if (enough.length === 0) return fault(`${user} may do ${words.join(', and ')}`, adviceFor(user, short));
  const found = `${user} may do what a ${enough.join(', a ')} does, ${words.join(', and ')}`;
  const advice = `Run the others as users of their own (skerry doctor --role ${short[0]}), or as this one: ${adviceFor(user, short)}`;
  return { check: CHECK, verdict: 'warning', found, advice };
}

const CHECK = 'postgres rights';
const LACKS_TOLD = 3;

/** Rights that are missing, as `leases: INSERT`. */
async function lacksOf(session: PostgresSession, schema: string, role: SiteRole): Promise<string[]> {
  const { tables, functions } = SITE_RIGHTS[role];
  const wishes = Object.entries(tables).flatMap(([table, rights]) =>
    rights.split(', ').map((right) => [table, right]),
  );
  const rows = await session.query(
    `SELECT w.name, string_agg(w.wish, ', ' ORDER BY w.nth) AS wishes
     FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w(name, wish, nth)
     LEFT JOIN pg_class c ON c.relname = w.name AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
     WHERE NOT coalesce(has_table_privilege(c.oid, w.wish), false) GROUP BY w.name ORDER BY min(w.nth)`,
    [schema, wishes.map(([table]) => table), wishes.map(([, right]) => right)],
  );
  const calls = await session.query(
    `SELECT w.name FROM unnest($2::text[]) AS w(name)
     LEFT JOIN pg_proc p ON p.proname = w.name AND p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
     WHERE NOT coalesce(has_function_privilege(p.oid, 'EXECUTE'), false)`,
    [schema, functions],
  );
  return [
    ...rows.map(({ name, wishes: lacking }) => `${name}: ${lacking}`),
    ...calls.map(({ name }) => `${name}: EXECUTE`),
  ];
}

async function versionOf(session: PostgresSession, schema: string): Promise<number | undefined> {
  const [table] = await session.query(
    `SELECT coalesce(has_table_privilege(to_regclass(format('%I.schema_versions', $1::text)), 'SELECT'), false) AS may`,
    [schema],
  );
  if (table?.may !== true) return undefined;
  const [made] = await session.query(`SELECT max(version) AS version FROM "${schema}".schema_versions`);
  return Number(made?.version);
}

function adviceFor(user: string, roles: readonly SiteRole[]): string {
  const grants = roles.map((one) => `GRANT ${SITE_RIGHTS[one].name} TO "${user}"`);
  return `${grants.join('; ')}; where a role is missing, make it and SELECT grant_roles() as the owner of the schema.`;
}

function ok(found: string): Finding {
  return { check: CHECK, verdict: 'ok', found, advice: '' };
}

function fault(found: string, advice: string): Finding {
  return { check: CHECK, verdict: 'fault', found, advice };
}
