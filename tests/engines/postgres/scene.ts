import { createMeter, type FailpointHook, noFailpoints, silentLogger } from '@skerry/kernel';
import type { SeriesStore } from '@skerry/series';
import {
  openPostgresPool,
  openPostgresStore,
  type PostgresPool,
  type PostgresPoolOptions,
  type PostgresStoreOptions,
  type SealGroup,
  schemaSql,
} from '@skerry/series/postgres';
import { StepClock, type StoreHarness } from '@skerry/series/testing';
import type { PostgresServer } from '@skerry/testkit/engines';

/** The journal that `aSeal` names. */
export const JOURNAL = '00112233445566778899aabbccddeeff';

/** Lets the loop turn. */
export const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

let schemas = 0;

/** A schema name that no other test of this process has. */
export function aSchema(): string {
  schemas++;
  return `skerry_${process.pid}_${schemas}`;
}

/** A pool of a server, for one schema. */
export function aPool(url: string, schema: string, rest: Partial<PostgresPoolOptions> = {}): PostgresPool {
  return openPostgresPool({ url, schema, ...rest }, { clock: new StepClock(), logger: silentLogger });
}

/** How a test opens a store. */
export interface StoreSetting {
  readonly clock?: StepClock;
  readonly failpoint?: FailpointHook;
  readonly journalId?: string;
  readonly foldMs?: number;
  readonly owner?: string;
  readonly group?: SealGroup;
  readonly retention?: PostgresStoreOptions['retention'];
}

/** A store over a pool; folds whenever it works unless told otherwise. */
export function aStore(
  pool: PostgresPool | PostgresPoolOptions,
  { clock, failpoint, journalId, foldMs, owner, group, retention }: StoreSetting = {},
): Promise<SeriesStore> {
  const source = { journalId: journalId ?? JOURNAL, label: 'iot.telemetry/0' };
  return openPostgresStore(
    {
      pool,
      source,
      owner: owner ?? 'test',
      foldMs: foldMs ?? 0,
      rollMs: foldMs ?? 0,
      ...(group && { group }),
      ...(retention && { retention }),
    },
    {
      clock: clock ?? new StepClock(),
      logger: silentLogger,
      meter: createMeter(),
      failpoint: failpoint ?? noFailpoints,
      breathe,
    },
  );
}

/** Makes a schema as an earlier build had it, with one series of 100 points, one a minute. */
export async function olderSchema(pool: PostgresPool, version: number, isTimescale: boolean): Promise<void> {
  const place = { schema: pool.schema, isTimescale, earlier: undefined, hasRoles: false };
  await pool.use('make an earlier schema', async (session) => {
    await session.run(`CREATE SCHEMA ${pool.schema}`);
    await session.run(
      'CREATE TABLE schema_versions(version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())',
    );
    for (let one = 1; one <= version; one++) {
      await session.run(schemaSql(one, place));
      await session.run(`INSERT INTO schema_versions(version) VALUES (${one})`);
    }
    await session.run(`INSERT INTO sources(id, journal_id, label, epoch, owner, opened)
      VALUES (0, '${JOURNAL}', 'iot.telemetry/0', 1, 'earlier', now());
      INSERT INTO folds(source, epoch) VALUES (0, 1);
      INSERT INTO devices(tenant, project, device) VALUES ('t', 'p', 'd');
      INSERT INTO series(tenant, project, device, metric) VALUES ('t', 'p', 'd', 'm');
      INSERT INTO source_series(source, local, series) SELECT 0, 0, id FROM series`);
    if (!isTimescale) await session.run('SELECT make_day(now()::date)');
    await session.run(`INSERT INTO points(time, series_id, value, source, position, ordinal, received)
      SELECT now() - n * interval '1 minute', s.id, n, 0, n, 0, now() FROM series s, generate_series(1, 100) n`);
  });
}

/** Schemas of a server that no harness has now: making one takes longer than most tests. */
const free: string[] = [];

/** A harness of the compliance suite: an empty schema on one server, opened again by another writer. */
export async function openHarness(server: PostgresServer): Promise<StoreHarness> {
  const schema = free.pop() ?? aSchema();
  const clock = new StepClock();
  const pool = aPool(server.url(), schema, { connectionsMax: 4 });
  let store = await aStore(pool, { clock });
  return {
    clock,
    get store() {
      return store;
    },
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await aStore(pool, { clock });
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
      await server.sql(EMPTY.replaceAll('SCHEMA', schema));
      free.push(schema);
    },
  };
}

const EMPTY = `DO $$ DECLARE names text; BEGIN
  SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO names FROM pg_tables
    WHERE schemaname = 'SCHEMA' AND tablename <> 'schema_versions' AND tablename !~ '_[0-9]{6,8}$';
  EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY';
END $$`;
