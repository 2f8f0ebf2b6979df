// InfluxDB 3 is in no registry here: these are the requests that its documents describe, and answers in its form.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { InfluxApi } from './influx-api.ts';
import type { InfluxDialect } from './influx-dialect.ts';
import { openInfluxSql } from './influx-sql.ts';

const SERIES = { tenant: "o'neill", project: 'p', device: 'd "1"', metric: 'flow "in"' };
const RANGE = { from: 1_795_514_400_000_000_757n, to: 1_795_518_000_000_000_000n };
const { signal } = new AbortController();

interface Asked {
  readonly db: string;
  readonly q: string;
  readonly format: string;
}

/** A dialect before a server that answers what stands in `answers`, one after the other, and the questions that came. */
async function asking(
  answers: readonly unknown[],
  work: (dialect: InfluxDialect, asked: readonly Asked[]) => Promise<void>,
  measurement = '',
): Promise<void> {
  const asked: Asked[] = [];
  const faults: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const part of incoming) text += part;
    const { authorization, 'content-type': type } = incoming.headers;
    if (
      incoming.url !== '/api/v3/query_sql' ||
      authorization !== 'Bearer secret' ||
      type !== 'application/json'
    )
      faults.push(`${incoming.url} ${authorization} ${type}`);
    asked.push(JSON.parse(text) as Asked);
    const answer = answers[asked.length - 1];
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? []));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const place = {
    url: `http://127.0.0.1:${port}`,
    version: 3,
    database: 'iot',
    token: () => 'secret',
  } as const;
  try {
    await work(openInfluxSql(new InfluxApi(place), { measurement }), asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  assert.deepEqual(faults, []);
}

const columnsOf = (table: string, names: readonly string[]) =>
  names.map((column_name) => ({ table_name: table, column_name }));
const TAGS = ['time', 'tenant', 'project', 'device'];
const WHERE = `FROM "flow ""in""" WHERE "tenant" = 'o''neill' AND "project" = 'p' AND "device" = 'd "1"' AND time >= TIMESTAMP '2026-11-24T10:00:00.000000757Z' AND time < TIMESTAMP '2026-11-24T11:00:00.000000000Z'`;

test('openInfluxSql: a range asks for the columns that there are, and integers come whole', async () => {
  const known = columnsOf(SERIES.metric, [...TAGS, 'value', 'exact', 'twin']);
  const rows = `[{"time":"1795514400000000757","value":1.5,"exact":null,"twin":null},
    {"time":"1795514400000001000","value":9007199254740992.0,"exact":"9007199254740993","twin":"1"}]`;
  await asking([known, rows], async (dialect, asked) => {
    const choice = { limit: 10, newestFirst: true, isNumeric: false };
    assert.deepEqual(await dialect.points(SERIES, RANGE, choice, signal), [
      { nanos: 1_795_514_400_000_000_757n, twin: '', value: 1.5 },
      { nanos: 1_795_514_400_000_001_000n, twin: '1', value: 9_007_199_254_740_993n },
    ]);
    assert.deepEqual(asked, [
      {
        db: 'iot',
        q: `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'iox' AND table_name IN ('flow "in"')`,
        format: 'json',
      },
      {
        db: 'iot',
        q: `SELECT CAST(CAST(time AS BIGINT) AS VARCHAR) AS time, "value", CAST("exact" AS VARCHAR) AS "exact", "twin" ${WHERE} AND ("value" IS NOT NULL OR "exact" IS NOT NULL) ORDER BY time DESC LIMIT 10`,
        format: 'json',
      },
    ]);
  });
});

test('openInfluxSql: a table that is not there, or holds no numbers, has no points and is not asked', async () => {
  await asking([[], columnsOf(SERIES.metric, [...TAGS, 'text'])], async (dialect, asked) => {
    const choice = { limit: 10, newestFirst: false, isNumeric: true };
    assert.deepEqual(await dialect.points(SERIES, RANGE, choice, signal), []);
    assert.deepEqual(await dialect.sums(SERIES, RANGE, { stepMicros: 1e6, limit: 5 }, signal), []);
    assert.equal(asked.length, 2);
  });
});

test('openInfluxSql: buckets are binned from 1970 on, first and last by time', async () => {
  const known = columnsOf(SERIES.metric, [...TAGS, 'value']);
  const rows = [{ time: '1795514400000000000', count: 2, min: 1, max: 3, sum: 4, first: 3, last: 1 }];
  await asking([known, rows], async (dialect, asked) => {
    assert.deepEqual(await dialect.sums(SERIES, RANGE, { stepMicros: 60_000_000, limit: 101 }, signal), [
      { startMicros: 1_795_514_400_000_000, count: 2, min: 1, max: 3, sum: 4, first: 3, last: 1 },
    ]);
    const start = `date_bin(INTERVAL '60000000 microseconds', time, TIMESTAMP '1970-01-01T00:00:00Z')`;
    assert.equal(
      asked[1]?.q,
      `SELECT CAST(CAST(${start} AS BIGINT) AS VARCHAR) AS time, count("value") AS count, min("value") AS min, max("value") AS max, sum("value") AS sum, first_value("value" ORDER BY time) AS first, last_value("value" ORDER BY time) AS last ${WHERE} AND "value" IS NOT NULL GROUP BY ${start} ORDER BY ${start} LIMIT 101`,
    );
  });
});

test('openInfluxSql: extremes are the rows that are first in some order of their slice', async () => {
  const known = columnsOf(SERIES.metric, [...TAGS, 'value', 'digits']);
  const rows = [{ time: '1795514400000000757', value: 1e30, digits: '1000000000000000000000000000001' }];
  await asking([known, rows], async (dialect, asked) => {
    const slices = { widthMicros: 36_000_000, count: 100 };
    assert.deepEqual(await dialect.picks(SERIES, RANGE, slices, signal), [
      { nanos: RANGE.from, twin: '', value: 1_000_000_000_000_000_000_000_000_000_001n },
    ]);
    const slice = `date_bin(INTERVAL '36000000 microseconds', time, TIMESTAMP '2026-11-24T10:00:00.000000757Z')`;
    const rank = (order: string) => `row_number() OVER (PARTITION BY ${slice} ORDER BY ${order})`;
    assert.equal(
      asked[1]?.q,
      `SELECT CAST(CAST(time AS BIGINT) AS VARCHAR) AS time, "value", "digits" FROM (SELECT time, "value", "digits", ${rank('time')} AS a, ${rank('time DESC')} AS z, ${rank('"value", time')} AS low, ${rank('"value" DESC, time')} AS high ${WHERE} AND "value" IS NOT NULL) AS p WHERE a = 1 OR z = 1 OR low = 1 OR high = 1`,
    );
  });
});

test('openInfluxSql: newest values of one table of all metrics, and of a device without a project', async () => {
  const known = columnsOf('all', ['time', 'tenant', 'device', 'metric', 'value', 'flag']);
  const rows = [
    { metric: 'on', time: '2000', value: null, flag: true, exact: null },
    { metric: 'on', time: '3000', value: null, flag: false, exact: null },
    { metric: 'rpm', time: '1000', value: 7, flag: null, exact: null },
  ];
  await asking(
    [known, rows],
    async (dialect, asked) => {
      const device = { tenant: 't', project: '', device: 'd' };
      const newest = await dialect.newest(device, ['on', 'rpm'], 8, signal);
      assert.deepEqual(
        newest.get('on')?.map(({ nanos, value }) => [nanos, value]),
        [
          [3_000n, false],
          [2_000n, true],
        ],
      );
      assert.deepEqual(
        newest.get('rpm')?.map(({ value }) => value),
        [7],
      );
      const part = (metric: string) =>
        `(SELECT '${metric}' AS metric, CAST(CAST(time AS BIGINT) AS VARCHAR) AS time, "value", CAST(NULL AS VARCHAR) AS "exact", CAST(NULL AS VARCHAR) AS "digits", CAST(NULL AS VARCHAR) AS "text", "flag", CAST(NULL AS VARCHAR) AS "twin" FROM "all" WHERE "tenant" = 't' AND true AND "device" = 'd' AND "metric" = '${metric}' ORDER BY time DESC LIMIT 8)`;
      assert.equal(asked[1]?.q, `${part('on')} UNION ALL ${part('rpm')}`);
    },
    'all',
  );
});

test('openInfluxSql: a metric that begins with # is asked for under the name that its lines have, and told under its own', async () => {
  const known = columnsOf('\\#hash', [...TAGS, 'value']);
  const rows = [{ metric: '#hash', time: '1000', value: 7 }];
  await asking([known, rows, known, []], async (dialect, asked) => {
    const newest = await dialect.newest(SERIES, ['#hash'], 8, signal);
    assert.deepEqual(
      newest.get('#hash')?.map(({ value }) => value),
      [7],
    );
    await dialect.points(
      { ...SERIES, metric: '#hash' },
      RANGE,
      { limit: 1, newestFirst: true, isNumeric: false },
      signal,
    );
    for (const { q } of asked) assert.match(q, /FROM "\\#hash" |table_name IN \('\\#hash'\)/);
  });
});
