import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiClient } from './client.ts';
import { ApiError } from './errors.ts';
import { openScene, TOKEN } from './testing/scene.ts';

const KEY = { tenant: 't', project: 'p', device: 'a/b c' };
const START = 1_777_636_800_000_000;

test('createApiClient asks with encoded parts and reads the typed answer', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const client = createApiClient({ url: scene.api.url, token: TOKEN });
  const detail = await client.ask('getDevice', { params: KEY });
  assert.equal(detail.device, 'a/b c');
  const devices = await client.ask('listDevices', { query: { search: 'B C', limit: 5 } });
  assert.equal(devices.items.length, 1);
  assert.equal(await client.ask('getMetrics'), '');
});

test('createApiClient reads NDJSON line by line and may stop early', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 5_000 }, (_, i) => ({ ...KEY, timeMicros: START + i, values: { v: i } })),
  );
  const client = createApiClient({ url: scene.api.url, token: TOKEN });
  const query = { ...KEY, metric: 'v', from: '2026-05-01', to: '2026-05-02' };
  let count = 0;
  for await (const _ of client.lines('queryTelemetry', { query })) count++;
  assert.equal(count, 5_000);
  for await (const line of client.lines('queryTelemetry', { query })) {
    assert.deepEqual(line, { time: '2026-05-01T12:00:00.000000Z', value: 0 });
    break;
  }
});

test('createApiClient turns problems, silence and broken answers into ApiErrors', async () => {
  await using scene = await openScene();
  const withToken = createApiClient({ url: scene.api.url, token: TOKEN });
  const without = createApiClient({ url: scene.api.url });
  const client = withToken;
  const refused = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;
  await assert.rejects(client.ask('getDevice', { params: KEY }), refused('not-found'));
  await assert.rejects(without.ask('replayDeadLetters', { body: {} }), refused('sign-in-required'));
  assert.deepEqual(await withToken.ask('replayDeadLetters', { body: {} }), { changed: 0, unchanged: 0 });
  await assert.rejects(
    createApiClient({ url: 'http://127.0.0.1:1' }).ask('getHealth'),
    refused('unreachable'),
  );
  scene.platform.points = async function* () {
    yield {
      times: Float64Array.of(START),
      values: [1],
      offsets: Float64Array.of(0),
      ordinals: Uint16Array.of(0),
    };
    throw new Error('disk');
  };
  const query = { ...KEY, metric: 'v', from: '2026-05-01', to: '2026-05-02' };
  const read = async () => {
    for await (const _ of client.lines('queryTelemetry', { query }));
  };
  await assert.rejects(read(), refused('answer-broken'));
});

test('createApiClient follows the event stream', async () => {
  await using scene = await openScene();
  const client = createApiClient({ url: scene.api.url, token: TOKEN });
  const stop = new AbortController();
  const events = client.events({ query: { subscribe: ['overview', 'points'] }, signal: stop.signal });
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  while (scene.meter.gauge('iot_api_streams', '').value === 0)
    await new Promise((done) => setImmediate(done));
  scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { value } = await first;
  assert.equal(value.event, 'points');
  assert.equal(value.id, 'v1.j1.1');
  stop.abort();
});
