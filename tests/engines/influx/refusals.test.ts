import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type LogEntry, loggerTo } from '@skerry/kernel';
import { feedSinks } from '@skerry/series';
import { InfluxApi } from '@skerry/series/influx';
import { aSeal, type SamplePoint } from '@skerry/series/testing';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema, aStore } from '../postgres/scene.ts';
import { answerBefore } from './answers.ts';
import { allRows, aRun, BASE, sent, sinkOptions, somePoints, someSeal, told } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());
const influx = await startInfluxdb();
after(() => influx[Symbol.asyncDispose]());

const never = new AbortController().signal;
const api = (url: string, rest: object = {}) => new InfluxApi({ url, version: 1, database: 'iot', ...rest });

async function emptyDatabase(): Promise<void> {
  await api(influx.url).query('DROP DATABASE iot', never);
  await api(influx.url).query('CREATE DATABASE iot WITH DURATION 72h REPLICATION 1', never);
}

/** A store with a sink behind it, on a schema of its own. */
async function aScene(options = sinkOptions(influx.url)) {
  await using stack = new AsyncDisposableStack();
  const entries: LogEntry[] = [];
  const schema = aSchema();
  const pool = stack.use(aPool(server.url(), schema));
  const store = stack.use(await aStore(pool));
  const state = await store.load();
  const { run } = stack.use(await aRun(pool, options, { logger: loggerTo((entry) => entries.push(entry)) }));
  const owned = stack.move();
  return {
    schema,
    run,
    entries,
    fed: feedSinks(store, state, [run]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('a sink: a type conflict sets its lines aside and no others, and tells them', async () => {
  await emptyDatabase();
  // somebody else writes texts into a field of the same names: in the shards of these days m4 has no numbers
  const foreign = `m4,device=x value="text" ${BASE}000`;
  assert.deepEqual(await api(influx.url).write(new TextEncoder().encode(foreign), undefined, never), {
    is: 'taken',
  });
  await using scene = await aScene();
  await scene.fed.seal(someSeal(1, 1_200));
  await until('the sink has it', () => scene.run.position === 1);
  const rows = (await allRows(influx)).filter(({ device }) => device !== 'x').map(told);
  const [conflicting, others] = [true, false].map((isThat) =>
    somePoints(1, 1_200).filter(({ series }) => (series === 4) === isThat),
  );
  assert.deepEqual(rows.sort(), others?.map(sent).sort());
  const kept = await server.sql(
    `SELECT position, ordinal, line, reason FROM "${scene.schema}".sink_refusals ORDER BY position`,
  );
  assert.deepEqual(
    kept.split('\n').map((line) => line.split('|').slice(0, 2).map(Number)),
    conflicting?.map(({ offset, ordinal }) => [offset, ordinal]),
  );
  assert.match(kept, /\|m4,device=d1,project=p1,tenant=t1 value=[^|]*\|partial write: field type conflict/);
  assert.equal(
    await server.sql(`SELECT points, refused, missed FROM "${scene.schema}".sinks`),
    `${others?.length}|${conflicting?.length}|0`,
  );
  const entry = scene.entries.find(({ message }) => message === 'a sink refuses points');
  assert.equal(entry?.fields.refused, conflicting?.length);
});

test('a sink: points older than the retention, of no number and of no sayable name are set aside, each alone', async () => {
  await emptyDatabase();
  await using scene = await aScene();
  const point = (series: number, rest: Partial<SamplePoint>): SamplePoint => ({
    series,
    time: BASE,
    value: series,
    offset: series,
    ordinal: 0,
    ...rest,
  });
  const points = [
    point(1, {}),
    point(2, { time: BASE - 100 * 3_600_000_000 }),
    point(3, { value: Number.NaN }),
    point(4, { value: Number.NEGATIVE_INFINITY }),
    point(5, {}),
    point(6, { time: BASE - 90 * 3_600_000_000 }),
    point(7, {}),
  ];
  const seal = aSeal(1, points, { logTimeMicros: BASE });
  const series = seal.series.map((one) => (one.id === 7 ? { ...one, device: 'a\nb value=9' } : one));
  await scene.fed.seal({ ...seal, series });
  await until('the sink has it', () => scene.run.position === 1);
  assert.deepEqual((await allRows(influx)).map(({ name }) => name).sort(), ['m1', 'm5']);
  const kept = await server.sql(
    `SELECT position, reason FROM "${scene.schema}".sink_refusals ORDER BY position`,
  );
  assert.deepEqual(
    kept.split('\n').map((line) => line.slice(0, 30)),
    [
      '2|partial write: points beyond',
      '3|found NaN, wanted a finite n',
      '4|found -Infinity, wanted a fi',
      '6|partial write: points beyond',
      '7|found the name "a\\nb value=9',
    ],
  );
});

test('a sink: two messages of one second stay two points, and two points of one message too', async () => {
  await emptyDatabase();
  await using scene = await aScene();
  const points = [
    { series: 1, time: BASE, value: 1, offset: 41, ordinal: 0 },
    { series: 1, time: BASE, value: 2, offset: 41, ordinal: 1 },
    { series: 1, time: BASE, value: 3, offset: 42, ordinal: 0 },
    { series: 1, time: BASE + 1, value: 4, offset: 43, ordinal: 0 },
    { series: 1, time: BASE + 1, value: 5, offset: 44, ordinal: 0 },
  ];
  await scene.fed.seal(aSeal(1, points, { logTimeMicros: BASE }));
  await until('the sink has it', () => scene.run.position === 1);
  const rows = await allRows(influx, 'SELECT value, twin FROM m1');
  assert.deepEqual(
    rows
      .map(({ time, value, twin }) => [value, BigInt(time ?? '') - BigInt(BASE) * 1_000n, twin])
      .sort(([a], [b]) => Number(a) - Number(b)),
    [
      ['1', 791n, ''],
      ['2', 791n, '0.1'],
      ['3', 792n, ''],
      ['4', 1_043n, ''],
      ['5', 1_044n, ''],
    ],
  );
});

test('a sink: a server that is busy or fails is asked again after the time it says, and nothing is lost or turned round', async () => {
  await emptyDatabase();
  const refusing = { status: 429, headers: { 'retry-after': '0' } };
  await using front = await answerBefore(influx.url, (path, n) => {
    if (!path.startsWith('/write')) return undefined;
    return n % 3 === 0
      ? refusing
      : n % 5 === 0
        ? { status: 503, headers: { 'retry-after': '0' } }
        : undefined;
  });
  await using scene = await aScene(sinkOptions(front.url));
  for (let number = 1; number <= 12; number++) await scene.fed.seal(someSeal(number, 120));
  await until('the sink has it', () => scene.run.position === 12);
  const all = Array.from({ length: 12 }, (_, i) => somePoints(i + 1, 120)).flat();
  assert.deepEqual((await allRows(influx)).map(told).sort(), all.map(sent).sort());
});

test('a sink: a 400 that speaks of no point gives none up; it is told in the words of the server and waited for', async () => {
  await emptyDatabase();
  const strangers: readonly (readonly [status: number, text: string])[] = [
    [400, 'Client sent an HTTP request to an HTTPS server.\n'],
    [400, '{"code":"invalid","message":"Please provide either orgID or org"}'],
    [422, '<html><body>unprocessable</body></html>'],
  ];
  let stranger = strangers[0];
  await using front = await answerBefore(
    influx.url,
    (path) => stranger && path.startsWith('/write') && { status: stranger[0], text: stranger[1] },
  );
  await using scene = await aScene(sinkOptions(front.url));
  await scene.fed.seal(someSeal(1, 120));
  for (const [status, text] of strangers) {
    stranger = [status, text];
    const said = text.startsWith('{') ? 'Please provide either orgID or org' : text.trim();
    const trouble = await until('it is told', () => {
      const { trouble: found } = scene.run;
      return found?.detail.includes(said) && found;
    });
    assert.equal(trouble.code, 'sink-not-understood');
    assert.ok(trouble.detail.includes(`it answered ${status}: ${said}`), trouble.detail);
    assert.equal(scene.run.position, 0);
  }
  stranger = undefined;
  await until('the sink has it', () => scene.run.position === 1);
  assert.equal(scene.run.trouble, undefined);
  assert.equal(await server.sql(`SELECT count(*) FROM "${scene.schema}".sink_refusals`), '0');
  assert.deepEqual((await allRows(influx)).map(told).sort(), somePoints(1, 120).map(sent).sort());
});

/** The first user of a guarded server, who may everything. A server that has just begun to answer may not take one yet. */
async function makeAlice(url: string): Promise<void> {
  await until('the first user is made', async () => {
    const q = `CREATE USER alice WITH PASSWORD 'secret' WITH ALL PRIVILEGES`;
    const answer = await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q }) });
    return answer.ok && !(await answer.text()).includes('"error"');
  });
}

test('a sink: a wrong password, a missing database and a missing server are told in words, and waited for', async () => {
  await using guarded = await startInfluxdb({ isGuarded: true });
  await makeAlice(guarded.url);
  let password = 'wrong';
  const user = { name: 'alice', password: () => password };
  await using scene = await aScene(sinkOptions(guarded.url, { user, retentionHours: 0 }));
  await scene.fed.seal(someSeal(1, 120));
  const denied = await until('it is told', () => scene.run.trouble);
  assert.equal(denied.code, 'sink-not-allowed');
  assert.match(
    denied.detail,
    /Cannot write to iot at .*: it answered 401: authorization failed; wanted a user/,
  );
  password = 'secret';
  const missing = await until('it is told', () => {
    const { trouble } = scene.run;
    return trouble?.code === 'sink-not-found' && trouble;
  });
  assert.match(missing.detail, /it answered 404: database not found: "iot"; make the database/);
  await api(guarded.url, { user }).query('CREATE DATABASE iot', never);
  await until('the sink has it', () => scene.run.position === 1);
  assert.equal(scene.run.trouble, undefined);
});

test('a sink: a user who may only write is enough where the database is there', async () => {
  await using guarded = await startInfluxdb({ isGuarded: true });
  const alice = { name: 'alice', password: () => 'secret' };
  await makeAlice(guarded.url);
  const admin = api(guarded.url, { user: alice });
  await admin.query('CREATE DATABASE iot', never);
  await admin.query(`CREATE USER bob WITH PASSWORD 'word'`, never);
  await admin.query('GRANT WRITE ON iot TO bob', never);
  const bob = { name: 'bob', password: () => 'word' };
  await assert.rejects(api(guarded.url, { user: bob }).query('SHOW DATABASEZ', never), /Cannot ask iot at/);
  await using scene = await aScene(sinkOptions(guarded.url, { user: bob }));
  await scene.fed.seal(someSeal(1, 120));
  await until('the sink has it', () => scene.run.position === 1);
  const [table] = await admin.query('SELECT count(value) FROM m4', never);
  assert.equal(table?.values?.[0]?.[1], 10);
});

test('a sink: a database that is missing is made with its retention; one that is there and differs is told', async () => {
  await api(influx.url).query('DROP DATABASE iot', never);
  {
    await using scene = await aScene();
    await scene.fed.seal(someSeal(1, 12));
    await until('the sink has it', () => scene.run.position === 1);
    assert.deepEqual(
      scene.entries.filter(({ level }) => level !== 'info'),
      [],
    );
  }
  const [policies] = await api(influx.url).query('SHOW RETENTION POLICIES ON iot', never);
  assert.equal(policies?.values?.[0]?.[1], '72h0m0s');
  await using scene = await aScene(sinkOptions(influx.url, { retentionHours: 24 }));
  await scene.fed.seal(someSeal(1, 12));
  await until('the sink has it', () => scene.run.position === 1);
  const entry = scene.entries.find(({ message }) => message === 'retention of a sink differs');
  assert.match(
    String(entry?.fields.said),
    /found 72h0m0s in iot, wanted 24h0m0s: ALTER RETENTION POLICY "autogen" ON "iot" DURATION 24h/,
  );
});
