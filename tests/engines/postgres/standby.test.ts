// Reads of a real standby: how old an answer may be, and who answers when that cannot be known.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Item } from '@skerry/access';
import { openPostgresAccessStore, openPostgresAuditBook } from '@skerry/access/postgres';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import {
  openPostgresPool,
  openPostgresReadings,
  type PostgresSession,
  StandbyReads,
} from '@skerry/series/postgres';
import { aSeal, hasCode, NOON, workAll } from '@skerry/series/testing';
import { FaultProxy, type PostgresServer, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema, aStore, breathe } from './scene.ts';

const STALE_MS = 2_000;
const server = await startPostgres({ standby: true });
after(() => server[Symbol.asyncDispose]());
const standby = server.standby as PostgresServer; // it was asked for
const clock = nodeClock();

/** A primary's pool with reads of a standby beside it. */
function aScene({ standbyUrl = standby.url(), primaryUrl = server.url(), staleMs = STALE_MS } = {}) {
  const needs = { clock, logger: silentLogger };
  const stack = new AsyncDisposableStack();
  const options = { url: primaryUrl, schema: aSchema(), connectMs: 1_000 };
  const primary = stack.use(openPostgresPool(options, needs));
  const meter = createMeter();
  const reads = stack.use(
    new StandbyReads(
      { primary: options, standby: { ...options, url: standbyUrl }, staleMs },
      { ...needs, primary, meter },
    ),
  );
  const answered = (server: string) =>
    meter
      .snapshot()
      .find(({ name }) => name === 'iot_postgres_reads_total')
      ?.samples.find((one) => one.labels.server === server)?.value ?? 0;
  return { primary, reads, answered, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const isStandby = async (session: PostgresSession) =>
  (await session.query('SELECT pg_is_in_recovery() AS it'))[0]?.it === true;
const answersFrom = (reads: StandbyReads, who: boolean) =>
  until(`the ${who ? 'standby' : 'primary'} to answer`, async () => reads.state().isStandby === who);
const where = (reads: StandbyReads) => reads.read('ask who it is', 10_000, isStandby);

test('openPostgresAccessStore, openPostgresAuditBook: of several hosts the one that takes writes is used', async () => {
  const hosts = ['127.0.0.1:1', ...[standby, server].map(({ port }) => `127.0.0.1:${port}`)].join(',');
  const options = { url: `postgres://skerry@${hosts}/skerry`, schema: aSchema() };
  await using store = await openPostgresAccessStore(options);
  await using audit = await openPostgresAuditBook(options, { clock, logger: silentLogger });
  assert.equal(await store.count('User'), 0);
  assert.ok(audit);
  const tables = `SELECT count(*) FROM pg_tables WHERE schemaname = '${options.schema}'`;
  assert.ok(Number(await server.sql(tables)) > 1);
  const away = { ...options, url: `postgres://skerry@127.0.0.1:1,127.0.0.1:${standby.port}/skerry` };
  await assert.rejects(openPostgresAccessStore(away), /it takes no writes/);
});

test('openPostgresPool, openPostgresAccessStore: of two hosts one that becomes read-only and cuts nothing is left', async () => {
  const schema = aSchema();
  await using first = await startPostgres();
  const hosts = [first, server].map(({ port }) => `127.0.0.1:${port}`).join(',');
  const url = `postgres://skerry@${hosts}/skerry?target_session_attrs=read-write`;
  await using pool = aPool(url, schema);
  await using store = await openPostgresAccessStore({ url, schema });
  await using _ = await openPostgresAccessStore({ url: server.url(), schema });
  for (const one of [first, server]) await one.sql('CREATE TABLE marks(step integer)');
  const item = (name: string): Item<'SignInCode'> => ({
    kind: 'SignInCode',
    name,
    secret: '',
    usedMicros: 1,
    document: {
      apiVersion: 'skerry.dev/v1alpha1',
      kind: 'SignInCode',
      metadata: { name, createdMicros: 1 },
      spec: { user: 'ann', expiresMicros: 2 },
    },
  });
  const create = (name: string) => store.create(item(name));
  const write = () => pool.use('write', (one) => one.run('INSERT INTO public.marks VALUES (1)'));
  // several connections to the first host, all of them idle then
  await Promise.all([write(), write(), write(), create('a'), create('b'), create('c')]);
  const set = `ALTER SYSTEM SET default_transaction_read_only = `;
  await first.sql(`${set}on`);
  await first.sql('SELECT pg_reload_conf()');
  await until('the setting', async () => (await first.sql('SHOW transaction_read_only')) === 'on');
  await assert.rejects(write(), hasCode('store-on-standby'));
  assert.equal(await write(), 1);
  assert.deepEqual(await Promise.all([write(), write(), write()]), [1, 1, 1]);
  assert.deepEqual(await Promise.all(['d', 'e', 'f'].map(create)), [true, true, true]);
  assert.equal(await server.sql('SELECT count(*) FROM marks'), '4');
  assert.equal(
    await server.sql(`SELECT string_agg(name, ' ' ORDER BY name) FROM ${schema}.access_items`),
    'd e f',
  );
});

test('StandbyReads: a standby that stops replaying is left within the bound, no answer is older, and it is asked again when it has caught up', async () => {
  await using scene = aScene();
  const { reads, answered } = scene;
  await server.sql('CREATE TABLE steps(step integer)');
  await answersFrom(reads, true);
  assert.equal(await where(reads), true);
  await standby.sql('SELECT pg_wal_replay_pause()');
  const committed: { step: number; atMs: number }[] = [];
  let oldest = 0;
  for (let step = 1; step < 20 || (reads.state().isStandby && step < 400); step++) {
    await server.sql(`INSERT INTO steps VALUES (${step})`);
    committed.push({ step, atMs: clock.monotonicMs() });
    const askedMs = clock.monotonicMs();
    const seen = await reads.read('read the newest step', 10_000, async (session) => {
      const [row] = await session.query('SELECT coalesce(max(step), 0) AS step FROM public.steps');
      return Number(row?.step);
    });
    const due = committed.findLast(({ atMs }) => atMs <= askedMs - STALE_MS)?.step ?? 0;
    assert.ok(seen >= due, `step ${due} was committed ${STALE_MS} ms before, and step ${seen} is seen`);
    oldest = Math.max(oldest, step - seen);
  }
  assert.ok(oldest > 0, 'no answer was behind: the standby was not asked while it did not replay');
  const { trouble } = reads.state();
  assert.equal(trouble?.code, 'standby-behind');
  assert.match(
    String(trouble?.detail),
    /not known to have what was committed \d+\.\d s ago, and postgres\.readStaleSecs allows 2\.0 s; the primary answers/,
  );
  assert.equal(await where(reads), false);
  assert.ok(answered('primary') > 0 && answered('standby') > 0);
  await standby.sql('SELECT pg_wal_replay_resume()');
  await answersFrom(reads, true);
  assert.equal(await where(reads), true);
  assert.equal(reads.state().trouble, undefined);
});

test('StandbyReads: a standby that is away, and one that comes back, change who answers and nothing else', async () => {
  await using scene = aScene();
  const { reads } = scene;
  await answersFrom(reads, true);
  await standby.kill();
  assert.equal(await where(reads), false, 'the question that finds it gone is answered too');
  await answersFrom(reads, false);
  assert.equal(reads.state().trouble?.code, 'standby-away');
  assert.match(
    String(reads.state().trouble?.detail),
    new RegExp(`127\\.0\\.0\\.1:${standby.port}/skerry.*The primary answers`),
  );
  await standby.restart();
  await answersFrom(reads, true);
});

test('StandbyReads: a question that waits for a standby which answers no more is answered by the primary', async () => {
  await using proxy = await FaultProxy.open(standby.port);
  await using scene = aScene({ standbyUrl: `postgres://skerry@127.0.0.1:${proxy.port}/skerry` });
  const { reads } = scene;
  await answersFrom(reads, true);
  proxy.faults = { stalls: 'to-client' };
  assert.equal(await where(reads), false);
  proxy.faults = {};
  await answersFrom(reads, true);
});

test('StandbyReads: without the primary the standby answers up to the bound, and then nobody does', async () => {
  await using proxy = await FaultProxy.open(server.port);
  const primaryUrl = `postgres://skerry@127.0.0.1:${proxy.port}/skerry`;
  await using scene = aScene({ primaryUrl, staleMs: 5_000 });
  const { reads } = scene;
  await answersFrom(reads, true);
  await proxy[Symbol.asyncDispose]();
  assert.equal(await where(reads), true);
  await answersFrom(reads, false);
  await assert.rejects(where(reads), hasCode('store-unreachable'));
});

test('StandbyReads: a server that takes writes is no standby, whatever it holds', async () => {
  await using scene = aScene({ standbyUrl: `${server.url()}?target_session_attrs=read-write` });
  const { reads } = scene;
  await until('it to be looked at', async () => reads.state().trouble?.code === 'standby-foreign');
  assert.match(String(reads.state().trouble?.detail), /is no standby: it takes writes/);
  assert.equal(await where(reads), false);
});

test('StandbyReads: a question that is refused is not asked twice', async () => {
  await using scene = aScene();
  const { reads } = scene;
  await answersFrom(reads, true);
  await where(reads); // a connection is there
  let asked = 0;
  const late = reads.read('wait', 500, async (session) => {
    asked++;
    await session.query('SELECT pg_sleep(5)');
  });
  await assert.rejects(late, hasCode('deadline-passed'));
  assert.equal(asked, 1);
});

test('openPostgresReadings: devices and points come from the standby, what is decided by from the primary', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using ofStandby = aPool(`${standby.url()}?target_session_attrs=any`, schema);
  await using store = await aStore(pool);
  await store.load();
  const points = [{ series: 1, time: NOON, value: 4, offset: 1, ordinal: 0 }];
  await store.seal(aSeal(1, points));
  await workAll(store);
  await until(
    'the standby to have it',
    async () =>
      (await standby.sql(`SELECT to_regclass('"${schema}".points') IS NOT NULL`)) === 't' &&
      (await standby.sql(`SELECT seal FROM "${schema}".folds`)) === '1',
  );
  const asked: string[] = [];
  const spied: Pick<typeof pool, 'read'> = {
    read: (action, deadlineMs, work) => {
      asked.push(action);
      return ofStandby.read(action, deadlineMs, work);
    },
  };
  const readings = openPostgresReadings(pool, { clock, breathe, standby: spied });
  const key = { tenant: 't1', project: 'p1', device: 'd1' };
  assert.equal((await readings.latest(key))?.find(({ metric }) => metric === 'm1')?.value, 4);
  const shape = { kind: 'raw', after: undefined, limit: 10, newestFirst: false } as const;
  const page = await readings.points({
    series: { ...key, metric: 'm1' },
    fromMicros: 0,
    toMicros: 2 * NOON,
    shape,
    deadlineMs: 10_000,
  });
  assert.ok(page?.kind === 'points');
  assert.deepEqual([...page.values], [4]);
  assert.deepEqual(asked, ['read newest values', 'answer a query']);
  await readings.ledger();
  await readings.deadLetters({ limit: 1 });
  await readings.sources();
  assert.equal(asked.length, 2, 'the ledger, dead letters and positions are asked of the primary');
});
