import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem, createClient } from '@skerry/client';
import { openScene, TOKEN } from './testing/scene.ts';

const KEY = { tenant: 't', project: 'p', device: 'a/b c' };
const START = 1_777_636_800_000_000;
const QUERY = { ...KEY, metric: 'v', from: '2026-05-01', to: '2026-05-02' };

test('createClient asks this server with encoded parts and reads the typed answer', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const client = createClient({ url: scene.api.url, token: TOKEN });
  assert.equal((await client.getDevice(KEY)).device, 'a/b c');
  const devices = await client.listDevices({ search: 'B C', limit: 5 });
  assert.equal(devices.items.length, 1);
  assert.equal(await client.getMetrics(), '');
  assert.deepEqual(await client.replayDeadLetters({ body: { all: true } }), {
    changed: 0,
    unchanged: 0,
    failedAgain: 0,
    undecided: 0,
  });
});

test('createClient sends telemetry, and exports it again as lines and as a file', async () => {
  await using scene = await openScene();
  const client = createClient({ url: scene.api.url, token: TOKEN });
  const device = { tenantId: 't', projectId: 'p', deviceId: 'd' };
  const body = { type: 'application/x-ndjson', bytes: '{"v":1}\n{"v":2}\n' };
  const sent = await client.sendTelemetry({ ...device, body, idempotencyKey: 'k' });
  assert.deepEqual([sent.records, sent.isRepeated], [2, false]);
  assert.equal((await client.sendTelemetry({ ...device, body, idempotencyKey: 'k' })).isRepeated, true);
  scene.clock.advance(1_000);
  const values: unknown[] = [];
  for await (const { value } of client.exportTelemetryLines({ from: 'now-1h' })) values.push(value);
  assert.deepEqual(values, [1, 2]);
  const file = await client.exportTelemetry({ from: 'now-1h', format: 'csv' });
  assert.equal((await file.text()).split('\r\n').length, 4);
});

test('createClient reads NDJSON line by line and may stop early', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 5_000 }, (_, i) => ({ ...KEY, timeMicros: START + i, values: { v: i } })),
  );
  const client = createClient({ url: scene.api.url, token: TOKEN });
  let count = 0;
  for await (const _ of client.queryTelemetryLines(QUERY)) count++;
  assert.equal(count, 5_000);
  for await (const line of client.queryTelemetryLines(QUERY)) {
    assert.deepEqual(line, { time: '2026-05-01T12:00:00.000000Z', value: 0 });
    break;
  }
});

test('createClient tells this server’s problems, and an answer that broke off', async () => {
  await using scene = await openScene();
  const client = createClient({ url: scene.api.url, token: TOKEN });
  const refused =
    (...codes: string[]) =>
    (error: unknown) =>
      error instanceof ApiProblem && codes.includes(error.code);
  await assert.rejects(client.getDevice(KEY), refused('not-found'));
  await assert.rejects(createClient({ url: scene.api.url }).getOverview(), refused('sign-in-required'));
  scene.platform.points = async function* () {
    yield {
      times: Float64Array.of(START),
      values: [1],
      offsets: Float64Array.of(0),
      ordinals: Uint16Array.of(0),
    };
    throw new TypeError('disk');
  };
  const read = async () => {
    for await (const _ of client.queryTelemetryLines(QUERY));
  };
  // a piece that is still in the compressor leaves room for a problem body
  await assert.rejects(read(), refused('answer-broken', 'internal'));
});

test('createClient follows the event stream', async () => {
  await using scene = await openScene();
  const client = createClient({ url: scene.api.url, token: TOKEN });
  const stop = new AbortController();
  const events = client.openStream({ subscribe: ['overview', 'points'] }, { signal: stop.signal });
  const first = events.next();
  while (scene.meter.gauge('iot_api_streams', '').value === 0)
    await new Promise((done) => setImmediate(done));
  scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { value } = await first;
  assert.deepEqual([value?.event, value?.id], ['points', 'v1.j1.1']);
  stop.abort();
});
