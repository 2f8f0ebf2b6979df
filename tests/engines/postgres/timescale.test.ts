// TimescaleDB: its statements against a golden file everywhere; everything else against the server that
// SKERRY_TIMESCALE_URL names, as a superuser of an empty database.
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import type { BucketPage, PointPage, SeriesStore } from '@skerry/series';
import {
  migrate,
  type PostgresPool,
  type Row,
  SCHEMA_VERSION,
  schemaSql,
  setRetention,
} from '@skerry/series/postgres';
import {
  aSeal,
  hasCode,
  type SamplePoint,
  StepClock,
  testSeriesStore,
  workAll,
} from '@skerry/series/testing';
import { until } from '../../e2e/condition.ts';
import { runDoctor } from '../monitoring/doctor-line.ts';
import { aPool, aSchema, aStore, olderSchema } from './scene.ts';

const url = process.env.SKERRY_TIMESCALE_URL;
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const SHORT = { rawDays: 3, rollupDays: 90, chunkHours: 24, compressAfterDays: 0 };
const LONG = { rawDays: 90, rollupDays: 90, chunkHours: 12, compressAfterDays: 7 };

test('schemaSql for TimescaleDB is what golden-timescale.sql says', () => {
  const place = { schema: '"skerry"', isTimescale: true, earlier: undefined, hasRoles: true };
  const versions = Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1);
  const made = versions.map((one) => `-- version ${one}\n${schemaSql(one, place).trim()}\n`).join('\n');
  const golden = readFileSync(new URL('./golden-timescale.sql', import.meta.url), 'utf8');
  assert.equal(made, golden);
  assert.match(golden, /create_hypertable\('points', 'time', chunk_time_interval => interval '1 day'/);
  assert.match(golden, /timescaledb\.compress_segmentby = 'series_id'/);
  for (const width of ['1 minute', '1 hour', '1 day'])
    assert.ok(golden.includes(`time_bucket(interval '${width}', `), width);
});

if (url !== undefined) againstReal(url);

/** A schema of its own with what it takes to look into it; disposing removes it. */
async function aScene(address: string, retention = SHORT) {
  const stack = new AsyncDisposableStack();
  const pool = stack.use(aPool(address, aSchema(), { connectionsMax: 4 }));
  stack.defer(() => removeSchema(pool));
  const clock = new StepClock(nowMicros());
  const store = stack.use(await aStore(pool, { clock, retention }));
  await store.load();
  const rows = (text: string, values: unknown[] = []) =>
    pool.use('look', (session) => session.query(text, values));
  return { pool, store, clock, rows, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Jobs that run meanwhile hold locks on what is removed, or remove it themselves. */
function removeSchema(pool: PostgresPool): Promise<void> {
  return until('the schema to be removed', async () => {
    try {
      await pool.use('remove the schema', (session) =>
        session.run(`DROP SCHEMA IF EXISTS ${pool.schema} CASCADE`),
      );
      return true;
    } catch (fault) {
      if (!/deadlock|concurrently (deleted|updated)/.test(String(fault))) throw fault;
      return false;
    }
  }).then(() => undefined);
}

/** Start of the hour that is. */
function nowMicros(): number {
  return Math.floor((Date.now() * 1_000) / HOUR) * HOUR;
}

/** Jobs as `relation policy`, with what they were given. */
async function jobsOf(rows: (text: string) => Promise<Row[]>): Promise<Map<string, Record<string, unknown>>> {
  const found = await rows('SELECT relation, policy, config FROM timescale_jobs ORDER BY 1, 2');
  return new Map(
    found.map(({ relation, policy, config }) => [
      `${relation ?? '-'} ${policy}`,
      config as Record<string, unknown>, // jsonb of an object
    ]),
  );
}

/** Points of series 1 and 2 every 7 s from `start` for `hours`, ending in two of one moment. */
function somePoints(start: number, hours: number): SamplePoint[] {
  const count = Math.floor((hours * 3600) / 7);
  const points = Array.from({ length: count * 2 }, (_, i) => ({
    series: 1 + (i % 2),
    time: start + Math.floor(i / 2) * 7_000_000 + (i % 2) * 13,
    value: ((i * 37) % 101) / 4,
    offset: i,
    ordinal: 0,
  }));
  const last = points.at(-1);
  assert.ok(last);
  return [...points, { ...last, value: -5, offset: last.offset + 1 }];
}

function ask(
  store: SeriesStore,
  from: number,
  to: number,
  stepMicros?: number,
): Promise<PointPage | BucketPage> {
  const shape =
    stepMicros === undefined
      ? ({ kind: 'raw', after: undefined, limit: 5_000, newestFirst: false } as const)
      : ({ kind: 'buckets', stepMicros } as const);
  return store.query({ series: 1, fromMicros: from, toMicros: to, shape, deadlineMs: 60_000 }, []);
}

/** Views of the same buckets, one of a continuous aggregate and one of our own rollups. */
async function bucketsOf(rows: (text: string) => Promise<Row[]>, view: string, step: number) {
  const columns =
    'time, metric, count::bigint AS count, min, max, round(sum::numeric, 6) AS sum, first, last';
  const continuous = await rows(`SELECT ${columns} FROM ${view} ORDER BY time, metric`);
  const own = await rows(
    `SELECT ${columns} FROM telemetry_rollups WHERE step_secs = ${step} ORDER BY time, metric`,
  );
  return { continuous, own };
}

async function refreshAll(pool: PostgresPool): Promise<void> {
  for (const name of ['points_minutes', 'points_hours', 'points_days'])
    await undisturbed(() =>
      pool.use('refresh', (session) =>
        session.run(`CALL refresh_continuous_aggregate('${pool.schema}.${name}', NULL, NULL)`),
      ),
    );
}

/** The scheduler of the server does the same at moments of its own, and one of the two is refused then. */
async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
  const done = await until('the scheduler to be done with it', async () => {
    try {
      return { value: await work() };
    } catch (fault) {
      if (!hasCode('store-contended')(fault)) throw fault;
      return undefined;
    }
  });
  return done.value;
}

function againstReal(address: string): void {
  testSeriesStore('PostgresStore on TimescaleDB', async () => {
    const schema = aSchema();
    const clock = new StepClock();
    const pool = aPool(address, schema, { connectionsMax: 4 });
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
        await removeSchema(pool);
        await pool[Symbol.asyncDispose]();
      },
    };
  });

  test('TimescaleDB: points are a hypertable in chunks as configured, compressed by series', async () => {
    await using scene = await aScene(address);
    const { rows, pool } = scene;
    const mine = `hypertable_schema = '${pool.schemaName}' AND hypertable_name = 'points'`;
    const [table] = await rows(
      `SELECT compression_enabled FROM timescaledb_information.hypertables WHERE ${mine}`,
    );
    assert.equal(table?.compression_enabled, true);
    const [width] = await rows(
      `SELECT column_name, time_interval::text AS width FROM timescaledb_information.dimensions WHERE ${mine}`,
    );
    assert.deepEqual({ ...width }, { column_name: 'time', width: '1 day' });
    const [segment] = await rows(
      `SELECT attname FROM timescaledb_information.compression_settings WHERE ${mine} AND segmentby_column_index = 1`,
    );
    assert.equal(segment?.attname, 'series_id');
  });

  test('TimescaleDB: policies are those of the profile, another profile alters them, and one that was removed is made again', async () => {
    await using scene = await aScene(address);
    const { rows, pool } = scene;
    const aggregates = ['points_minutes', 'points_hours', 'points_days'];
    const names = aggregates.flatMap((one) => [
      `${one} policy_refresh_continuous_aggregate`,
      `${one} policy_retention`,
    ]);
    const before = await jobsOf(rows);
    assert.deepEqual([...before.keys()].sort(), ['- retain_points', ...names].sort());
    assert.deepEqual(before.get('- retain_points'), { raw_days: 3 });
    assert.equal(before.get('points_hours policy_retention')?.drop_after, '90 days');
    assert.equal(before.get('points_minutes policy_refresh_continuous_aggregate')?.start_offset, '3 days');
    await setRetention(pool, LONG, silentLogger);
    const after = await jobsOf(rows);
    assert.deepEqual(
      [...after.keys()].sort(),
      ['- retain_points', ...names, 'points policy_compression'].sort(),
    );
    assert.equal(after.get('points policy_compression')?.compress_after, '7 days');
    assert.deepEqual(after.get('- retain_points'), { raw_days: 90 });
    const [width] = await rows(
      `SELECT time_interval::text AS width FROM timescaledb_information.dimensions
       WHERE hypertable_schema = '${pool.schemaName}' AND hypertable_name = 'points'`,
    );
    assert.equal(width?.width, '12:00:00');
    const ids = async () =>
      (await rows('SELECT job_id FROM timescale_jobs ORDER BY 1')).map((one) => one.job_id);
    const made = await ids();
    await setRetention(pool, LONG, silentLogger);
    assert.deepEqual(await ids(), made, 'nothing was to be done');
    await rows(`SELECT delete_job(job_id) FROM timescale_jobs WHERE policy = 'retain_points'`);
    await setRetention(pool, LONG, silentLogger);
    assert.deepEqual([...(await jobsOf(rows)).keys()], [...after.keys()]);
  });

  test('TimescaleDB: continuous aggregates answer what our own rollups answer, before a refresh and after it, late points included', async () => {
    await using scene = await aScene(address);
    const { store, rows, pool } = scene;
    const start = nowMicros() - 30 * HOUR;
    const logTimeMicros = nowMicros();
    await store.seal(aSeal(1, somePoints(start, 3), { logTimeMicros }));
    await workAll(store);
    const same = async (when: string) => {
      for (const [view, step] of [
        ['telemetry_minutes', 60],
        ['telemetry_hours', 3_600],
        ['telemetry_days', 86_400],
      ] as const) {
        const { continuous, own } = await bucketsOf(rows, view, step);
        assert.ok(own.length >= 2, `${view} ${when}: ${own.length} buckets`);
        assert.deepEqual(continuous, own, `${view} ${when}`);
      }
    };
    await same('before a refresh');
    await refreshAll(pool);
    await same('after a refresh');
    const late = [{ series: 1, time: start + 90 * 60_000_000 + 5, value: 999, offset: 500_000, ordinal: 0 }];
    await store.seal(aSeal(2, late, { logTimeMicros: logTimeMicros + 1 }));
    await workAll(store);
    await refreshAll(pool);
    await same('after a late point');
    const unset = [1, 2].map((offset) => ({
      series: 1,
      time: start + 95 * 60_000_000 + offset,
      value: Number.MAX_VALUE,
      offset: 500_100 + offset,
      ordinal: 0,
    }));
    await store.seal(aSeal(3, unset, { logTimeMicros: logTimeMicros + 2 }));
    await workAll(store);
    await refreshAll(pool);
    await same('beyond the largest double, refreshed');
  });

  test('TimescaleDB: a schema of every earlier version keeps its points, compressed ones too, and is written on', async () => {
    for (let version = 1; version < SCHEMA_VERSION; version++) {
      await using pool = aPool(address, aSchema());
      const rows = (text: string) => pool.use('look', (session) => session.query(text));
      try {
        await olderSchema(pool, version, true);
        const chunks = await rows("SELECT compress_chunk(c) FROM show_chunks('points') c");
        assert.ok(chunks.length > 0);
        await migrate(pool, silentLogger);
        await using store = await aStore(pool, { clock: new StepClock(nowMicros()), retention: SHORT });
        await store.load();
        const { logTimeMicros, time } = { logTimeMicros: nowMicros(), time: nowMicros() };
        await store.seal(
          aSeal(1, [{ series: 0, time, value: 1_000, offset: 200, ordinal: 0 }], { logTimeMicros }),
        );
        const [found] = await rows('SELECT count(*)::integer AS count, sum(value) AS sum FROM telemetry');
        assert.deepEqual(found, { count: 101, sum: 6_050 }, `from version ${version}`);
      } finally {
        await removeSchema(pool);
      }
    }
  });

  test('TimescaleDB: compressed chunks answer as before, and take points that come late', async () => {
    await using scene = await aScene(address, LONG);
    const { store, rows } = scene;
    const start = nowMicros() - 10 * DAY;
    const end = start + 4 * HOUR;
    await store.seal(aSeal(1, somePoints(start, 3), { logTimeMicros: start + 4 * HOUR }));
    await workAll(store);
    const before = [await ask(store, start, end), await ask(store, start, end, 60_000_000)];
    const compressed = await rows(
      `SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks('points') c`,
    );
    assert.ok(compressed.length > 0);
    const [state] = await rows(
      `SELECT bool_and(is_compressed) AS "isCompressed" FROM timescaledb_information.chunks
       WHERE hypertable_schema = current_schema() AND hypertable_name = 'points'`,
    );
    assert.equal(state?.isCompressed, true);
    assert.deepEqual([await ask(store, start, end), await ask(store, start, end, 60_000_000)], before);
    const late = [{ series: 1, time: start + 3.5 * HOUR, value: 7, offset: 900_000, ordinal: 0 }];
    await store.seal(aSeal(2, late, { logTimeMicros: nowMicros() }));
    await workAll(store);
    const page = await ask(store, start + 3 * HOUR, end);
    assert.ok(page.kind === 'points');
    assert.equal(page.values.at(-1), 7);
    const [rolled] = await rows('SELECT sum(count) AS n FROM rollups WHERE step = 60');
    const [held] = await rows('SELECT count(*) AS n FROM points');
    assert.equal(Number(rolled?.n), Number(held?.n));
  });

  test('TimescaleDB: the job that deletes points takes whole chunks that are old and rolled up, and rollups answer for them', async () => {
    await using scene = await aScene(address);
    const { store, rows, pool } = scene;
    const now = nowMicros();
    const old = now - 2 * DAY;
    await store.seal(aSeal(1, somePoints(old, 3), { logTimeMicros: now - DAY }));
    await workAll(store);
    const [job] = await rows(`SELECT job_id FROM timescale_jobs WHERE policy = 'retain_points'`);
    const run = () => undisturbed(() => rows(`CALL run_job(${job?.job_id})`));
    const chunks = async () => Number((await rows(`SELECT count(*) AS n FROM show_chunks('points')`))[0]?.n);
    const first = await chunks();
    await run();
    assert.equal(await chunks(), first, 'the clock of retention is not there yet');
    const before = await ask(store, old, old + 4 * HOUR, 60_000_000);
    // late into the old chunk, and received long after the others
    const far = now + 20 * DAY;
    const late = [{ series: 1, time: old + HOUR + 1, value: 3, offset: 800_000, ordinal: 0 }];
    await store.seal(aSeal(2, late, { logTimeMicros: far }));
    await rows(`UPDATE folds SET retention = now() + interval '10 days'`);
    await run();
    assert.equal(await chunks(), first, 'what is not rolled up stays');
    await workAll(store);
    await rows(`UPDATE folds SET retention = now() + interval '10 days'`);
    await run();
    assert.equal(await chunks(), first, 'a chunk with a point that is not old stays');
    await rows(`UPDATE folds SET retention = now() + interval '40 days'`);
    await run();
    assert.equal(await chunks(), 0);
    const after = await ask(store, old, old + 4 * HOUR, 60_000_000);
    assert.ok(before.kind === 'buckets' && after.kind === 'buckets');
    assert.equal(after.buckets.length, before.buckets.length);
    const countOf = ({ buckets }: BucketPage) => buckets.reduce((sum, { count }) => sum + count, 0);
    assert.equal(countOf(after), countOf(before) + 1);
    const [gone] = await rows('SELECT count(*) AS n FROM gone');
    assert.equal(Number(gone?.n), 2);
    const [status] = await rows('SELECT last_run_status FROM timescale_jobs WHERE policy = $1', [
      'retain_points',
    ]);
    assert.notEqual(status?.last_run_status, 'Failed', pool.schemaName);
  });

  test('TimescaleDB: a writer whose source was taken over writes nothing more, and one with the writing role has its rights', async () => {
    await using scene = await aScene(address);
    const { store, rows, pool } = scene;
    const start = nowMicros();
    await store.seal(aSeal(1, somePoints(start, 1), { logTimeMicros: start }));
    await using narrow = aPool(address, pool.schemaName, { role: 'skerry_writer' });
    await using heir = await aStore(narrow, { clock: scene.clock, owner: 'heir', retention: LONG });
    await heir.load();
    await assert.rejects(
      store.seal(aSeal(2, somePoints(start, 1), { logTimeMicros: start + 1 })),
      hasCode('store-fenced'),
    );
    const [held] = await rows('SELECT count(*) AS n FROM points');
    assert.equal(Number(held?.n), somePoints(start, 1).length);
    await heir.seal(aSeal(2, somePoints(start + HOUR, 1), { logTimeMicros: start + 2 }));
    await workAll(heir);
    assert.deepEqual(
      (await jobsOf(rows)).get('- retain_points'),
      { raw_days: 90 },
      'policies by its function',
    );
    await assert.rejects(
      narrow.use('drop', (session) => session.run('DROP TABLE points')),
      /must be owner|permission denied/,
    );
  });

  test('TimescaleDB: doctor finds jobs that are missing, paused, failing or contradicting, and nothing where all is well', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-timescale-'));
    await using scene = await aScene(address);
    const { rows, pool, store } = scene;
    const now = nowMicros();
    await store.seal(aSeal(1, somePoints(now - HOUR, 1), { logTimeMicros: now }));
    await workAll(store);
    const jobs = async () => {
      const { findings } = await runDoctor(folder.path, {
        postgres: { url: address, schema: pool.schemaName },
      });
      assert.equal(
        findings.get('postgres retention')?.verdict,
        'ok',
        String(findings.get('postgres retention')?.found),
      );
      assert.equal(
        findings.get('postgres deletion')?.verdict,
        'ok',
        String(findings.get('postgres deletion')?.found),
      );
      return findings.get('timescale jobs');
    };
    // at once when they are made, and again where the server had no worker free for one
    await until(
      'every job to have run',
      async () => {
        await rows(
          `SELECT alter_job(job_id, next_start => now()) FROM timescale_jobs WHERE last_run_status = 'Failed'`,
        );
        const [all] = await rows(
          `SELECT count(*) FILTER (WHERE last_run_status = 'Success') AS n FROM timescale_jobs`,
        );
        return Number(all?.n) === 7;
      },
      120_000,
    );
    assert.equal((await jobs())?.found, '7 jobs delete, refresh and compress');
    const alter = (relation: string, policy: string, what: string) =>
      rows(`SELECT alter_job(job_id, ${what}) FROM timescale_jobs
        WHERE policy = '${policy}' AND coalesce(relation, '') = '${relation}'`);
    await alter('points_days', 'policy_retention', 'scheduled => false');
    assert.match(String((await jobs())?.found), /^policy_retention of points_days: it is paused$/);
    await alter('points_days', 'policy_retention', 'scheduled => true');
    await rows(`SELECT add_compression_policy('points', compress_after => interval '4 days')`);
    assert.match(
      String((await jobs())?.found),
      /compressed after 4 days and deleted after 3: compression never acts/,
    );
    await rows(`SELECT remove_compression_policy('points')`);
    await rows(`CREATE OR REPLACE PROCEDURE retain_points(job_id integer, config jsonb) LANGUAGE plpgsql AS
      $body$ BEGIN RAISE 'on purpose'; END $body$`);
    await alter('', 'retain_points', 'next_start => now()');
    await until(
      'the job to fail',
      async () => {
        const [job] = await rows(
          `SELECT last_run_status AS it FROM timescale_jobs WHERE policy = 'retain_points'`,
        );
        return job?.it === 'Failed';
      },
      60_000,
    );
    const failing = await jobs();
    assert.match(String(failing?.found), /^retain_points: its last run failed$/);
    assert.match(String(failing?.advice), /job_errors WHERE job_id = \d+/);
    await rows(`SELECT delete_job(job_id) FROM timescale_jobs WHERE policy = 'retain_points'`);
    assert.match(String((await jobs())?.found), /^missing: retain_points$/);
  });

  test('TimescaleDB: the reading role sees the buckets of its tenant, and no other', async () => {
    await using scene = await aScene(address);
    const { store, pool } = scene;
    const start = nowMicros() - 2 * HOUR;
    const series = ['a', 'b'].map((tenant, i) => ({
      id: i + 1,
      tenant,
      project: 'p',
      device: 'd',
      metric: 'm',
    }));
    await store.seal(aSeal(1, somePoints(start, 1), { logTimeMicros: start + HOUR, series }));
    await workAll(store);
    await refreshAll(pool);
    await using reading = aPool(address, pool.schemaName, { role: 'skerry_reader' });
    for (const view of ['telemetry_minutes', 'telemetry_hours', 'telemetry_days', 'telemetry']) {
      const count = await reading.use('count', async (session) => {
        await session.run(`SET skerry.tenant = 'b'`);
        return await session.query(
          `SELECT count(*) AS n, count(*) FILTER (WHERE tenant <> 'b') AS other FROM ${view}`,
        );
      });
      assert.ok(Number(count[0]?.n) > 0, view);
      assert.equal(Number(count[0]?.other), 0, view);
    }
    await assert.rejects(
      reading.use('look', (session) => session.query('SELECT count(*) FROM points_minutes')),
      /permission denied/,
    );
  });
}
