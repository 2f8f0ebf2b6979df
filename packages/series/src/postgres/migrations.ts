import type { Logger } from '@skerry/kernel';
import { SeriesError } from '../errors.ts';
import { DEDUPE_STORAGE } from './dedupe-rows.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { ROLE_NAMES } from './role-rights.ts';
import { shortDrops } from './schema-drops.ts';
import { WIDE_INTEGERS, WIDE_INTEGERS_TIMESCALE } from './schema-exact.ts';
import { LOCK_CLASS, partitionFunctions, timescaleFunctions } from './schema-functions.ts';
import { EARLIER_MESSAGES } from './schema-messages.ts';
import { plainRetention, retentionGrants, timescaleRetention } from './schema-retention.ts';
import { ROLE_GRANTS, ROLE_TABLES } from './schema-roles.ts';
import { SINK_GRANTS, SINK_TABLES } from './schema-sinks.ts';
import { siteRoles } from './schema-site-roles.ts';
import { boundedSums } from './schema-sums.ts';
import { GATEWAY_TABLES, PLAIN_TABLES, TABLES, TIMESCALE_TABLES } from './schema-tables.ts';
import { GATEWAY_GRANTS, grants, MAKE_ROLES, messagesView, VIEWS } from './schema-views.ts';
import { SEAL_TIMES } from './seal-times.ts';

/** What a migration is told. */
export interface MigrationPlace {
  /** Quoted. */
  readonly schema: string;
  readonly isTimescale: boolean;
  /** The earlier system's table by its new name, quoted; undefined where there was none. */
  readonly earlier: string | undefined;
  /** Whether the roles are there. */
  readonly hasRoles: boolean;
}

/** Each brings the schema from the version before to its own; in order, never changed once it was published. */
export const MIGRATIONS: readonly {
  readonly version: number;
  readonly sql: (place: MigrationPlace) => string;
}[] = [
  {
    version: 1,
    sql: ({ schema, isTimescale, earlier, hasRoles }) =>
      [
        TABLES,
        isTimescale ? TIMESCALE_TABLES : PLAIN_TABLES,
        isTimescale ? timescaleFunctions(schema) : partitionFunctions(schema),
        VIEWS,
        messagesView('iot_messages', earlier),
        earlier === undefined ? '' : `CREATE VIEW public.iot_messages AS SELECT * FROM iot_messages;`,
        hasRoles ? grants(schema) : '',
      ].join('\n'),
  },
  { version: 2, sql: ({ hasRoles }) => GATEWAY_TABLES + (hasRoles ? GATEWAY_GRANTS : '') },
  { version: 3, sql: ({ hasRoles }) => SINK_TABLES + (hasRoles ? SINK_GRANTS : '') },
  { version: 4, sql: ({ hasRoles }) => ROLE_TABLES + (hasRoles ? ROLE_GRANTS : '') },
  {
    version: 5,
    sql: ({ schema, isTimescale, hasRoles }) =>
      (isTimescale ? timescaleRetention(schema) : plainRetention(schema)) +
      (hasRoles ? retentionGrants(isTimescale) : ''),
  },
  { version: 6, sql: () => SEAL_TIMES },
  { version: 7, sql: ({ isTimescale }) => (isTimescale ? WIDE_INTEGERS_TIMESCALE : WIDE_INTEGERS) },
  { version: 8, sql: () => EARLIER_MESSAGES },
  { version: 9, sql: ({ schema, isTimescale, hasRoles }) => shortDrops(schema, isTimescale, hasRoles) },
  { version: 10, sql: ({ schema }) => siteRoles(schema) },
  { version: 11, sql: ({ isTimescale }) => boundedSums(isTimescale) },
  { version: 12, sql: () => DEDUPE_STORAGE },
];

/** The statements that bring a schema from the version before to `version`, for people and golden files. */
export function schemaSql(version: number, place: MigrationPlace): string {
  return MIGRATIONS.find((one) => one.version === version)?.sql(place) ?? '';
}

/** The newest version this build knows. */
export const SCHEMA_VERSION = MIGRATIONS.reduce((most, { version }) => Math.max(most, version), 0);

/** What one statement of a migration may take: a table of years is written anew, and would be again at each start. */
const STATEMENT_MS = 86_400_000;

// fixed by the SQL below: older servers lack what it uses
const SERVER_VERSION_MIN = 150_000;

/**
 * Brings the schema to this build's version, one process at a time, in one transaction. A user without the right to is
 * fine where nothing is to be done. Fails with `store-schema-newer`, `store-not-allowed`, `store-not-opened`.
 */
export async function migrate(pool: PostgresPool, logger: Logger): Promise<void> {
  if ((await pool.use('read the schema', (session) => versionOf(session, pool))) === SCHEMA_VERSION) return;
  await pool.transactLong('bring the schema to its version', STATEMENT_MS, async (session) => {
    await session.query('SELECT pg_advisory_xact_lock($1::integer, hashtext($2))', [
      LOCK_CLASS,
      pool.schemaName,
    ]);
    const from = await versionOf(session, pool);
    if (from === SCHEMA_VERSION) return;
    if (from === 0) await session.run(makeSchema(pool.schema));
    await session.run(
      'CREATE TABLE IF NOT EXISTS schema_versions(version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())',
    );
    const place = await placeOf(session, pool, from);
    for (const { version, sql } of MIGRATIONS.filter((one) => one.version > from)) {
      await session.run(sql(place));
      await session.run('INSERT INTO schema_versions(version) VALUES ($1)', [version]);
    }
    const missing = await missingRoles(session);
    if (missing.length > 0)
      logger.log(
        'warn',
        'roles are missing and may not be made: make them, and call grant_roles as the owner',
        {
          schema: pool.schemaName,
          roles: missing,
        },
      );
    logger.log('info', 'schema brought to its version', {
      schema: pool.schemaName,
      from,
      to: SCHEMA_VERSION,
    });
  });
}

/**
 * Makes sure that the schema is there and of a version that this build knows, for whoever only reads. Fails with
 * `store-not-opened` where the database has none, and with `store-schema-newer`.
 */
export async function requireSchema(pool: PostgresPool): Promise<void> {
  const [database, version] = await pool.use('look for the schema', async (session) => {
    const [row] = await session.query('SELECT current_database() AS name');
    return [String(row?.name), await versionOf(session, pool)] as const;
  });
  if (version > 0) return;
  throw new SeriesError(
    'store-not-opened',
    `Cannot read the database ${database}: it has no tables of Skerry in the schema ${pool.schemaName}; wanted a database, postgres.url, and a schema, postgres.schema, in which a writer has been.`,
    { database, schema: pool.schemaName },
  );
}

/** Others make the same schema under locks of their own: whoever comes second waits for the first and is content. */
function makeSchema(schema: string): string {
  return `DO $make$ BEGIN CREATE SCHEMA IF NOT EXISTS ${schema};
    EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $make$`;
}

/** Version of the schema, 0 where there is none. */
async function versionOf(session: PostgresSession, pool: PostgresPool): Promise<number> {
  const [server] = await session.query(
    // by a snapshot of the catalogue: `to_regclass` may remember what it found before the lock was waited for
    `SELECT current_setting('server_version_num')::integer AS version, EXISTS (
       SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relname = 'schema_versions' AND n.nspname = $1) AS "isThere"`,
    [pool.schemaName],
  );
  if (Number(server?.version) < SERVER_VERSION_MIN)
    throw new SeriesError(
      'store-not-opened',
      `Cannot use a server of version ${server?.version}: wanted PostgreSQL 15 or newer.`,
    );
  if (server?.isThere !== true) return 0;
  const [row] = await session.query(`SELECT max(version) AS version FROM ${pool.schema}.schema_versions`);
  const version = Number(row?.version ?? 0);
  if (version > SCHEMA_VERSION)
    throw new SeriesError(
      'store-schema-newer',
      `Cannot use the schema ${pool.schemaName}: its version is ${version}, and this build knows ${SCHEMA_VERSION}; start the newer build.`,
      { found: version, wanted: SCHEMA_VERSION },
    );
  return version;
}

async function missingRoles(session: PostgresSession): Promise<string[]> {
  const rows = await session.query(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regrole(name) IS NULL',
    [ROLE_NAMES],
  );
  return rows.map(({ name }) => String(name));
}

async function placeOf(session: PostgresSession, pool: PostgresPool, from: number): Promise<MigrationPlace> {
  await session.run(MAKE_ROLES);
  const [row] = await session.query(
    `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS "hasExtension",
      current_setting('timescaledb.license', true) AS license,
      (SELECT relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relname = 'points') AS points,
      EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('public.iot_messages') AND relkind IN ('r', 'p')) AS earlier,
      (SELECT count(*) FROM pg_roles WHERE rolname IN ('skerry_writer', 'skerry_reader')) = 2 AS "hasRoles"`,
    [pool.schemaName],
  );
  // what the tables were made as is what they stay, whatever was installed since
  const isTimescale = from === 0 ? row?.hasExtension === true : row?.points === 'r';
  if (isTimescale && row?.license === 'apache')
    throw new SeriesError(
      'store-not-opened',
      `Cannot use TimescaleDB for the schema ${pool.schemaName}: found timescaledb.license apache, wanted timescale, which has compression, continuous aggregates and jobs; or a database without the extension.`,
    );
  const isEarlier = from === 0 && row?.earlier === true;
  if (isEarlier) await session.run('ALTER TABLE public.iot_messages RENAME TO iot_messages_earlier');
  return {
    schema: pool.schema,
    isTimescale,
    earlier: isEarlier ? 'public.iot_messages_earlier' : undefined,
    hasRoles: row?.hasRoles === true,
  };
}
