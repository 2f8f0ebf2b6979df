import assert from 'node:assert/strict';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nodeClock } from '@skerry/kernel/node';
import type { Seal, SeriesStore } from '@skerry/series';
import { type PostgresPool, SealGroup } from '@skerry/series/postgres';
import { aSeal, hasCode, NOON, type SamplePoint } from '@skerry/series/testing';
import { FaultProxy, runTool, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema, aStore } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const account = {
  tenant: 't1',
  project: 'p1',
  device: 'd1',
  deduplicated: 0,
  filtered: 0,
  deadLettered: 0,
  discarded: 0,
  expired: 0,
  timeCorrected: 0,
  seqResets: 0,
  lastSeenMicros: NOON,
};

/** A seal of ten points of series 1, and as many records stored. */
function tenPoints(number: number): Seal {
  const points: SamplePoint[] = Array.from({ length: 10 }, (_, i) => ({
    series: 1,
    time: NOON + number * 1000 + i,
    value: number,
    offset: number * 100 + i,
    ordinal: 0,
  }));
  return aSeal(number, points, { accounts: [{ ...account, stored: number * 10 }] });
}

function adviceOf(fault: unknown): unknown {
  return fault instanceof Error ? Reflect.get(fault, 'advice') : undefined;
}

/** Seals as the pipeline's sealer does: again and again while the fault says so. Returns how often. */
async function sealUntilDone(store: SeriesStore, seal: Seal): Promise<number> {
  for (let attempts = 1; ; attempts++) {
    try {
      await store.seal(seal);
      return attempts;
    } catch (fault) {
      if (adviceOf(fault) !== 'retry') throw fault;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const countOf = async (schema: string, what = 'count(*)') =>
  await server.sql(`SELECT ${what} FROM "${schema}".points`);

test('openPostgresStore: a writer whose source was taken over is refused, and nothing of it is there', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using first = await aStore(pool, { owner: 'one' });
  await first.load();
  await first.seal(tenPoints(1));
  await using second = await aStore(pool, { owner: 'two' });
  assert.equal((await second.load()).sealNumber, 1);
  await assert.rejects(first.seal(tenPoints(2)), hasCode('store-fenced'));
  await assert.rejects(first.seal(tenPoints(2)), /two has taken it over/);
  await assert.rejects(first.work(), hasCode('store-fenced'));
  await second.seal(tenPoints(2));
  assert.equal(await countOf(schema), '20');
  assert.equal((await second.load()).accounts[0]?.stored, 20);
});

test('openPostgresStore: a writer frozen before its COMMIT is taken over, and its commit is refused when it wakes', async () => {
  const schema = aSchema();
  await using proxy = await FaultProxy.open(server.port);
  const url = `postgres://skerry@127.0.0.1:${proxy.port}/skerry`;
  await using frozen = aPool(url, schema, { idleInTransactionMs: 2_000 });
  await using pool = aPool(server.url(), schema);
  const held = Promise.withResolvers<void>();
  const zombie = await aStore(frozen, {
    owner: 'zombie',
    failpoint: (name) => {
      if (name !== 'seal-before-commit' || !isArmed) return;
      proxy.faults = { stalls: 'to-server' };
      held.resolve();
    },
  });
  let isArmed = false;
  await zombie.load();
  await zombie.seal(tenPoints(1));
  isArmed = true;
  const late = assert.rejects(zombie.seal(tenPoints(2)), hasCode('store-unreachable'));
  await Promise.race([held.promise, late]);
  await using heir = await aStore(pool, { owner: 'heir' });
  assert.equal((await heir.load()).sealNumber, 1);
  await heir.seal({ ...tenPoints(2), telemetryPosition: 181 });
  proxy.faults = {};
  await late;
  await assert.rejects(zombie.seal(tenPoints(2)), hasCode('store-fenced'));
  assert.equal(await countOf(schema), '20');
  assert.equal((await heir.load()).telemetryPosition, 181);
  await zombie[Symbol.asyncDispose]();
});

for (const when of ['before', 'answered'] as const) {
  test(`openPostgresStore: a seal whose connection is cut at COMMIT (${when}) is there once after it was tried again`, async () => {
    const schema = aSchema();
    await using proxy = await FaultProxy.open(server.port);
    await using pool = aPool(`postgres://skerry@127.0.0.1:${proxy.port}/skerry`, schema);
    await using store = await aStore(pool);
    await store.load();
    for (let number = 1; number <= 10; number++) {
      const cut = proxy.cutAt('COMMIT', when);
      await assert.rejects(store.seal(tenPoints(number)), hasCode('store-unreachable'));
      await cut;
      // in the middle of what is cut, the state of a new writer tells how it ended
      const committed = Number(await server.sql(`SELECT seal FROM "${schema}".sources`));
      assert.equal(committed, when === 'answered' ? number : number - 1);
      await store.seal(tenPoints(number));
      if (number % 3 === 0) while (await store.work());
    }
    assert.equal(await countOf(schema), '100');
    assert.equal(await countOf(schema, 'count(DISTINCT (position, ordinal))'), '100');
    const { accounts, sealNumber, latest } = await store.load();
    assert.deepEqual([accounts[0]?.stored, sealNumber, latest[0]?.value], [100, 10, 10]);
  });
}

/** Stores of three journals that seal together. */
async function threeTogether(pool: PostgresPool) {
  const group = new SealGroup(pool, { clock: nodeClock() });
  const journals = ['aa', 'bb', 'cc'].map((one) => one.repeat(16));
  const stores: SeriesStore[] = [];
  for (const journalId of journals) stores.push(await aStore(pool, { group, journalId }));
  for (const store of stores) await store.load();
  return {
    journals,
    stores,
    seals: (number: number) => journals.map((journalId) => ({ ...tenPoints(number), journalId })),
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
    },
  };
}

test('SealGroup: seals that come together are one transaction, and a source that was taken over costs the others nothing', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using three = await threeTogether(pool);
  const { stores, journals, seals } = three;
  const all = (number: number) => Promise.allSettled(seals(number).map((seal, of) => stores[of]?.seal(seal)));
  assert.deepEqual(new Set((await all(1)).map(({ status }) => status)), new Set(['fulfilled']));
  const transactions = (number: number) =>
    server.sql(`SELECT count(DISTINCT xmin::text) FROM "${schema}".seals WHERE seal = ${number}`);
  assert.equal(await transactions(1), '1');
  assert.equal(await countOf(schema, 'count(*), count(DISTINCT source)'), '30|3');
  assert.equal(await server.sql(`SELECT sum(stored) FROM "${schema}".verdicts`), '30');
  await using heir = await aStore(pool, { owner: 'heir', journalId: String(journals[1]) });
  const [first, second, third] = await all(2);
  assert.deepEqual([first?.status, third?.status], ['fulfilled', 'fulfilled']);
  assert.ok(second?.status === 'rejected' && hasCode('store-fenced')(second.reason));
  assert.equal(await transactions(2), '2');
  const of = `SELECT source, count(*) FROM "${schema}".points GROUP BY 1 ORDER BY 1`;
  assert.equal(await server.sql(of), '0|20\n1|10\n2|20');
  assert.equal((await heir.load()).sealNumber, 1);
  await heir.seal({ ...tenPoints(2), journalId: String(journals[1]) });
  assert.equal(await server.sql(of), '0|20\n1|20\n2|20');
});

test('SealGroup: a group whose connection is cut at COMMIT is there once after it was tried again', async () => {
  const schema = aSchema();
  await using proxy = await FaultProxy.open(server.port);
  await using pool = aPool(`postgres://skerry@127.0.0.1:${proxy.port}/skerry`, schema);
  await using three = await threeTogether(pool);
  for (let number = 1; number <= 6; number++) {
    const cut = proxy.cutAt('COMMIT', number % 2 === 0 ? 'answered' : 'before');
    const outcomes = await Promise.allSettled(
      three.seals(number).map((seal, of) => three.stores[of]?.seal(seal)),
    );
    for (const one of outcomes)
      assert.ok(one.status === 'rejected' && hasCode('store-unreachable')(one.reason));
    await cut;
    await Promise.all(three.seals(number).map((seal, of) => three.stores[of]?.seal(seal)));
  }
  assert.equal(await countOf(schema), '180');
  assert.equal(await countOf(schema, 'count(DISTINCT (source, position, ordinal))'), '180');
});

test('openPostgresStore: a fold whose connection is cut at COMMIT is applied once', async () => {
  const schema = aSchema();
  await using proxy = await FaultProxy.open(server.port);
  await using pool = aPool(`postgres://skerry@127.0.0.1:${proxy.port}/skerry`, schema);
  await using store = await aStore(pool);
  await store.load();
  const dedupe = (number: number) => [
    { tenant: 't1', project: 'p1', device: 'd1', count: 1, newestMicros: NOON, bytes: Uint8Array.of(number) },
  ];
  for (let number = 1; number <= 12; number++) {
    await store.seal({ ...tenPoints(number), dedupe: dedupe(number) });
    for (const when of ['before', 'answered'] as const) {
      const cut = proxy.cutAt('COMMIT', when);
      await assert.rejects(store.work(), hasCode('store-unreachable'));
      await cut;
    }
    while (await store.work());
  }
  const rolled = `SELECT step, sum(count) FROM "${schema}".rollups GROUP BY 1 ORDER BY 1`;
  assert.equal(await server.sql(rolled), '60|120\n3600|120\n86400|120');
  await using next = await aStore(pool);
  const numbers = (await next.load()).dedupe.map(({ bytes }) => bytes[0]);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('openPostgresStore: a crash of the server in the middle of seals loses nothing that was acknowledged and doubles nothing', async () => {
  const schema = aSchema();
  await using crashing = await startPostgres();
  await using pool = aPool(crashing.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  let acknowledged = 0;
  let repeated = 0;
  const crashes = (async () => {
    for (let crash = 1; crash <= 4; crash++) {
      await until('some seals', () => acknowledged >= crash * 15);
      await crashing.crash();
      const before = acknowledged;
      await crashing.restart();
      const held = Number(await crashing.sql(`SELECT seal FROM "${schema}".sources`));
      assert.ok(held >= before, `${held} seals are there, ${before} were acknowledged`);
    }
  })();
  for (let number = 1; number <= 80; number++) {
    repeated += (await sealUntilDone(store, tenPoints(number))) - 1;
    acknowledged = number;
    if (number % 7 === 0)
      await store.work().catch((fault: unknown) => {
        if (adviceOf(fault) !== 'retry') throw fault; // a fault of its own, and to be read
      });
  }
  await crashes;
  assert.ok(repeated > 0, 'no seal met a crash');
  const sums = `SELECT count(*), count(DISTINCT (position, ordinal)), max(value) FROM "${schema}".points`;
  assert.equal(await crashing.sql(sums), '800|800|80');
  await using next = await aStore(pool);
  assert.equal((await next.load()).accounts[0]?.stored, 800);
});

test('openPostgresStore: a server set to read only is told in words, and the seal goes on when it is not', async () => {
  const schema = aSchema();
  await using own = await startPostgres();
  await using pool = aPool(own.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await store.seal(tenPoints(1));
  const set = (onOff: string) =>
    own
      .sql(`ALTER SYSTEM SET default_transaction_read_only = ${onOff}`)
      .then(() => own.sql('SELECT pg_reload_conf()'));
  await set('on');
  await until('the setting', async () => (await own.sql('SHOW default_transaction_read_only')) === 'on');
  await assert.rejects(store.seal(tenPoints(2)), (fault) => {
    assert.match(String(fault), /takes no writes|read-only transaction.*end default_transaction_read_only/);
    return hasCode('store-on-standby')(fault) && adviceOf(fault) === 'retry';
  });
  await set('off');
  await until('the setting', async () => (await own.sql('SHOW default_transaction_read_only')) === 'off');
  await sealUntilDone(store, tenPoints(2));
  assert.equal(await own.sql(`SELECT count(*) FROM "${schema}".points`), '20');
});

test('openPostgresStore: of several hosts the one that takes writes is used, and another after a failover', async () => {
  const schema = aSchema();
  await using primary = await startPostgres({ standby: 'synchronous' });
  const { standby } = primary;
  assert.ok(standby);
  const hosts = [standby, primary].map(({ port }) => `127.0.0.1:${port}`).join(',');
  const url = `postgres://skerry@${hosts}/skerry?target_session_attrs=read-write`;
  await using pool = aPool(url, schema, { connectMs: 2000 });
  await using store = await aStore(pool);
  await store.load();
  await store.seal(tenPoints(1));
  await primary.kill();
  await assert.rejects(store.seal(tenPoints(2)), (fault) => adviceOf(fault) === 'retry');
  await standby.promote();
  await standby.sql(`ALTER SYSTEM SET synchronous_standby_names = ''`);
  await standby.sql('SELECT pg_reload_conf()');
  await sealUntilDone(store, tenPoints(2));
  assert.equal(await standby.sql(`SELECT count(*) FROM "${schema}".points`), '20');
});

test('openPostgresStore: a server that is away, without the database, or without a free connection is told in words', async () => {
  const gone = aPool('postgres://skerry@127.0.0.1:1/skerry', aSchema(), { connectMs: 1000 });
  await assert.rejects(aStore(gone), (fault) => {
    assert.match(String(fault), /127\.0\.0\.1:1\/skerry: .*ECONNREFUSED.*whether the server runs/);
    return hasCode('store-unreachable')(fault);
  });
  const none = aPool(server.url('nowhere'), aSchema());
  await assert.rejects(aStore(none), hasCode('store-not-opened'));
  await server.sql('CREATE ROLE narrow LOGIN CONNECTION LIMIT 0');
  const narrow = aPool(`postgres://narrow@127.0.0.1:${server.port}/skerry`, aSchema());
  await assert.rejects(aStore(narrow), hasCode('store-connections-full'));
});

test('openPostgresStore: a server that is down for a long time costs nothing but time: seal, fold and questions go on when it is back', async () => {
  const schema = aSchema();
  await using own = await startPostgres();
  await using pool = aPool(own.url(), schema, { connectMs: 1_000 });
  await using store = await aStore(pool);
  await store.load();
  for (let number = 1; number <= 3; number++) await store.seal(tenPoints(number));
  await own.stop();
  const isAway = (fault: unknown) => hasCode('store-unreachable')(fault) && adviceOf(fault) === 'retry';
  // what a pipeline does in half an hour, without its pauses
  for (let attempt = 0; attempt < 60; attempt++) {
    await assert.rejects(store.seal(tenPoints(4)), isAway);
    if (attempt % 10 === 0) await assert.rejects(store.work(), isAway);
  }
  assert.deepEqual(pool.figures(), { used: 0, idle: 0, waiting: 0 }, 'connections are left over');
  await assert.rejects(aStore(pool, { owner: 'heir' }), isAway);
  await own.restart();
  await sealUntilDone(store, tenPoints(4));
  while (await store.work());
  assert.equal(
    await own.sql(`SELECT count(*), count(DISTINCT (position, ordinal)) FROM "${schema}".points`),
    '40|40',
  );
  assert.equal((await store.load()).accounts[0]?.stored, 40);
});

test('openPostgresStore: a seal that finds no free connection is tried again, and goes in when there is one', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema, { connectionsMax: 1, connectMs: 2_000 });
  await using store = await aStore(pool);
  await store.load();
  await pool.use('hold the connection', async () => {
    await assert.rejects(store.seal(tenPoints(1)), (fault) => {
      assert.match(String(fault), /raise max_connections of the server or lower postgres\.pool/);
      return hasCode('store-connections-full')(fault) && adviceOf(fault) === 'retry';
    });
  });
  await store.seal(tenPoints(1));
  assert.equal(await countOf(schema), '10');
});

test('openPostgresPool: a deadlock, a serialization failure, a lock and a statement that take too long are told by their codes, and can be tried again', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema, { statementMs: 2_000 });
  await server.sql(
    'CREATE TABLE contended(id integer PRIMARY KEY, n integer); INSERT INTO contended VALUES (1, 0), (2, 0)',
  );
  const add = (id: number) => `UPDATE public.contended SET n = n + 1 WHERE id = ${id}`;
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const crossing = [
    [1, 2],
    [2, 1],
  ].map(([one = 0, other = 0], i) =>
    pool.transact('cross', async (session) => {
      await session.run(add(one));
      both[i]?.resolve();
      await Promise.all(both.map(({ promise }) => promise));
      await session.run(add(other));
    }),
  );
  const ends = await Promise.allSettled(crossing);
  const lost = ends.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  assert.equal(lost.length, 1, 'one of the two is given up');
  const isCode = (state: string, code: 'store-contended' | 'deadline-passed') => (fault: unknown) => {
    assert.equal(adviceOf(fault), 'retry');
    assert.equal((fault as { facts?: { state?: string } }).facts?.state, state);
    return hasCode(code)(fault);
  };
  assert.ok(isCode('40P01', 'store-contended')(lost[0]));
  const serial = pool.transact('count', async (session) => {
    await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.query('SELECT n FROM public.contended');
    await server.sql(add(1));
    await session.run(add(1));
  });
  await assert.rejects(serial, isCode('40001', 'store-contended'));
  const waiting = pool.transact('hold a row', async (session) => {
    await session.run(add(1));
    await assert.rejects(
      pool.use('wait for it', async (other) => {
        await other.run('SET lock_timeout = 100');
        await other.run(add(1));
      }),
      isCode('55P03', 'store-contended'),
    );
  });
  await waiting;
  await assert.rejects(
    pool.use('take long', (session) => session.query('SELECT pg_sleep(30)')),
    isCode('57014', 'deadline-passed'),
  );
});

test('openPostgresPool: a question has the time that it is given, also where statements have less', async () => {
  await using pool = aPool(server.url(), aSchema(), { statementMs: 200 });
  const asked = (ms: number) =>
    pool.read('ask', ms, (session) => session.query('SELECT pg_sleep(5.6), 7 AS seven'));
  const [answer] = await asked(60_000);
  assert.equal(answer?.seven, 7);
  await assert.rejects(asked(300), hasCode('deadline-passed'));
  await assert.rejects(
    pool.use('ask', (session) => session.query('SELECT pg_sleep(5.6)')),
    hasCode('deadline-passed'),
  );
});

test('openPostgresStore: a full disk is told in words, and the same seal goes in when there is room', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'skerry-full-'));
  await runTool('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
  t.after(async () => {
    await runTool('umount', [folder]);
    await rm(folder, { recursive: true });
  });
  await using own = await startPostgres();
  await chown(folder, ...(await ownerOf(own)));
  await own.sql(`CREATE TABLESPACE narrow LOCATION '${folder}'`);
  await own.sql(`ALTER ROLE skerry SET default_tablespace = narrow`);
  const schema = aSchema();
  await using pool = aPool(own.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await own.sql('CREATE TABLE filler(x text) TABLESPACE narrow');
  await own.sql('ALTER TABLE filler ALTER x SET STORAGE PLAIN');
  await store.seal(tenPoints(1));
  const fill = `INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, 400)`;
  await assert.rejects(async () => {
    for (;;) await own.sql(fill);
  }, /No space left on device/);
  const large = (number: number) =>
    aSeal(
      number,
      Array.from({ length: 50_000 }, (_, i) => ({
        series: 1,
        time: NOON + i,
        value: i,
        offset: number * 100_000 + i,
        ordinal: 0,
      })),
    );
  await assert.rejects(store.seal(large(2)), (fault) => {
    assert.match(String(fault), /No space left on device; free space for the server/);
    return hasCode('store-full')(fault) && adviceOf(fault) === 'retry';
  });
  assert.equal(await own.sql(`SELECT count(*) FROM "${schema}".points`), '10');
  await own.sql('DROP TABLE filler');
  await store.seal(large(2));
  assert.equal(await own.sql(`SELECT count(*) FROM "${schema}".points`), '50010');
});

/** The user and group that a server runs as. */
async function ownerOf(own: { readonly pids: readonly number[] }): Promise<[number, number]> {
  const { uid, gid } = await stat(`/proc/${own.pids[0]}`);
  return [uid, gid];
}
