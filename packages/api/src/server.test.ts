import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MetricFamily } from '@skerry/kernel';
import type { Model, SchemaName } from './schemas.ts';
import { exchange, openScene, problemIn, rawRequest, TOKEN } from './testing/scene.ts';
import { faultsAgainst } from './testing/wire-schema.ts';

const KEY = { tenant: 't', project: 'p', device: 'pump 1/a' };
const AS_LOCAL = { authorization: `Bearer ${TOKEN}` };
const PATH = '/api/v1/devices/t/p/pump%201%2Fa';

test('openApi answers every reading operation in the shape of its schema', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: { speed: 1.5, name: 'x', big: 2n ** 60n, on: true }, seq: 1 }]);
  scene.platform.ingest([
    { ...KEY, values: { speed: 2.5 }, seq: 5 },
    { ...KEY, values: undefined, payload: Uint8Array.of(0xff, 0x00) },
  ]);
  const operations: [string, SchemaName][] = [
    ['/health', 'Health'],
    ['/ready', 'Readiness'],
    ['/api/v1/overview', 'Overview'],
    ['/api/v1/overview/history', 'OverviewHistory'],
    ['/api/v1/devices', 'DevicePage'],
    [PATH, 'DeviceDetail'],
    [`${PATH}/latest`, 'Latest'],
    ['/api/v1/ledger', 'Ledger'],
    ['/api/v1/ledger/audit', 'AuditReport'],
    ['/api/v1/gaps', 'GapPage'],
    ['/api/v1/dead-letters', 'DeadLetterPage'],
    ['/api/v1/dead-letters/2', 'DeadLetterDetail'],
    ['/api/v1/config', 'Config'],
  ];
  for (const [path, schema] of operations) {
    const response = await scene.get(path);
    assert.equal(response.status, 200, path);
    assert.deepEqual(faultsAgainst(schema, await response.json()), [], path);
  }
});

test('openApi refuses a Host it does not serve and serves names of loopback', async () => {
  await using scene = await openScene();
  const { port } = scene.api.address;
  const evil = await rawRequest(`${scene.api.url}/api/v1/devices`, { host: `evil.example:${port}` });
  assert.equal(evil.status, 403);
  assert.equal(JSON.parse(evil.body).code, 'host-refused');
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]', 'LOCALHOST']) {
    assert.equal((await rawRequest(`${scene.api.url}/health`, { host })).status, 200, host);
  }
});

test('openApi refuses the Origin of another page and takes its own', async () => {
  await using scene = await openScene();
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1']) {
    const answer = await scene.get('/api/v1/devices', { origin });
    assert.equal(answer.status, 403, origin);
    assert.equal((await problemIn(answer)).code, 'origin-refused');
  }
  assert.equal((await scene.get('/api/v1/devices', { origin: scene.api.url })).status, 200);
});

test('openApi refuses under /api what another site made the browser ask for, without an Origin too', async () => {
  await using scene = await openScene();
  const ask = (path: string, site: string) =>
    rawRequest(scene.api.url + path, { ...AS_LOCAL, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' });
  for (const site of ['cross-site', 'same-site', 'strange']) {
    for (const path of ['/api/v1/stream?subscribe=overview', '/%61pi/v1/stream?subscribe=overview', '/api']) {
      const answer = await ask(path, site);
      assert.equal(answer.status, 403, `${path} ${site}`);
      assert.equal(JSON.parse(answer.body).code, 'origin-refused');
    }
  }
  for (const site of ['same-origin', 'none']) {
    assert.equal((await ask('/api/v1/devices', site)).status, 200, site);
  }
  assert.equal((await ask('/', 'cross-site')).status, 200, 'a link to the page');
});

test('openApi lets writes through with the token only', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: undefined }]);
  const without = await scene.post('/api/v1/dead-letters/0/replay', undefined, null);
  assert.equal(without.status, 401);
  assert.equal(without.headers.get('www-authenticate'), 'Bearer realm="skerry"');
  assert.equal((await problemIn(without)).code, 'sign-in-required');
  const wrong = await scene.post('/api/v1/dead-letters/0/replay', undefined, 'wrong');
  assert.equal((await problemIn(wrong)).code, 'token-refused');
  assert.equal((await scene.platform.deadLetter(0))?.state, 'open');
  assert.equal((await scene.post('/api/v1/dead-letters/0/replay')).status, 200);
  assert.equal((await scene.platform.deadLetter(0))?.state, 'replayed');
});

test('openApi names every fault of a request with a pointer', async () => {
  await using scene = await openScene();
  const answer = await scene.get('/api/v1/devices?limit=0&colour=red');
  assert.equal(answer.status, 400);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const problem = await problemIn(answer);
  assert.deepEqual(faultsAgainst('Problem', problem), []);
  assert.equal(problem.type, '/errors/invalid-request');
  const places = problem.errors?.map((fault) => `${fault.in} ${fault.pointer}`).sort();
  assert.deepEqual(places, ['query #/colour', 'query #/limit']);
});

test('openApi answers faults of the body with their code', async () => {
  await using scene = await openScene();
  const path = '/api/v1/dead-letters/replay';
  const send = (body: string, type = 'application/json') =>
    fetch(scene.api.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': type, ...AS_LOCAL },
    });
  assert.equal((await problemIn(await send('{'))).code, 'invalid-request');
  assert.equal((await problemIn(await send('{"tenant":1}'))).errors?.[0]?.pointer, '#/tenant');
  assert.equal((await problemIn(await send(`"${'x'.repeat(70_000)}"`))).code, 'body-too-large');
  assert.equal((await problemIn(await send('a=1', 'text/csv'))).code, 'unsupported-media-type');
  assert.equal((await problemIn(await send('{"__proto__":{"x":1}}'))).code, 'invalid-request');
});

test('openApi takes an empty body for none, whatever type it says it has', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: undefined }]);
  const send = async (method: string, path: string, body?: Blob) => {
    const headers = { ...AS_LOCAL, 'content-type': 'application/json' };
    const response = await fetch(scene.api.url + path, { method, headers, ...(body ? { body } : {}) });
    return [response.status, response.status === 200 ? '' : (await problemIn(response)).code];
  };
  assert.deepEqual(await send('POST', '/api/v1/dead-letters/0/replay'), [200, '']);
  assert.deepEqual(await send('DELETE', '/api/v1/pipelines/absent'), [404, 'not-found']);
  assert.deepEqual(await send('POST', '/api/v1/pipelines/absent/undo'), [404, 'not-found']);
  assert.deepEqual(await send('POST', '/api/v1/tokens'), [400, 'invalid-request']);
  assert.deepEqual(await send('POST', '/api/v1/dead-letters/0/replay', new Blob(['{'])), [
    400,
    'invalid-request',
  ]);
});

test('openApi answers unknown addresses, wrong methods, broken and long URLs with problems', async () => {
  await using scene = await openScene();
  assert.equal((await problemIn(await scene.get('/api/v1/nothing'))).code, 'not-found');
  assert.equal((await problemIn(await scene.get('/api/v2'))).code, 'not-found');
  const wrong = await scene.post('/api/v1/ledger');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD');
  assert.equal((await problemIn(await scene.get(`/api/v1/devices?search=${'x'.repeat(9_000)}`))).status, 414);
  assert.equal((await problemIn(await scene.get('/api/v1/devices/%zz/p/d'))).code, 'invalid-request');
  assert.equal((await problemIn(await scene.get('/api/v1/devices/t/p/absent'))).code, 'not-found');
});

test('openApi answers what the HTTP parser refuses with problems, then closes the connection', async () => {
  await using scene = await openScene();
  const { port } = scene.api.address;
  const host = `Host: 127.0.0.1:${port}\r\n`;
  const cases: [string, number, string][] = [
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 414, 'url-too-long'],
    [`GET / HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
    ['this is no HTTP\r\n\r\n', 400, 'invalid-request'],
    [`GET /health HTTP/1.1\r\n${host}${host}Connection: close\r\n\r\n`, 400, 'invalid-request'],
    ['GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 403, 'host-refused'],
    ['GET /health HTTP/1.0\r\n\r\n', 403, 'host-refused'],
  ];
  for (const [request, status, code] of cases) {
    const { head, body } = await exchange(port, request);
    const which = request.slice(0, 60);
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} .+\r\n`), which);
    assert.match(head, /\r\ncontent-type: application\/problem\+json/i, which);
    assert.match(head, /\r\nx-content-type-options: nosniff\r\n/i, which);
    assert.match(head, /\r\ncontent-security-policy: default-src 'none'/i, which);
    const problem: unknown = JSON.parse(body);
    assert.deepEqual(faultsAgainst('Problem', problem), [], which);
    assert.equal((problem as Model<'Problem'>).code, code, which); // its shape was checked above
  }
});

test('openApi cuts an event stream whose client sends garbage, and writes nothing into it', async () => {
  await using scene = await openScene();
  const { port } = scene.api.address;
  const request = `GET /api/v1/stream?subscribe=overview HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
  const { head, body } = await exchange(port, request, ': open', 'garbage\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(body, /HTTP|invalid-request/);
});

test('openApi answers HEAD like GET, without a body', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, values: { speed: 1.5 } }]);
  scene.clock.advance(1_000);
  const lines =
    '/api/v1/telemetry?tenant=t&project=p&device=pump%201%2Fa&metric=speed&from=now-1h&format=ndjson';
  for (const path of ['/health', '/api/v1/devices', PATH, '/openapi.json', '/metrics', lines]) {
    const wanted = await scene.get(path);
    const length = wanted.headers.get('content-length');
    const text = await wanted.text();
    const head = await fetch(scene.api.url + path, { method: 'HEAD', headers: AS_LOCAL });
    assert.equal(head.status, 200, path);
    assert.equal(head.headers.get('content-type'), wanted.headers.get('content-type'), path);
    if (length !== null)
      assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)), path);
    assert.equal(await head.text(), '', path);
  }
  const stream = await fetch(`${scene.api.url}/api/v1/stream?subscribe=overview`, {
    method: 'HEAD',
    headers: AS_LOCAL,
  });
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.equal(stream.headers.get('content-length'), null);
  assert.equal(scene.meter.gauge('iot_api_streams', '').value, 0);
  assert.equal((await fetch(`${scene.api.url}/api/v1/nothing`, { method: 'HEAD' })).status, 404);
  const posted = await fetch(`${scene.api.url}/api/v1/dead-letters/0/replay`, { method: 'HEAD' });
  assert.equal(posted.headers.get('allow'), 'POST');
});

test('openApi keeps the message of an unknown fault to itself and logs it', async () => {
  await using scene = await openScene();
  scene.platform.ledger = () => Promise.reject(new Error('secret of the store'));
  const answer = await scene.get('/api/v1/ledger');
  assert.equal(answer.status, 500);
  const problem = await problemIn(answer);
  assert.equal(problem.code, 'internal');
  assert.doesNotMatch(JSON.stringify(problem), /secret/);
  const logged = scene.log.find((entry) => entry.message === 'request failed');
  assert.match(String(logged?.fields.error), /secret of the store/);
  assert.equal(logged?.fields.request, problem.instance);
});

test('openApi says 503 with reasons while the platform is not ready', async () => {
  await using scene = await openScene();
  scene.platform.reasons = [{ code: 'catching-up', detail: '5,000 records behind' }];
  const answer = await scene.get('/ready');
  assert.equal(answer.status, 503);
  const body = (await answer.json()) as Model<'Readiness'>; // compared whole below
  assert.deepEqual(body, {
    ready: false,
    reasons: [{ code: 'catching-up', detail: '5,000 records behind' }],
    notes: [],
  });
});

test('openApi stays ready with notes of what is not as agreed', async () => {
  await using scene = await openScene();
  const notes = [{ code: 'standby-behind', detail: 'the primary answers' }];
  Object.assign(scene.platform, { notes: () => notes });
  const answer = await scene.get('/ready');
  assert.deepEqual([answer.status, await answer.json()], [200, { ready: true, reasons: [], notes }]);
});

/** Metrics with and without the name of something of a tenant. */
const FAMILIES: readonly MetricFamily[] = [
  { name: 'iot_device_count', kind: 'gauge', help: 'Devices.', samples: [{ labels: {}, value: 3 }] },
  {
    name: 'iot_pipeline_stage_in_total',
    kind: 'counter',
    help: 'Messages.',
    samples: [{ labels: { tenant: 'beta', project: 'p', pipeline: 'secret-line', stage: 's' }, value: 5 }],
  },
];

test('openApi writes the families of the platform in the text format of Prometheus', async () => {
  await using scene = await openScene();
  scene.platform.families = [...FAMILIES];
  const answer = await scene.get('/metrics');
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  assert.match(text, /^iot_device_count 3$/m);
  assert.match(text, /^iot_pipeline_stage_in_total\{.*pipeline="secret-line".*\} 5$/m);
});

test('openApi tells metrics to whom sees everything; without credentials, on loopback, none with names of tenants', async () => {
  await using scene = await openScene();
  scene.platform.families = [...FAMILIES];
  const text = await (await fetch(`${scene.api.url}/metrics`)).text();
  assert.match(text, /^iot_device_count 3$/m);
  assert.doesNotMatch(text, /secret-line|beta|stage/);
  const tokenOf = async (name: string, grant: object) => {
    const made = await scene.post('/api/v1/tokens', { name, grants: [{ role: 'viewer', ...grant }] });
    return ((await made.json()) as Model<'TokenWithSecret'>).secret; // the answer of its operation
  };
  const part = { authorization: `Bearer ${await tokenOf('part', { tenant: 'acme', project: 'plant-1' })}` };
  const refused = await scene.get('/metrics', part);
  assert.deepEqual([refused.status, (await problemIn(refused)).code], [403, 'not-allowed']);
  const whole = { authorization: `Bearer ${await tokenOf('whole', {})}` };
  assert.match(await (await scene.get('/metrics', whole)).text(), /secret-line/);
  const nearnessFor = async (headers: Record<string, string>) => {
    const { items } = (await (await scene.get('/api/v1/limits', headers)).json()) as Model<'LimitList'>; // likewise
    return items.filter(({ current }) => current !== null).length;
  };
  scene.platform.families = scene.meter.snapshot();
  assert.equal(await nearnessFor(part), 0);
  assert.ok((await nearnessFor(whole)) > 0);
});

test('openApi sends security headers on answers of every kind', async () => {
  await using scene = await openScene();
  for (const path of ['/', '/health', '/api/v1/absent', '/errors/not-found', '/openapi.json']) {
    const { headers } = await scene.get(path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, path);
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe/, path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
  }
});

test('openApi serves the page with its routes, entity tags and lasting assets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-page-'));
  try {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Skerry</title>');
    writeFileSync(join(folder, 'assets', 'app-1a2b.js'), `// ${'x'.repeat(5_000)}`);
    await using scene = await openScene({ staticFolder: folder });
    const start = await scene.get('/');
    assert.equal(start.headers.get('cache-control'), 'no-cache');
    assert.match(await start.text(), /Skerry/);
    assert.match(await (await scene.get('/devices/t/p/d')).text(), /Skerry/);
    const etag = start.headers.get('etag') ?? '';
    assert.equal((await scene.get('/', { 'if-none-match': etag })).status, 304);
    const asset = await scene.get('/assets/app-1a2b.js');
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(asset.headers.get('content-encoding'), 'gzip');
    assert.equal((await asset.text()).length, 5_003);
    assert.equal((await scene.get('/assets/absent.js')).status, 404);
    for (const path of ['/devices', '/devices/', '/devices/t/p/pump.7', '/pipeline/LookupTable/x', '/about'])
      assert.match(await (await scene.get(path)).text(), /Skerry/, path);
    const mistyped = ['/API/v1/devices', '/apis', '/assets/..%2findex', '/assets/absent', '/nothing'];
    const dotted = ['/devices.json', '/about/x.js', '/devices/a/b/c/d', '/%64evices'];
    for (const path of [...mistyped, ...dotted]) {
      const { status, body } = await rawRequest(scene.api.url + path, {});
      assert.deepEqual([status, JSON.parse(body).code], [404, 'not-found'], path);
    }
    assert.equal((await scene.get('/../server.ts')).status, 404);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('openApi explains each code at the address its problems name', async () => {
  await using scene = await openScene({ faults: { 'disk-full': { meaning: 'No room.', advice: 'retry' } } });
  const { type } = await problemIn(await scene.get('/api/v1/absent'));
  const page = await scene.get(type);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /does not exist/);
  assert.match(await (await scene.get('/errors/disk-full')).text(), /No room/);
  assert.equal((await scene.get('/errors/constructor')).status, 404);
});

test('openApi says where in the shut-down it is and lets a request under way finish', async () => {
  const scene = await openScene();
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const ledger = scene.platform.ledger.bind(scene.platform);
  scene.platform.ledger = async () => {
    begun.resolve();
    await promise;
    return ledger();
  };
  const answer = scene.get('/api/v1/ledger');
  await begun.promise;
  const closed = scene.api[Symbol.asyncDispose]();
  resolve();
  assert.equal((await answer).status, 200);
  await closed;
  await assert.rejects(scene.get('/health'));
});

test('openApi breaks off requests that outlast the grace period', async () => {
  const scene = await openScene({ bounds: { drainMs: 50 } });
  const begun = Promise.withResolvers<void>();
  scene.platform.ledger = async () => {
    begun.resolve();
    return new Promise(() => undefined);
  };
  const answer = assert.rejects(scene.get('/api/v1/ledger'));
  await begun.promise;
  const closed = scene.api[Symbol.asyncDispose]();
  scene.clock.advance(60);
  await closed;
  await answer;
});

test('openApi knows the methods of each address, also where a path with parameters fits it, and no others', async () => {
  await using scene = await openScene();
  const ask = async (method: string, path: string) => {
    const response = await fetch(scene.api.url + path, { method });
    return [response.status, response.headers.get('allow')];
  };
  assert.deepEqual(await ask('GET', '/api/v1/dead-letters/replay'), [405, 'POST']);
  assert.deepEqual(await ask('OPTIONS', '/api/v1/dead-letters/discard'), [405, 'POST']);
  assert.deepEqual(await ask('QUERY', '/api/v1/devices'), [405, 'GET, HEAD']);
  assert.deepEqual(await ask('PROPFIND', '/health'), [405, 'GET, HEAD']);
  assert.deepEqual(await ask('PURGE', '/nothing'), [404, null]);
});
