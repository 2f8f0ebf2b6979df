import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type Island, openIsland } from './testing/island.ts';

const KEY = { tenant: 't', project: 'p', device: 'd' };
const START = 1_777_636_800_000_000;
const SERIES = 'telemetry query --tenant t --project p --device d --metric v';
const DAY = '--from 2026-05-01 --to 2026-05-02';

function seed(island: Island, count: number): void {
  island.scene.platform.ingest(
    Array.from({ length: count }, (_, i) => ({
      ...KEY,
      timeMicros: START + i * 1_000_000,
      values: { v: i },
    })),
  );
}

test('telemetry query -o ndjson prints one point a line, oldest first, exact integers marked', async () => {
  await using island = await openIsland();
  const values = [9_007_199_254_740_993n, 'text', true, 0.1];
  island.scene.platform.ingest(values.map((v, i) => ({ ...KEY, timeMicros: START + i, values: { v } })));
  const { code, out, err } = await island.skerry(`${SERIES} ${DAY} -o ndjson`);
  assert.equal(code, 0);
  assert.equal(err, '');
  assert.equal(
    out,
    '{"time":"2026-05-01T12:00:00.000000Z","value":"9007199254740993","type":"integer"}\n' +
      '{"time":"2026-05-01T12:00:00.000001Z","value":"text"}\n' +
      '{"time":"2026-05-01T12:00:00.000002Z","value":true}\n' +
      '{"time":"2026-05-01T12:00:00.000003Z","value":0.1}\n',
  );
});

test('telemetry query has no hidden limit: --from is inclusive, --to exclusive', async () => {
  await using island = await openIsland();
  seed(island, 25_000);
  const all = await island.skerry(`${SERIES} ${DAY} -o ndjson`);
  assert.equal(all.out.split('\n').length - 1, 25_000);
  const part = await island.skerry(
    `${SERIES} --from 2026-05-01T12:00:10Z --to 2026-05-01T12:00:12Z -o ndjson`,
  );
  assert.deepEqual(
    part.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).value),
    [10, 11],
  );
  const newest = await island.skerry(`${SERIES} ${DAY} --newest-first --limit 2 -o ndjson`);
  assert.deepEqual(
    newest.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).value),
    [24_999, 24_998],
  );
});

test('telemetry query prints well-formed JSON and YAML, and a table', async () => {
  await using island = await openIsland();
  seed(island, 2);
  const points = [
    { time: '2026-05-01T12:00:00.000000Z', value: 0 },
    { time: '2026-05-01T12:00:01.000000Z', value: 1 },
  ];
  assert.deepEqual(JSON.parse((await island.skerry(`${SERIES} ${DAY} -o json`)).out), points);
  assert.deepEqual(parse((await island.skerry(`${SERIES} ${DAY} -o yaml`)).out), points);
  assert.equal(
    (await island.skerry(`${SERIES} ${DAY} -o wide`)).out,
    'TIME                                        VALUE  TYPE\n' +
      '2026-05-01T12:00:00.000000Z                     0  number\n' +
      '2026-05-01T12:00:01.000000Z                     1  number\n',
  );
  assert.equal((await island.skerry(`${SERIES} --to 2026-01-01 --from 2026-01-01 -o json`)).out, '[]\n');
});

test('telemetry query --step says which buckets are rounded, and how to have them exactly', async () => {
  await using island = await openIsland();
  const big = { tenant: 't', project: 'p', device: 'd', timeMicros: START, values: { v: 2n ** 53n + 1n } };
  island.scene.platform.ingest([big, { ...big, timeMicros: START + 60_000_000, values: { v: 1 } }]);
  const line =
    'telemetry query --tenant t --project p --device d --metric v --from 2026-05-01 --to 2026-05-02 --step 1m';
  const { out, err } = await island.skerry(`${line} --aggregates max -o wide`);
  const marks = out
    .trimEnd()
    .split('\n')
    .map((row) => row.trimEnd().endsWith(' yes'));
  assert.deepEqual(marks, [false, true, false]);
  assert.match(
    err,
    /^1 of 2 buckets hold integers beyond 2\^53 or a sum beyond it.*without --step they are exact/,
  );
  assert.match(
    (await island.skerry(`${line} --aggregates max -o ndjson`)).out,
    /"isRounded":true\}\n.*"max":1\}/,
  );
});

test('telemetry query --step prints the aggregates asked for', async () => {
  await using island = await openIsland();
  seed(island, 120);
  const { out } = await island.skerry(`${SERIES} ${DAY} --step 1m --aggregates count,max -o ndjson`);
  assert.equal(
    out,
    '{"time":"2026-05-01T12:00:00.000000Z","count":60,"max":59}\n{"time":"2026-05-01T12:01:00.000000Z","count":60,"max":119}\n',
  );
  const table = await island.skerry(`${SERIES} ${DAY} --step 1m --aggregates count,max`);
  assert.match(table.out, /^TIME +COUNT +MAX\n2026-05-01T12:00:00\.000000Z +60 +59\n/);
  const few = await island.skerry(`${SERIES} ${DAY} --points 10 -o ndjson`);
  assert.ok(few.out.split('\n').length - 1 <= 10);
});

test('telemetry query names the flag that is wrong, what was found and what was wanted', async () => {
  await using island = await openIsland();
  seed(island, 1);
  const cases: [string, number, RegExp][] = [
    [
      `${SERIES} --from yesterday`,
      2,
      /^skerry: --from: "yesterday" is not an ISO 8601 time.* See npx skerry telemetry query --help\. \[invalid-request\]\n$/,
    ],
    [`${SERIES} --from 2026-05-02 --to 2026-05-01`, 2, /--to: lies before `from`/],
    [`${SERIES} ${DAY} --step 1x`, 2, /--step: is not a duration/],
    [`${SERIES} ${DAY} --step 1m --aggregates median`, 2, /--aggregates: "median" is none of count/],
    [`${SERIES} ${DAY} --aggregates max`, 2, /--aggregates goes with --step/],
    [`${SERIES} ${DAY} --limit 1.5`, 2, /--limit: found 1\.5, wanted a whole number/],
    [`${SERIES} ${DAY} --step 1ms`, 2, /86400000 buckets were asked for.*\[range-too-large\]/],
    [
      'telemetry query --tenant t --project p --device nobody --metric v',
      9,
      /no device t\/p\/nobody was ever seen/,
    ],
    ['telemetry query --tenant t --project p --device d --metric w', 0, /has no metric "w"; it has v\./],
    [`${SERIES} --from 2020-01-01 --to 2020-01-02`, 0, /No point lies in this range\./],
  ];
  for (const [line, code, message] of cases) {
    const said = await island.skerry(line);
    assert.equal(said.code, code, line);
    assert.match(said.err, message, line);
    assert.doesNotMatch(said.out, /\d/, line);
  }
});

test('telemetry query ends with 75 when the answer breaks off, after the points that came', async () => {
  await using island = await openIsland();
  seed(island, 5_000);
  const { platform } = island.scene;
  const points = platform.points.bind(platform);
  platform.points = async function* (query) {
    for await (const rows of points(query)) {
      yield rows;
      if (platform.rowsRead >= 2_000) throw new Error('disk');
    }
  };
  const { code, err } = await island.skerry(`${SERIES} ${DAY} -o ndjson`);
  assert.equal(code, 75);
  assert.match(err, /\[answer-broken\]/);
});

test('telemetry query stops reading when it is interrupted', async () => {
  await using island = await openIsland();
  seed(island, 50_000);
  const stop = new AbortController();
  const said = await island.skerry(`${SERIES} ${DAY} -o ndjson`, {
    signal: stop.signal,
    onOut: () => stop.abort(),
  });
  assert.equal(said.code, 130);
  assert.ok(said.out.split('\n').length < 50_000);
});

/** Resolves when the condition holds; the event loop turns between two looks. */
async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setImmediate(resolve));
}

test('telemetry tail prints points as they become visible, of the series asked for', async () => {
  await using island = await openIsland();
  const tail = island.skerry('telemetry tail --device d --metric v --limit 2 -o ndjson');
  await until(() => island.scene.meter.gauge('iot_api_streams', '').value === 1);
  island.scene.platform.ingest([{ ...KEY, values: { v: 1, w: 5 } }]);
  island.scene.platform.ingest([{ ...KEY, device: 'other', values: { v: 7 } }]);
  island.scene.platform.ingest([{ ...KEY, values: { v: 2 } }]);
  const { code, out } = await tail;
  assert.equal(code, 0);
  const point = { time: '2026-05-01T12:00:00.000000Z', ...KEY, metric: 'v' };
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { ...point, value: 1 },
      { ...point, value: 2 },
    ],
  );
});

test('telemetry tail continues after a cut where it was, without gap or duplicate', async () => {
  await using island = await openIsland();
  const { platform, meter } = island.scene;
  const streams = () => meter.gauge('iot_api_streams', '').value;
  const feed = platform.live.bind(platform);
  const cut = new AbortController();
  const asked: (string | undefined)[] = [];
  platform.live = (filters, afterId, signal) => {
    asked.push(afterId);
    return feed(filters, afterId, asked.length === 1 ? AbortSignal.any([signal, cut.signal]) : signal);
  };
  let printed = '';
  const tail = island.skerry('telemetry tail --limit 4 -o ndjson', {
    onOut: (text) => {
      printed = text;
    },
  });
  await until(() => streams() === 1);
  platform.ingest([{ ...KEY, values: { v: 1 } }]);
  await until(() => printed.includes('"value":1}'));
  cut.abort();
  for (const v of [2, 3]) platform.ingest([{ ...KEY, values: { v } }]);
  await until(() => printed.includes('"value":3}'));
  platform.ingest([{ ...KEY, values: { v: 4 } }]);
  const { code, out, err } = await tail;
  assert.equal(code, 0);
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).value),
    [1, 2, 3, 4],
  );
  // the feed that all streams share is opened anew beside the one that catches up
  assert.deepEqual(
    asked.filter((id) => id !== undefined),
    ['v1.j1.1'],
  );
  assert.match(err, /The stream ended \(in order\); connecting again\.\n/);
});

test('telemetry tail says that points are missing when it cannot continue', async () => {
  await using island = await openIsland({ liveBatchesMax: 2 });
  const { platform } = island.scene;
  const feed = platform.live.bind(platform);
  const cut = new AbortController();
  let calls = 0;
  platform.live = (filters, afterId, signal) => {
    calls += 1;
    if (afterId !== undefined) for (const v of [2, 3, 4, 5]) platform.ingest([{ ...KEY, values: { v } }]);
    return feed(filters, afterId, calls === 1 ? AbortSignal.any([signal, cut.signal]) : signal);
  };
  const tail = island.skerry('telemetry tail --limit 3 -o ndjson', { onOut: () => cut.abort() });
  await until(() => calls === 1);
  platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { code, out, err } = await tail;
  assert.equal(code, 0);
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).value),
    [1, 4, 5],
  );
  assert.match(err, /Points are missing here: .*skerry telemetry query has what is stored\./);
});

test('telemetry tail ends with 0 when it is interrupted, its JSON well formed', async () => {
  await using island = await openIsland();
  const stop = new AbortController();
  const tail = island.skerry('telemetry tail -o json', { signal: stop.signal, onOut: () => stop.abort() });
  await until(() => island.scene.meter.gauge('iot_api_streams', '').value === 1);
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { code, out } = await tail;
  assert.equal(code, 0);
  assert.equal(JSON.parse(out)[0].value, 1);
});

test('telemetry tail fails at once when there is no instance to begin with', async () => {
  await using island = await openIsland();
  await island.scene.api[Symbol.asyncDispose]();
  const { code, err } = await island.skerry('telemetry tail');
  assert.equal(code, 5);
  assert.match(err, /\[unreachable\]/);
});
