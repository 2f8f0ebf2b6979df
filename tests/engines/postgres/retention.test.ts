// What is kept how long on PostgreSQL alone: policies, days that nobody rolls up, and schemas from before them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { type PostgresPool, SCHEMA_VERSION, setRetention } from '@skerry/series/postgres';
import { aSeal, NOON, type SamplePoint, StepClock, workAll } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema, aStore } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const DAY = 86_400_000_000;
const OTHER = 'ff112233445566778899aabbccddeeff';
const point = (value: number, time = NOON + value): SamplePoint => ({
  series: 1,
  time,
  value,
  offset: value,
  ordinal: 0,
});

test('openPostgresStore: what is kept how long is written down, and changes with the next writer', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  const kept = () =>
    server.sql(`SELECT raw_days, rollup_days, chunk_hours, compress_days FROM "${schema}".retention`);
  await using first = await aStore(pool);
  assert.equal(await kept(), '3|90|24|0');
  const long = { rawDays: 90, rollupDays: 90, chunkHours: 12, compressAfterDays: 7 };
  await using second = await aStore(pool, { journalId: OTHER, retention: long });
  assert.equal(await kept(), '90|90|12|7');
  const changed = () => server.sql(`SELECT changed FROM "${schema}".retention`);
  const before = await changed();
  await Promise.all(Array.from({ length: 5 }, () => setRetention(pool, long, silentLogger)));
  assert.equal(await changed(), before, 'nothing was to be done');
  await server.sql('CREATE ROLE keeping LOGIN; GRANT skerry_writer TO keeping');
  await using narrow = aPool(`postgres://keeping@127.0.0.1:${server.port}/skerry`, schema);
  await setRetention(narrow, { ...long, rawDays: 91, rollupDays: 91 }, silentLogger);
  assert.equal(await kept(), '91|91|12|7');
  await first.load();
  await second.load();
});

test('openPostgresStore: rollups are shown by minute, hour and day, and what was late counts in its own', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await store.seal(aSeal(1, [point(1, NOON), point(2, NOON + 30_000_000), point(3, NOON + DAY)]));
  await store.seal(aSeal(2, [point(9, NOON + 59_000_000)]));
  await workAll(store);
  const of = (view: string) =>
    server.sql(`SELECT to_char(time AT TIME ZONE 'UTC', 'DD HH24:MI'), count, min, max, sum, first, last
      FROM "${schema}".${view} ORDER BY time`);
  const rows = ['3|1|9|12|1|9', '1|3|3|3|3|3'];
  assert.deepEqual((await of('telemetry_minutes')).split('\n'), [
    `24 10:00|${rows[0]}`,
    `25 10:00|${rows[1]}`,
  ]);
  assert.deepEqual((await of('telemetry_hours')).split('\n'), [`24 10:00|${rows[0]}`, `25 10:00|${rows[1]}`]);
  assert.deepEqual((await of('telemetry_days')).split('\n'), [`24 00:00|${rows[0]}`, `25 00:00|${rows[1]}`]);
});

test('openPostgresStore: the largest double, which devices send for no value, keeps no rollup, view or retention from its work', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  const most = Number.MAX_VALUE;
  const values = [[most, most, 1], [most], [2, 5e-324], [-most, 3], [1e300]];
  const marked = (number: number) =>
    (values[number - 1] ?? []).map((value, i) => ({
      series: 1,
      time: NOON + number * 1_000 + i,
      value,
      offset: number * 10 + i,
      ordinal: 0,
    }));
  const filled = async (journalId: string, isSummed: boolean) => {
    await using store = await aStore(pool, { journalId });
    await store.load();
    for (const number of [1, 2, 3, 4, 5]) {
      await store.seal(aSeal(number, marked(number), { journalId }));
      if (isSummed) await workAll(store);
    }
  };
  await filled(OTHER, true);
  const read = 'ee'.repeat(16);
  await filled(read, false);
  await using afterwards = await aStore(pool, { journalId: read });
  await afterwards.load();
  await workAll(afterwards);
  const sums = (source: number) =>
    server.sql(
      `SELECT step, count, min, max, sum FROM "${schema}".rollups WHERE source = ${source} ORDER BY step`,
    );
  // added one seal after the other; and of the points themselves at once
  const [onTheWay, atOnce] = [await sums(0), await sums(1)];
  for (const one of [...onTheWay.split('\n'), ...atOnce.split('\n')])
    assert.match(one, /^(60|3600|86400)\|9\|-1\.7976931348623157e\+308\|1\.7976931348623157e\+308\|/);
  assert.deepEqual(
    onTheWay.split('\n').map((row) => row.split('|').at(-1)),
    Array(3).fill('1e+300'),
    'it ends at the largest at each step',
  );
  assert.deepEqual(
    atOnce.split('\n').map((row) => row.split('|').at(-1)),
    Array(3).fill('1.7976931348623157e+308'),
  );
  for (const view of ['telemetry_minutes', 'telemetry_hours', 'telemetry_days'])
    assert.equal(
      await server.sql(`SELECT count, sum FROM "${schema}".${view}`),
      '18|1.7976931348623157e+308',
    );
  const lag = `SELECT count(*) FROM "${schema}".sources s JOIN "${schema}".folds f ON f.source = s.id
    WHERE s.seal > f.rolled_seal`;
  assert.equal(await server.sql(lag), '0', 'no source keeps days from going');
});

test('openPostgresStore: a source that nothing comes of any more is rolled up in time', async () => {
  const schema = aSchema();
  const clock = new StepClock();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool, { clock, foldMs: 600_000 });
  await store.load();
  const rolled = () => server.sql(`SELECT rolled_seal FROM "${schema}".folds`);
  for (let number = 1; number <= 2; number++) {
    await store.seal(aSeal(number, [point(number)]));
    await workAll(store);
  }
  assert.equal(await rolled(), '1', 'more may come');
  clock.advance(600_001);
  await workAll(store);
  assert.equal(await rolled(), '2');
});

test('openPostgresStore: a source that nobody writes keeps no days from going: others roll it up', async () => {
  const schema = aSchema();
  const clock = new StepClock();
  await using pool = aPool(server.url(), schema);
  const left = await aStore(pool, { clock, journalId: OTHER, foldMs: 1e9 });
  await left.load();
  for (let number = 1; number <= 3; number++)
    await left.seal(aSeal(number, [point(number)], { journalId: OTHER }));
  await left[Symbol.asyncDispose]();
  await using store = await aStore(pool, { clock });
  await store.load();
  const days = async () =>
    Number(await server.sql(`SELECT count(DISTINCT tableoid) FROM "${schema}".points`));
  const live = async (number: number, logTimeMicros: number) => {
    await store.seal(aSeal(number, [point(number + 10, logTimeMicros)], { logTimeMicros }));
    clock.advance(3_600_000);
    await workAll(store);
  };
  for (let number = 1; number <= 6; number++) await live(number, NOON + number * DAY);
  assert.equal(await server.sql(`SELECT sum(count) FROM "${schema}".rollups WHERE source = 0`), '');
  assert.equal(await days(), 7, 'the first day waits for what was not rolled up');
  await server.sql(`UPDATE "${schema}".sources SET sealed = now() - interval '2 days' WHERE id = 0`);
  await live(7, NOON + 6 * DAY + 1);
  await live(8, NOON + 6 * DAY + 2);
  assert.equal(
    await server.sql(`SELECT sum(count) FROM "${schema}".rollups WHERE source = 0 AND step = 60`),
    '3',
  );
  assert.ok((await days()) < 7, 'nothing goes');
  await using back = await aStore(pool, { clock, journalId: OTHER });
  await back.load();
  await back.seal(aSeal(4, [point(40, NOON + 6 * DAY)], { journalId: OTHER, logTimeMicros: NOON + 6 * DAY }));
  await workAll(back);
  assert.equal(
    await server.sql(`SELECT sum(count) FROM "${schema}".rollups WHERE source = 0 AND step = 60`),
    '4',
  );
});

/** Has a table as a backup does, until disposed of. */
async function aHolder(pool: PostgresPool, tables: string): Promise<AsyncDisposable> {
  const held = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const done = pool.transact('hold tables', async (session) => {
    await session.run(`LOCK TABLE ${tables} IN ACCESS SHARE MODE`);
    held.resolve();
    await over.promise;
  });
  await Promise.race([held.promise, done]);
  return {
    [Symbol.asyncDispose]: async () => {
      over.resolve();
      await done;
    },
  };
}

test('openPostgresStore: a day that is due holds up nobody while somebody has the table, and goes when it is free', async () => {
  const schema = aSchema();
  const clock = new StepClock();
  await using pool = aPool(server.url(), schema, {
    applicationName: 'nightly backup',
    idleInTransactionMs: 600_000,
  });
  await using store = await aStore(pool, { clock });
  await store.load();
  for (let number = 1; number <= 5; number++) {
    const logTimeMicros = NOON + number * DAY;
    await store.seal(aSeal(number, [point(number, logTimeMicros)], { logTimeMicros }));
    if (number === 5) break;
    clock.advance(3_600_000);
    await workAll(store);
  }
  const partition = `to_regclass('"${schema}".points_20261125')`;
  const waits = () => server.sql(`SELECT parent, refused FROM "${schema}".drop_waits`);
  const work = async () => {
    clock.advance(3_600_000);
    await workAll(store);
  };
  /** As a process that comes new: what it knows of the tables it has to ask for. */
  const useTable = async () => {
    await using fresh = aPool(server.url(), schema, { statementMs: 3_000 });
    await fresh.use('read', (session) => session.query('SELECT count(*) FROM points'));
    await fresh.use('write', (session) =>
      session.run('INSERT INTO points_20261130 SELECT * FROM points WHERE false'),
    );
  };
  await server.sql(`SELECT "${schema}".make_day('2026-11-30')`);
  {
    await using _ = await aHolder(pool, 'points, rollups');
    let isOver = false;
    const working = work().finally(() => {
      isOver = true;
    });
    let uses = 0;
    for (; !isOver || uses < 3; uses++) await useTable();
    await working;
    assert.equal(await waits(), 'points|1');
    await work();
    assert.equal(await waits(), 'points|1', 'nobody tries before it is time');
    await server.sql(`UPDATE "${schema}".drop_waits SET until = now()`);
    await work();
    assert.equal(await waits(), 'points|2');
    const twoMinutes = `SELECT until > now() + interval '100 s' FROM "${schema}".drop_waits`;
    assert.equal(await server.sql(twoMinutes), 't');
    assert.equal(await server.sql(`SELECT "${schema}".drop_month('2026-11-01')`), 'held');
    assert.equal(await server.sql(`SELECT "${schema}".drop_month('2026-11-01')`), 'waiting');
    assert.equal(await server.sql(`SELECT ${partition} IS NOT NULL`), 't');
  }
  await server.sql(`UPDATE "${schema}".drop_waits SET until = now()`);
  await work();
  assert.equal(await server.sql(`SELECT ${partition} IS NULL`), 't');
  assert.equal(await server.sql(`SELECT "${schema}".drop_month('2026-11-01')`), 'dropped');
  assert.equal(await waits(), '');
});

test('openPostgresStore: a schema from before keeps its points, and leaves a table iot_messages that came since alone', async () => {
  const database = `upgrade_${process.pid}`;
  await server.sql(`CREATE DATABASE ${database}`);
  const sql = (text: string) => server.sql(text, database);
  await using pool = aPool(server.url(database), 'skerry');
  {
    await using store = await aStore(pool);
    await store.load();
    await store.seal(aSeal(1, [point(1)]));
    await workAll(store);
  }
  await sql(`DELETE FROM skerry.schema_versions WHERE version >= 5;
    DROP VIEW skerry.telemetry_minutes, skerry.telemetry_hours, skerry.telemetry_days;
    DROP FUNCTION skerry.set_retention, skerry.has_retention; DROP TABLE skerry.retention, skerry.drop_waits;
    DROP FUNCTION skerry.may_drop, skerry.put_off_drop, skerry.drop_partition, skerry.grant_roles;
    ALTER TABLE skerry.seals DROP low, DROP high;
    CREATE TABLE public.iot_messages(time timestamptz)`);
  await sql(`UPDATE skerry.folds SET rolled_seal = 0, rolled = 'epoch'; TRUNCATE skerry.rollups`);
  await using again = await aStore(pool, { owner: 'again' });
  assert.equal((await again.load()).sealNumber, 1);
  await workAll(again);
  assert.equal(await sql('SELECT max(version) FROM skerry.schema_versions'), String(SCHEMA_VERSION));
  assert.equal(await sql('SELECT raw_days FROM skerry.retention'), '3');
  assert.equal(await sql(`SELECT relkind FROM pg_class WHERE oid = 'public.iot_messages'::regclass`), 'r');
  assert.equal(await sql('SELECT count(*) FROM skerry.telemetry_minutes'), '1');
});
