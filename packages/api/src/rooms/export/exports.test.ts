import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, type Scene, TOKEN } from '../../testing/scene.ts';
import { faultsAgainst } from '../../testing/wire-schema.ts';

const START = 1_777_636_800_000_000;
const RANGE = 'from=2026-05-01&to=2026-05-02';

async function textOf(scene: Scene, path: string): Promise<string> {
  const response = await scene.get(path);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

/** Three tenants, devices and metrics that are not in order as they come. */
function seed(scene: Scene): void {
  for (const [device, tenant] of [
    ['b', 't2'],
    ['c', 't1'],
    ['a', 't1'],
  ] as const) {
    for (let i = 0; i < 3; i++) {
      const values = { z: i, a: i / 3 };
      scene.platform.ingest([{ tenant, project: 'p', device, timeMicros: START + i, values }]);
    }
  }
}

test('exportTelemetry is CSV by RFC 4180 in a stable order, exact integers with all digits', async () => {
  await using scene = await openScene();
  scene.platform.ingest([
    {
      tenant: 't',
      project: 'p',
      device: 'x, "y"',
      timeMicros: START,
      values: { text: 'two\r\nlines, "q"', big: 2n ** 63n - 1n, on: true, tiny: 5e-324 },
    },
  ]);
  const response = await scene.get(`/api/v1/export/telemetry?${RANGE}`);
  assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename="telemetry.csv"');
  const device = '"x, ""y"""';
  const time = '2026-05-01T12:00:00.000000Z';
  assert.equal(
    await response.text(),
    [
      'tenant,project,device,metric,time,value,type',
      `t,p,${device},big,${time},9223372036854775807,integer`,
      `t,p,${device},on,${time},true,boolean`,
      `t,p,${device},text,${time},"two\r\nlines, ""q""",text`,
      `t,p,${device},tiny,${time},5e-324,number`,
      '',
    ].join('\r\n'),
  );
});

test('exportTelemetry narrows by tenant, device, part of its id, metric and range', async () => {
  await using scene = await openScene();
  seed(scene);
  const seriesIn = async (query: string) => {
    const lines = (await textOf(scene, `/api/v1/export/telemetry?${query}`)).trim().split('\r\n').slice(1);
    return [...new Set(lines.map((line) => line.split(',').slice(0, 4).join(' ')))];
  };
  const all = ['t1 p a a', 't1 p a z', 't1 p c a', 't1 p c z', 't2 p b a', 't2 p b z'];
  assert.deepEqual(await seriesIn(RANGE), all);
  assert.deepEqual(await seriesIn(`${RANGE}&tenant=t2`), ['t2 p b a', 't2 p b z']);
  assert.deepEqual(await seriesIn(`${RANGE}&device=c&metric=z`), ['t1 p c z']);
  assert.deepEqual(await seriesIn(`${RANGE}&search=A`), ['t1 p a a', 't1 p a z']);
  assert.deepEqual(await seriesIn(`${RANGE}&metric=z&metric=a`), all);
  assert.deepEqual(await seriesIn('from=2026-05-02&to=2026-05-03'), []);
});

test('exportTelemetry goes on behind the cursor of any row, within the first range, to the same whole', async () => {
  await using scene = await openScene();
  seed(scene);
  const path = '/api/v1/export/telemetry?from=2026-05-01&format=ndjson&cursors=true';
  scene.clock.advance(1_000); // `to` is now, behind the points
  const whole = (await textOf(scene, path))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Model<'ExportedPoint'>);
  assert.equal(whole.length, 18);
  for (const row of whole) assert.deepEqual(faultsAgainst('ExportedPoint', row), []);
  const limited = (await textOf(scene, `${path}&limit=7`)).trim().split('\n');
  assert.deepEqual(
    limited.map((line) => JSON.parse(line)),
    whole.slice(0, 7),
  );
  scene.platform.ingest([
    { tenant: 't2', project: 'p', device: 'b', timeMicros: START + 2_000_000, values: { z: 99 } },
  ]);
  scene.clock.advance(10_000);
  for (const [index, row] of whole.entries()) {
    const rest = await textOf(scene, `${path}&cursor=${row.cursor}`);
    assert.deepEqual(
      rest
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
      whole.slice(index + 1),
    );
  }
});

test('exportTelemetry reads no further than the client takes, and ends with it', async () => {
  await using scene = await openScene();
  const records = Array.from({ length: 60_000 }, (_, i) => ({
    tenant: 't',
    project: 'p',
    device: 'd',
    timeMicros: START + i,
    values: { text: `${'x'.repeat(100)}${i}` },
  }));
  scene.platform.ingest(records);
  const stop = new AbortController();
  const response = await fetch(`${scene.api.url}/api/v1/export/telemetry?${RANGE}`, {
    headers: { authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'identity' },
    signal: stop.signal,
  });
  const reader = response.body?.getReader();
  await reader?.read();
  assert.equal(scene.meter.gauge('iot_api_exports', '').value, 1);
  assert.ok(scene.platform.rowsRead < 60_000, `${scene.platform.rowsRead} rows were read for one piece`);
  stop.abort();
  while (scene.platform.openIterations > 0 || scene.meter.gauge('iot_api_exports', '').value > 0)
    await new Promise((done) => setImmediate(done));
});

test('exportTelemetry that fails on its way breaks off, and never looks whole', async () => {
  await using scene = await openScene();
  seed(scene);
  const points = scene.platform.points.bind(scene.platform);
  scene.platform.points = async function* (query) {
    if (query.series.device === 'c') throw new TypeError('the disk is gone');
    yield* points(query);
  };
  const read = async (coding: string) => {
    const response = await scene.get(`/api/v1/export/telemetry?${RANGE}`, { 'accept-encoding': coding });
    assert.equal(response.status, 200);
    return response.text();
  };
  await assert.rejects(read('identity'));
});

test('exportDevices lists every device once, resumable', async () => {
  await using scene = await openScene();
  seed(scene);
  const csv = (await textOf(scene, '/api/v1/export/devices?cursors=true')).trim().split('\r\n');
  assert.equal(csv[0], 'tenant,project,device,lastSeen,metrics,cursor');
  assert.deepEqual(
    csv.slice(1).map((line) => line.split(',').slice(0, 3).join(' ')),
    ['t1 p a', 't1 p c', 't2 p b'],
  );
  const cursor = csv[1]?.split(',').at(-1);
  const rest = (await textOf(scene, `/api/v1/export/devices?format=ndjson&cursor=${cursor}`))
    .trim()
    .split('\n');
  assert.deepEqual(
    rest.map((line) => JSON.parse(line).device),
    ['c', 'b'],
  );
  for (const line of rest) assert.deepEqual(faultsAgainst('ExportedDevice', JSON.parse(line)), []);
  const silent = (await textOf(scene, '/api/v1/export/devices?seenBefore=now-1d')).trim();
  assert.equal(silent, 'tenant,project,device,lastSeen,metrics');
});

test('exports hold nothing outside of the scopes of who asks, by filter or by cursor', async () => {
  await using scene = await openScene();
  seed(scene);
  scene.clock.advance(1_000);
  const grants = [{ role: 'viewer', tenant: 't2' }];
  const made = await scene.post('/api/v1/tokens', { name: 'of-t2', grants });
  const { secret } = (await made.json()) as { secret: string };
  const rowsFor = async (token: string, query: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await scene.get(`/api/v1/export/${query}`, headers);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Model<'ExportedPoint'>);
  };
  const points = 'telemetry?from=2026-05-01&format=ndjson&cursors=true';
  const all = await rowsFor(TOKEN, points);
  assert.deepEqual([...new Set(all.map(({ tenant }) => tenant))], ['t1', 't2']);
  const cursor = all[0]?.cursor;
  for (const query of [points, `${points}&tenant=t1`, `${points}&device=a`, `${points}&cursor=${cursor}`]) {
    const seen = await rowsFor(secret, query);
    assert.deepEqual(
      seen.filter(({ tenant }) => tenant !== 't2'),
      [],
      query,
    );
  }
  assert.equal((await rowsFor(secret, points)).length, 6);
  const devices = await rowsFor(secret, 'devices?format=ndjson');
  assert.deepEqual(
    devices.map(({ device }) => device),
    ['b'],
  );
});

/** More than the connection holds for a client that does not read. */
function seedMuch(scene: Scene): void {
  const text = 'x'.repeat(1_000);
  scene.platform.ingest(
    Array.from({ length: 20_000 }, (_, i) => ({
      ...{ tenant: 't1', project: 'p', device: 'd', timeMicros: START + i },
      values: { text: `${text}${i}` },
    })),
  );
}

test('exports whose client takes nothing for long are broken off, and give their place back', async () => {
  await using scene = await openScene();
  seedMuch(scene);
  const path = `${scene.api.url}/api/v1/export/telemetry?${RANGE}`;
  const plain = { authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'identity' };
  const response = await fetch(path, { headers: plain });
  const running = scene.meter.gauge('iot_api_exports', '');
  const dropped = scene.meter.counter('iot_api_answers_dropped_total', '');
  let rows = -1;
  while (rows !== scene.platform.rowsRead) {
    rows = scene.platform.rowsRead;
    for (let i = 0; i < 100; i++) await new Promise((done) => setImmediate(done));
  }
  assert.ok(rows < 20_000, `${rows} rows were taken`);
  scene.clock.advance(29_000);
  assert.deepEqual([running.value, dropped.value], [1, 0]);
  scene.clock.advance(1_000);
  assert.equal(dropped.value, 1);
  while (running.value > 0) await new Promise((done) => setImmediate(done));
  await assert.rejects(response.text());
});

test('exports and queries are shared: who holds a share keeps nobody else out', async () => {
  await using scene = await openScene();
  seedMuch(scene);
  const tokenOf = async (name: string, tenant: string) => {
    const grants = [{ role: 'viewer', tenant }];
    const made = await scene.post('/api/v1/tokens', { name, grants });
    const { secret } = (await made.json()) as Model<'TokenWithSecret'>; // the answer of its operation
    return { authorization: `Bearer ${secret}`, 'accept-encoding': 'identity' };
  };
  const stop = new AbortController();
  const { signal } = stop;
  const held: Response[] = []; // one that is forgotten is cancelled
  const statusFor = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${scene.api.url}/api/v1/${path}`, { headers, signal });
    held.push(response);
    return response.status;
  };
  const first = await tokenOf('first', 't1');
  const second = await tokenOf('second', 't1');
  const beta = await tokenOf('beta', 't2');
  const points = `telemetry?tenant=t1&project=p&device=d&metric=text&${RANGE}&format=ndjson`;
  for (const [path, own, tenants] of [
    [`export/telemetry?${RANGE}`, 3, 5],
    [points, 8, 12],
  ] as const) {
    const statuses: number[] = [];
    for (const headers of [first, second])
      for (let i = 0; i <= own; i++) statuses.push(await statusFor(path, headers));
    assert.equal(statuses.filter((status) => status === 200).length, tenants, path);
    assert.deepEqual([statuses[own - 1], statuses[own], statuses.at(-1)], [200, 503, 503]);
  }
  assert.equal(await statusFor(`export/telemetry?${RANGE}`, beta), 200);
  const others = points.replace('tenant=t1', 'tenant=t2');
  assert.notEqual(await statusFor(others, beta), 503);
  stop.abort();
});
