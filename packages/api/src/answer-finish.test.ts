import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { takesGzip } from './answer-finish.ts';
import { openScene, problemIn, rawRequest, TOKEN } from './testing/scene.ts';

const START = 1_777_636_800_000_000;

test('takesGzip reads accept-encoding with its weights', () => {
  for (const yes of ['gzip', 'br, gzip;q=0.5', 'GZIP', '*', 'x-gzip', 'deflate , gzip; q=1.0'])
    assert.ok(takesGzip(yes), yes);
  for (const no of [undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.0, *', 'identity', 'notgzip'])
    assert.ok(!takesGzip(no), String(no));
});

test('a JSON answer has an entity tag that outlives the time of the server, and 304 says that it is the same', async () => {
  await using scene = await openScene();
  const key = { tenant: 't', project: 'p', device: 'd' };
  scene.platform.ingest([{ ...key, values: { v: 1 } }]);
  const first = await scene.get('/api/v1/devices/t/p/d');
  const tag = first.headers.get('etag') ?? '';
  assert.match(tag, /^W\//);
  scene.clock.advance(5_000);
  const same = await scene.get('/api/v1/devices/t/p/d', { 'if-none-match': `"other", ${tag}` });
  assert.deepEqual([same.status, await same.text(), same.headers.get('etag')], [304, '', tag]);
  scene.platform.ingest([{ ...key, values: { v: 2 } }]);
  assert.equal((await scene.get('/api/v1/devices/t/p/d', { 'if-none-match': tag })).status, 200);
  const head = await fetch(`${scene.api.url}/api/v1/devices/t/p/d`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  assert.match(head.headers.get('etag') ?? '', /^W\//);
});

test('a user is changed and removed under if-match only while it is the one that was read', async () => {
  await using scene = await openScene();
  const path = '/api/v1/users/eve';
  const change = (method: string, tag: string, body?: object) =>
    fetch(scene.api.url + path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'if-match': tag,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  assert.equal((await scene.post('/api/v1/users', { name: 'eve', displayName: 'Eve' })).status, 200);
  const tag = (await scene.get(path)).headers.get('etag') ?? '';
  assert.match(tag, /^"/, 'strong');
  assert.equal((await scene.get(path, { 'if-none-match': tag })).status, 304);
  assert.equal((await change('PATCH', tag, { displayName: 'Eva' })).status, 200);
  const late = await change('PATCH', tag, { displayName: 'Evi' });
  assert.deepEqual([late.status, (await problemIn(late)).code], [412, 'precondition-failed']);
  assert.equal((await change('DELETE', tag)).status, 412);
  const shown = await scene.get(path);
  assert.equal(((await shown.json()) as { displayName: string }).displayName, 'Eva');
  assert.equal((await change('DELETE', shown.headers.get('etag') ?? '')).status, 200);
});

test('long answers and streams are compressed for who takes it, and small ones are not', async () => {
  await using scene = await openScene();
  const records = Array.from({ length: 2_000 }, (_, i) => ({
    tenant: 't',
    project: 'p',
    device: `device-${i % 100}`,
    timeMicros: START + i,
    values: { v: i },
  }));
  scene.platform.ingest(records);
  const raw = (path: string, coding: string) =>
    fetchRaw(scene.api.url + path, { 'accept-encoding': coding, authorization: `Bearer ${TOKEN}` });
  for (const path of [
    '/api/v1/devices',
    '/api/v1/export/telemetry?from=2026-05-01&to=2026-05-02',
    '/openapi.json',
  ]) {
    const zipped = await raw(path, 'gzip');
    const plain = await raw(path, 'identity');
    assert.equal(zipped.headers['content-encoding'], 'gzip', path);
    assert.equal(zipped.headers.vary, 'accept-encoding');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.deepEqual(gunzipSync(zipped.body), plain.body, path);
    assert.ok(zipped.body.length < plain.body.length / 3, path);
  }
  assert.equal((await raw('/health', 'gzip')).headers['content-encoding'], undefined);
});

test('requests beyond the limit of their subject are refused with when to come again, and each answer tells what is left', async () => {
  await using scene = await openScene({ bounds: { requests: { burstMax: 3, perSecond: 1 } } });
  const first = await scene.get('/api/v1/devices');
  assert.equal(first.headers.get('ratelimit-policy'), '"subject";q=3;w=3');
  assert.equal(first.headers.get('ratelimit'), '"subject";r=2;t=1');
  await scene.get('/api/v1/devices');
  await scene.get('/api/v1/devices');
  const refused = await scene.get('/api/v1/devices');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
  assert.equal(refused.headers.get('ratelimit'), '"subject";r=0;t=3');
  assert.equal((await problemIn(refused)).code, 'too-many-requests');
  assert.equal((await scene.get('/health')).status, 200, 'not under /api');
  scene.clock.advance(1_000);
  assert.equal((await scene.get('/api/v1/devices')).status, 200);
});

test('pages of others get no answer that they could read: no CORS, no preflight', async () => {
  await using scene = await openScene();
  const headers = {
    origin: 'https://evil.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  const preflight = await rawRequest(`${scene.api.url}/api/v1/devices`, headers, 'OPTIONS');
  assert.equal(preflight.status, 403);
  const own = await scene.get('/api/v1/devices', { origin: scene.api.url });
  assert.deepEqual(
    [...own.headers.keys()].filter((name) => name.startsWith('access-control')),
    [],
  );
});

/** A request whose answer is not decompressed. */
async function fetchRaw(url: string, headers: Record<string, string>) {
  const { request } = await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly body: Buffer;
  }>();
  const sent = request(url, { headers, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
  });
  sent.on('error', reject).end();
  return await promise;
}
