import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, type Scene, TOKEN } from '../../testing/scene.ts';
import { faultsAgainst } from '../../testing/wire-schema.ts';
import { formatTime } from '../../time.ts';

const KEY = { tenant: 't', project: 'p', device: 'd' };
const START = 1_777_636_800_000_000;
const BASE = '/api/v1/telemetry?tenant=t&project=p&device=d&metric=v&from=2026-05-01T12:00:00Z';

function seed(scene: Scene, count: number): void {
  scene.platform.ingest(
    Array.from({ length: count }, (_, i) => ({
      ...KEY,
      timeMicros: START + i * 1_000_000,
      values: { v: i === 77 ? 1_000 : i },
    })),
  );
}

const END = '&to=2026-05-02T12:00:00Z';

test('queryTelemetry pages through all points once, in both orders', async () => {
  await using scene = await openScene();
  seed(scene, 250);
  for (const order of ['asc', 'desc']) {
    const times: string[] = [];
    let cursor = '';
    do {
      const page: Model<'PointPage'> = await scene.json(`${BASE}${END}&order=${order}&limit=100${cursor}`);
      assert.deepEqual(faultsAgainst('PointPage', page), []);
      times.push(...page.items.map((item) => item.time));
      cursor = page.cursor ? `&cursor=${page.cursor}` : '';
    } while (cursor);
    assert.equal(times.length, 250);
    assert.equal(new Set(times).size, 250);
    assert.equal(order === 'asc' ? times[0] : times.at(-1), '2026-05-01T12:00:00.000000Z');
  }
});

test('queryTelemetry refuses a cursor of another list', async () => {
  await using scene = await openScene();
  seed(scene, 5);
  const page: Model<'PointPage'> = await scene.json(`${BASE}${END}&limit=2`);
  const problem = await problemIn(await scene.get(`${BASE}${END}&limit=2&order=desc&cursor=${page.cursor}`));
  assert.equal(problem.errors?.[0]?.pointer, '#/cursor');
  assert.equal((await scene.get(`${BASE}${END}&cursor=garbage`)).status, 400);
});

test('queryTelemetry writes exact integers, texts and booleans so that they can be told apart', async () => {
  await using scene = await openScene();
  const values = [9_007_199_254_740_993n, -5n, 'text', '17', true, 0.1];
  scene.platform.ingest(values.map((v, i) => ({ ...KEY, timeMicros: START + i, values: { v } })));
  const text = await (await scene.get(`${BASE}${END}&format=ndjson`)).text();
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { time: '2026-05-01T12:00:00.000000Z', value: '9007199254740993', type: 'integer' },
      { time: '2026-05-01T12:00:00.000001Z', value: -5 },
      { time: '2026-05-01T12:00:00.000002Z', value: 'text' },
      { time: '2026-05-01T12:00:00.000003Z', value: '17' },
      { time: '2026-05-01T12:00:00.000004Z', value: true },
      { time: '2026-05-01T12:00:00.000005Z', value: 0.1 },
    ],
  );
});

test('queryTelemetry answers buckets with the aggregates asked for', async () => {
  await using scene = await openScene();
  seed(scene, 120);
  const page: Model<'BucketPage'> = await scene.json(`${BASE}${END}&step=1m&aggregates=count,max,mean`);
  assert.deepEqual(page.items, [
    { time: '2026-05-01T12:00:00.000000Z', count: 60, max: 59, mean: 29.5 },
    { time: '2026-05-01T12:01:00.000000Z', count: 60, max: 1_000, mean: (89.5 * 60 - 77 + 1_000) / 60 },
  ]);
  const whole: Model<'BucketPage'> = await scene.json(`${BASE}${END}&step=60s`);
  assert.deepEqual(faultsAgainst('BucketPage', whole), []);
  assert.equal(whole.items[1]?.first, 60);
  const lines = await (await scene.get(`${BASE}${END}&step=1m&aggregates=last&format=ndjson`)).text();
  assert.equal(
    lines,
    '{"time":"2026-05-01T12:00:00.000000Z","last":59}\n{"time":"2026-05-01T12:01:00.000000Z","last":119}\n',
  );
});

test('queryTelemetry marks buckets whose integers doubles may have rounded, and no others', async () => {
  await using scene = await openScene();
  const safe = Number.MAX_SAFE_INTEGER;
  for (const [minute, v] of [
    [0, 2n ** 53n + 1n],
    [1, -(2n ** 60n)],
    [2, safe],
    [3, safe],
    [3, safe],
  ] as const) {
    scene.platform.ingest([{ ...KEY, timeMicros: START + minute * 60_000_000, values: { v } }]);
  }
  const page: Model<'BucketPage'> = await scene.json(`${BASE}${END}&step=1m&aggregates=last`);
  assert.deepEqual(faultsAgainst('BucketPage', page), []);
  assert.deepEqual(
    page.items.map((bucket) => bucket.isRounded ?? false),
    [true, true, false, true],
  );
});

test('queryTelemetry downsamples to the points asked for and keeps the extreme', async () => {
  await using scene = await openScene();
  seed(scene, 5_000);
  const page: Model<'PointPage'> = await scene.json(`${BASE}&to=2026-05-01T13:23:20Z&points=40`);
  assert.ok(page.items.length <= 40 && page.items.length >= 20);
  assert.ok(page.items.some((item) => item.time === formatTime(START + 77_000_000) && item.value === 1_000));
});

test('queryTelemetry names what is wrong with its parameters', async () => {
  await using scene = await openScene();
  const cases: [string, string][] = [
    [`${BASE}&to=yesterday`, '#/to'],
    [`${BASE}&to=2026-04-01T00:00:00Z`, '#/to'],
    [`${BASE}${END}&step=1x`, '#/step'],
    [`${BASE}${END}&step=1m&points=10`, '#/points'],
    [`${BASE}${END}&step=1m&aggregates=median`, '#/aggregates'],
    [`${BASE}${END}&points=3`, '#/points'],
    [`${BASE}${END}&limit=99999`, '#/limit'],
    ['/api/v1/telemetry?tenant=t&project=p&device=d&from=now', '#/metric'],
  ];
  for (const [path, pointer] of cases) {
    const problem = await problemIn(await scene.get(path));
    assert.equal(problem.errors?.[0]?.pointer, pointer, path);
  }
  const large = await problemIn(await scene.get(`${BASE}${END}&step=1ms`));
  assert.equal(large.code, 'range-too-large');
});

test('queryTelemetry streams NDJSON no faster than the client reads and stops when it leaves', async () => {
  await using scene = await openScene();
  seed(scene, 100_000);
  const { platform } = scene;
  const sent = request(`${scene.api.url}${BASE}${END}`, {
    headers: { accept: 'application/x-ndjson', authorization: `Bearer ${TOKEN}` },
  });
  sent.on('error', () => undefined);
  const arrived = Promise.withResolvers<void>();
  sent.on('response', (response) => {
    response.pause();
    response.once('readable', () => arrived.resolve());
  });
  sent.end();
  await arrived.promise;
  await until(async () => {
    const before = platform.rowsRead;
    await turns(50);
    return platform.rowsRead === before;
  });
  assert.ok(
    platform.rowsRead < 100_000,
    `the server read ${platform.rowsRead} rows for a client that reads none`,
  );
  assert.equal(platform.openIterations, 1);
  sent.destroy();
  await until(async () => platform.openIterations === 0);
});

test('queryTelemetry streams every row when they are read', async () => {
  await using scene = await openScene();
  seed(scene, 12_345);
  const text = await (await scene.get(`${BASE}${END}`, { accept: 'application/x-ndjson' })).text();
  assert.equal(text.split('\n').length - 1, 12_345);
  assert.equal(scene.platform.openIterations, 0);
});

test('queryTelemetry breaks the connection off when the store fails in the middle', async () => {
  await using scene = await openScene();
  seed(scene, 5_000);
  const points = scene.platform.points.bind(scene.platform);
  scene.platform.points = async function* (query) {
    for await (const rows of points(query)) {
      yield rows;
      if (scene.platform.rowsRead >= 2_000) throw new Error('disk');
    }
  };
  const response = await scene.get(`${BASE}${END}&format=ndjson`);
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
});

test('queryTelemetry refuses queries beyond the limit and takes them again afterwards', async () => {
  await using scene = await openScene({ bounds: { queriesMax: 1 } });
  seed(scene, 10);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const buckets = scene.platform.buckets.bind(scene.platform);
  scene.platform.buckets = async (query) => {
    begun.resolve();
    await gate.promise;
    return buckets(query);
  };
  const first = scene.get(`${BASE}${END}&step=1m`);
  await begun.promise;
  const refused = await scene.get(`${BASE}${END}&format=ndjson`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  gate.resolve();
  assert.equal((await first).status, 200);
  for (let i = 0; i < 3; i++) {
    const lines = await scene.get(`${BASE}${END}&format=ndjson`);
    assert.equal((await lines.text()).split('\n').length - 1, 10);
  }
});

/** Lets the event loop turn until the condition holds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await turns(1);
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
