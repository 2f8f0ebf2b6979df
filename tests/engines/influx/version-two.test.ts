import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { feedSinks } from '@skerry/series';
import { InfluxApi, type InfluxSinkOptions } from '@skerry/series/influx';
import { startPostgres, startVictoriaMetrics } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema, aStore } from '../postgres/scene.ts';
import { answerBefore } from './answers.ts';
import {
  assertSameBuckets,
  assertSameExtremes,
  assertSameRanges,
  fill,
  type Sides,
  sidesOf,
} from './readings-scene.ts';
import { aRun, BASE, sinkOptions, somePoints, someSeal } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

/** VictoriaMetrics keeps 12 digits or so. */
const rounded = (value: unknown) => Number(Number(value).toPrecision(10));

const never = new AbortController().signal;

/** Seals of all types go into a sink; returns the schema that keeps its position. */
async function write(options: InfluxSinkOptions, seals: number): Promise<string> {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  const state = await store.load();
  await using sink = await aRun(pool, options);
  const fed = feedSinks(store, state, [sink.run]);
  for (let number = 1; number <= seals; number++) await fed.seal(someSeal(number, 120));
  await until(
    'the sink has it',
    () => sink.run.position === seals,
    20_000,
    () => sink.run.trouble?.detail,
  );
  return schema;
}

test('a sink by the write API of InfluxDB 2: VictoriaMetrics has every number, boolean and rounded integer', async () => {
  await using engine = await startVictoriaMetrics({ words: ['-search.latencyOffset=0s'] });
  await using front = await answerBefore(engine.url, () => undefined);
  const options = sinkOptions(front.url, { version: 2, organization: 'park', token: () => 'secret' });
  await write(options, 5);
  assert.ok(
    front.seen.every((path) => path === '/api/v2/write?org=park&bucket=iot&precision=ns'),
    String(front.seen[0]),
  );
  const points = Array.from({ length: 5 }, (_, i) => somePoints(i + 1, 120)).flat();
  const wanted = points
    .filter(({ value }) => typeof value !== 'string')
    .map(
      ({ series, value }) => `m${series}_${typeof value === 'boolean' ? 'flag' : 'value'} ${rounded(value)}`,
    );
  const exported = async () => {
    await fetch(`${engine.url}/internal/force_flush`);
    const answer = await fetch(`${engine.url}/api/v1/export?match[]={__name__=~"m.*_(value|flag)"}`);
    const lines = (await answer.text()).split('\n').filter((line) => line !== '');
    return lines.flatMap((line) => {
      const { metric, values } = JSON.parse(line) as { metric: Record<string, string>; values: number[] }; // its format
      assert.deepEqual([metric.device, metric.project, metric.tenant], ['d1', 'p1', 't1']);
      return values.map((value) => `${metric.__name__} ${rounded(value)}`);
    });
  };
  const found = await until('all points are seen', async () => {
    const rows = await exported();
    return rows.length >= wanted.length && rows;
  });
  assert.deepEqual(found.sort(), wanted.sort());
});

async function assertSameAnswers(sides: Sides): Promise<void> {
  await assertSameRanges(sides);
  await assertSameBuckets(sides);
  await assertSameExtremes(sides);
}

const two = process.env.SKERRY_INFLUX2_URL;

if (two !== undefined) {
  const options = sinkOptions(two, {
    version: 2,
    organization: process.env.SKERRY_INFLUX2_ORG ?? '',
    database: process.env.SKERRY_INFLUX2_BUCKET ?? 'iot',
    token: () => process.env.SKERRY_INFLUX2_TOKEN ?? '',
  });

  test('InfluxDB 2: every point arrives once', async () => {
    const measurement = `arrives_${BASE}`;
    await write({ ...options, measurement }, 5);
    // a table has one field and so one type: it is counted before the tables become one
    const flux = `from(bucket: "${options.database}") |> range(start: ${new Date(BASE / 1_000).toISOString()})
      |> filter(fn: (r) => r._measurement == "${measurement}")
      |> filter(fn: (r) => r._field == "value" or r._field == "text" or r._field == "flag")
      |> count() |> group() |> sum()`;
    const answer = await fetch(
      `${two}/api/v2/query?org=${encodeURIComponent(String(options.organization))}`,
      {
        method: 'POST',
        headers: { authorization: `Token ${options.token?.()}`, 'content-type': 'application/vnd.flux' },
        body: flux,
      },
    );
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const [titles = '', ...rows] = text.trim().split(/\r?\n/);
    const at = titles.split(',').indexOf('_value');
    assert.deepEqual(
      rows.map((row) => row.split(',')[at]),
      ['600'],
      text,
    );
  });

  test('InfluxDB 2: ranges, buckets, extremes and newest values in InfluxQL are those of PostgreSQL', async () => {
    await using pool = aPool(server.url(), aSchema());
    const own = { ...options, name: 'compared' };
    await fill(pool, own);
    await assertSameAnswers(sidesOf(pool, own));
  });

  test('InfluxDB 2: a type conflict sets its lines aside, each with the reason, and no others', async () => {
    const measurement = `conflict_${BASE}`;
    const body = new TextEncoder().encode(`${measurement},device=x flag="text" ${BASE}000`);
    assert.deepEqual(await new InfluxApi(options).write(body, undefined, never), { is: 'taken' });
    const schema = await write({ ...options, measurement }, 1);
    const flags = somePoints(1, 120).filter(({ value }) => typeof value === 'boolean');
    const kept = await server.sql(
      `SELECT position, ordinal, line, reason FROM "${schema}".sink_refusals ORDER BY position, ordinal`,
    );
    const lines = kept.split('\n').map((row) => row.split('|'));
    assert.deepEqual(
      lines.map(([position, ordinal]) => [Number(position), Number(ordinal)]),
      flags.map(({ offset, ordinal }) => [offset, ordinal]),
    );
    for (const [, , line = '', reason = ''] of lines) {
      assert.match(line, /^conflict_\d+,device=d1,metric=m\d+,project=p1,tenant=t1 flag=[tf] \d{19}$/);
      assert.match(
        reason,
        /field type conflict: input field "flag" on measurement "conflict_\d+" is type boolean, already exists as type string/,
      );
    }
    const taken = await server.sql(`SELECT points, refused FROM "${schema}".sinks`);
    assert.equal(taken, `${120 - flags.length}|${flags.length}`);
  });

  test('InfluxDB 2: a request without an organization is told, and gives no point up', async () => {
    const body = new TextEncoder().encode(`a value=1 ${BASE}000`);
    const answer = await new InfluxApi({ ...options, organization: '' }).write(body, undefined, never);
    assert.equal(answer.is === 'failed' && answer.fault.code, 'sink-not-understood');
  });

  test('InfluxDB 2: a wrong token and a missing bucket are told', async () => {
    const body = new TextEncoder().encode(`a value=1 ${BASE}000`);
    const denied = await new InfluxApi({ ...options, token: () => 'wrong' }).write(body, undefined, never);
    assert.equal(denied.is === 'failed' && denied.fault.code, 'sink-not-allowed');
    const missing = await new InfluxApi({ ...options, database: 'nowhere' }).write(body, undefined, never);
    assert.equal(missing.is === 'failed' && missing.fault.code, 'sink-not-found');
  });
}

const three = process.env.SKERRY_INFLUX3_URL;

if (three !== undefined) {
  test('InfluxDB 3: ranges, buckets, extremes and newest values in SQL are those of PostgreSQL', async () => {
    await using pool = aPool(server.url(), aSchema());
    const options = sinkOptions(three, {
      version: 3,
      database: process.env.SKERRY_INFLUX3_DATABASE ?? 'iot',
      token: () => process.env.SKERRY_INFLUX3_TOKEN ?? '',
    });
    await fill(pool, options);
    await assertSameAnswers(sidesOf(pool, options));
  });
}
