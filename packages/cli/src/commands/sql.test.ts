import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Island, openIsland } from './testing/island.ts';

const START = 1_777_636_800_000_000;
const RANGE = ['--from', '2026-05-01', '--to', '2026-05-02'];

/** Two devices with a number and a text each, four points a device. */
async function anIsland(): Promise<Island> {
  const island = await openIsland();
  for (const device of ['a', 'b']) {
    island.scene.platform.ingest(
      Array.from({ length: 4 }, (_, i) => ({
        tenant: 't',
        project: 'p',
        device,
        timeMicros: START + i * 1_000_000,
        values: { flow: i + (device === 'b' ? 0.5 : 0), state: `s${i}` },
      })),
    );
  }
  return island;
}

const ask = (island: Island, sql: string, ...flags: string[]) =>
  island.skerry(['sql', sql, ...RANGE, ...flags]);

test('sql answers one query over the points that the flags select', async () => {
  await using island = await anIsland();
  const all = await ask(
    island,
    'SELECT device, metric, count(*) AS n, max(value) AS most FROM telemetry GROUP BY 1, 2 ORDER BY 1, 2',
    '-o',
    'json',
  );
  assert.equal(all.code, 0, all.err);
  assert.deepEqual(JSON.parse(all.out), [
    { device: 'a', metric: 'flow', n: 4, most: 3 },
    { device: 'a', metric: 'state', n: 4, most: 's3' },
    { device: 'b', metric: 'flow', n: 4, most: 3.5 },
    { device: 'b', metric: 'state', n: 4, most: 's3' },
  ]);
  const part = await ask(
    island,
    'SELECT DISTINCT device, metric FROM telemetry',
    '--device',
    'b',
    '--metric',
    'flow',
    '-o',
    'ndjson',
  );
  assert.equal(part.out, '{"device":"b","metric":"flow"}\n');
  const later = await island.skerry([
    'sql',
    'SELECT count(*) FROM telemetry',
    '--from',
    '2026-05-01T12:00:02Z',
    '--to',
    '2026-05-01T12:00:03Z',
    '-o',
    'ndjson',
  ]);
  assert.equal(later.out, '{"count(*)":4}\n');
});

test('sql goes on past a device that cannot be read, and says so', async () => {
  await using island = await anIsland();
  const values = { flow: 9 };
  for (const device of ['.', '..'])
    island.scene.platform.ingest([{ tenant: 't', project: 'p', device, timeMicros: START, values }]);
  const { code, out, err } = await ask(island, 'SELECT count(*) AS n FROM telemetry', '-o', 'ndjson');
  assert.deepEqual([code, out], [0, '{"n":16}\n']);
  assert.match(
    err,
    /The device "t\/p\/\.\." cannot be read, so its points are not in the view: \. and \.\. are no ids\.\n/,
  );
});

test('sql keeps integers beyond 2^53, booleans and times as they are', async () => {
  await using island = await openIsland();
  const key = { tenant: 't', project: 'p', device: 'd' };
  island.scene.platform.ingest([
    { ...key, values: { big: 9_007_199_254_740_993n, on: true, huge: 2n ** 70n } },
  ]);
  const { out } = await ask(
    island,
    'SELECT metric, typeof(value) AS kind, value, type, time, micros FROM telemetry ORDER BY metric',
    '-o',
    'json',
  );
  const time = { time: '2026-05-01T12:00:00.000000Z', micros: START };
  assert.deepEqual(JSON.parse(out), [
    { metric: 'big', kind: 'integer', value: '9007199254740993', type: 'integer', ...time },
    { metric: 'huge', kind: 'text', value: '1180591620717411303424', type: 'integer', ...time },
    { metric: 'on', kind: 'real', value: 1, type: 'boolean', ...time },
  ]);
});

test('sql prints a table as wide as its cells, with numbers on the right', async () => {
  await using island = await anIsland();
  const { out } = await ask(
    island,
    "SELECT metric, value AS v, value AS v FROM telemetry WHERE device = 'b' AND metric = 'flow' ORDER BY micros LIMIT 2",
  );
  assert.equal(out, 'metric    v  v:1\nflow    0.5  0.5\nflow    1.5  1.5\n');
  const many = await ask(
    island,
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n',
  );
  assert.equal(many.out.split('\n').length - 2, 1_000);
  const none = await ask(island, 'SELECT metric FROM telemetry WHERE false');
  assert.equal(none.out, 'metric\n');
});

test('sql refuses everything but one query over the view, and says why', async () => {
  await using island = await anIsland();
  const cases: [string, RegExp][] = [
    ['DELETE FROM telemetry', /refused: .*(not authorized|cannot modify)/],
    ['DELETE FROM points', /not authorized/],
    ['INSERT INTO series VALUES (9, 1, 1, 1, 1)', /not authorized/],
    ['SELECT * FROM points', /access to points\.series is prohibited/],
    ['SELECT * FROM sqlite_master', /prohibited/],
    ["ATTACH '/tmp/x.db' AS x", /not authorized/],
    ['PRAGMA journal_mode=off', /not authorized/],
    ['SELECT 1; SELECT 2', /more than one statement/],
    ['SELEC 1', /syntax error/],
    ['SELECT colour FROM telemetry', /no such column: colour/],
    ['/* nothing */', /refused/],
  ];
  for (const [sql, message] of cases) {
    const { code, out, err } = await ask(island, sql);
    assert.equal(code, 2, `${sql}: ${err}`);
    assert.match(err, message, sql);
    assert.match(err, /Wanted one query over telemetry\. \[sql-refused\]\n$/, sql);
    assert.equal(out, '', sql);
  }
  const fine = await ask(island, 'SELECT 1 AS one; -- a comment, and a blank ; ', '-o', 'ndjson');
  assert.equal(fine.out, '{"one":1}\n', fine.err);
});

test('sql ends a query at its deadline, and a query that fails, with 7', async () => {
  await using island = await anIsland();
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
  const late = await ask(island, endless, '--deadline', '0.3');
  assert.equal(late.code, 7);
  assert.match(late.err, /took longer than 0\.3 s and was ended.*\[sql-failed\]/);
  const broken = await ask(island, "SELECT json(value) FROM telemetry WHERE metric = 'state'");
  assert.equal(broken.code, 7);
  assert.match(broken.err, /The query failed: malformed JSON\. \[sql-failed\]/);
});

test('sql ends its process when it is interrupted', async () => {
  await using island = await anIsland();
  const stop = new AbortController();
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  const said = await island.skerry(['sql', endless, ...RANGE, '-o', 'ndjson'], {
    signal: stop.signal,
    onOut: () => stop.abort(),
  });
  assert.equal(said.code, 130);
});

test('sql says when the view would hold more than it may, and when no device fits', async () => {
  await using island = await anIsland();
  const much = await ask(island, 'SELECT 1', '--points', '15');
  assert.equal(much.code, 2);
  assert.match(much.err, /more points than --points allows.*\[sql-refused\]/);
  const enough = await ask(island, 'SELECT count(*) AS n FROM telemetry', '--points', '16', '-o', 'ndjson');
  assert.equal(enough.out, '{"n":16}\n');
  const empty = await ask(island, 'SELECT count(*) AS n FROM telemetry', '--device', 'c', '-o', 'ndjson');
  assert.equal(empty.out, '{"n":0}\n');
  assert.match(empty.err, /No device fits; the view is empty/);
  const wrong = await island.skerry(['sql', 'SELECT 1', '--from', 'yesterday']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /--from: "yesterday" is not/);
});

test('sql ends a query that takes more memory than it may have with a clear error, and not the machine', async () => {
  await using island = await anIsland();
  const { code, out, err } = await ask(island, 'SELECT length(hex(zeroblob(400000000)))');
  assert.deepEqual([code, out], [7, '']);
  assert.match(err, /The query took more than the 512 MiB of memory that it may have.*\[sql-failed\]\n$/);
});
