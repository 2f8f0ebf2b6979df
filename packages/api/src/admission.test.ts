import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '@skerry/model';
import type { Model } from './schemas.ts';
import { openScene, problemIn, rawRequest, type Scene, TOKEN } from './testing/scene.ts';

const PASSWORD = 'correct horse';
const JSON_TYPE = { 'content-type': 'application/json' };

async function openWith(grants: Readonly<Record<string, readonly Grant[]>>): Promise<Scene> {
  const scene = await openScene();
  const { book } = scene.access.access;
  for (const [name, given] of Object.entries(grants))
    await book.addUser(name, { password: PASSWORD, grants: given });
  scene.platform.ingest([
    { tenant: 'a', project: 'p', device: 'd1', values: { v: 1 }, seq: 1 },
    { tenant: 'a', project: 'p', device: 'd1', values: { v: 2 }, seq: 5 },
    { tenant: 'a', project: 'q', device: 'd2', values: { v: 3 } },
    { tenant: 'b', project: 'p', device: 'd3', values: { v: 4 } },
    { tenant: 'a', project: 'p', device: 'd1', values: undefined },
    { tenant: 'b', project: 'p', device: 'd3', values: undefined },
  ]);
  return scene;
}

/** Signs in; the cookie as a browser sends it. */
async function cookieOf(scene: Scene, name: string): Promise<string> {
  const body = JSON.stringify({ name, password: PASSWORD });
  const answer = await fetch(`${scene.api.url}/api/v1/session`, { method: 'POST', headers: JSON_TYPE, body });
  assert.equal(answer.status, 200, name);
  return String(answer.headers.get('set-cookie')?.split(';')[0]);
}

/** The JSON of an answer, of the type that the test states. */
const jsonOf = async <T>(answer: Promise<Response> | Response): Promise<T> =>
  (await (await answer).json()) as T; // the test states what it expects

/** What a browser with the cookie sends with a change of the page. */
const ofPage = (scene: Scene, cookie: string) => ({
  cookie,
  origin: scene.api.url,
  'x-skerry-request': '1',
});

test('Admission lets nobody ask anything under /api without a session or a token, on loopback too', async () => {
  await using scene = await openWith({});
  for (const path of [
    '/api/v1/devices',
    '/api/v1/overview',
    '/api/v1/config',
    '/api/v1/session',
    '/api/v1/stream?subscribe=points',
  ]) {
    for (const headers of [
      {},
      { cookie: 'skerry_session_1=x' },
      { cookie: `skerry_session_${scene.api.address.port}=x` },
    ]) {
      const answer = await fetch(scene.api.url + path, { headers });
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [401, 'sign-in-required'], path);
    }
    const wrong = await fetch(scene.api.url + path, { headers: { authorization: 'Bearer sk_wrong' } });
    assert.deepEqual([wrong.status, (await problemIn(wrong)).code], [401, 'token-refused'], path);
    assert.equal((await fetch(scene.api.url + path, { method: 'HEAD' })).status, 401, path);
  }
  for (const path of ['/health', '/ready', '/metrics', '/', '/openapi.json']) {
    assert.equal((await fetch(scene.api.url + path)).status, 200, path);
  }
});

test('Admission begins a session in a cookie that scripts and other sites do not get, and ends it', async () => {
  await using scene = await openWith({ ann: [{ role: 'viewer', tenant: 'a' }] });
  const body = JSON.stringify({ name: 'ann', password: PASSWORD });
  const answer = await fetch(`${scene.api.url}/api/v1/session`, { method: 'POST', headers: JSON_TYPE, body });
  const header = String(answer.headers.get('set-cookie'));
  const { port } = scene.api.address;
  assert.match(
    header,
    new RegExp(`^skerry_session_${port}=[\\w-]{43}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict$`),
  );
  const cookie = String(header.split(';')[0]);
  const who = await jsonOf<Model<'Whoami'>>(
    fetch(`${scene.api.url}/api/v1/session`, { headers: { cookie } }),
  );
  assert.deepEqual([who.kind, who.name, who.grants], ['user', 'ann', [{ role: 'viewer', tenant: 'a' }]]);
  assert.ok(who.actions.includes('telemetry:read') && !who.actions.includes('dead-letters:change'));
  const out = await fetch(`${scene.api.url}/api/v1/session`, {
    method: 'DELETE',
    headers: ofPage(scene, cookie),
  });
  assert.match(String(out.headers.get('set-cookie')), /=; Path=\/; Max-Age=0/);
  assert.equal((await fetch(`${scene.api.url}/api/v1/session`, { headers: { cookie } })).status, 401);
});

test('Admission takes a change by cookie only when the page has sent it', async () => {
  await using scene = await openWith({ root: [{ role: 'admin' }] });
  const cookie = await cookieOf(scene, 'root');
  const change = (headers: Record<string, string>) =>
    rawRequest(`${scene.api.url}/api/v1/dead-letters/4/discard`, { cookie, ...headers }, 'POST');
  const own = { origin: scene.api.url };
  const mark = { 'x-skerry-request': '1' };
  const refused: Record<string, string>[] = [
    {},
    own,
    mark,
    { ...mark, 'sec-fetch-site': 'none' },
    { ...mark, 'sec-fetch-site': 'cross-site' },
    { ...mark, origin: 'http://evil.example' },
    { ...mark, origin: 'null' },
    { ...own, 'x-skerry-request': '0' },
  ];
  for (const headers of refused) {
    const { status, body } = await change(headers);
    assert.deepEqual([status, JSON.parse(body).code], [403, 'origin-refused'], JSON.stringify(headers));
  }
  assert.equal((await scene.platform.deadLetter(4))?.state, 'open');
  assert.equal((await change({ ...mark, 'sec-fetch-site': 'same-origin' })).status, 200);
  assert.equal((await scene.platform.deadLetter(4))?.author, 'root');
  assert.equal((await change({ ...own, ...mark })).status, 200);
});

test('Admission judges by role: what a viewer reads an operator changes, and only an administrator gives', async () => {
  await using scene = await openWith({
    root: [{ role: 'admin' }],
    op: [{ role: 'operator' }],
    view: [{ role: 'viewer' }],
    dev: [{ role: 'device' }],
    none: [],
  });
  const asked: [string, string, Record<string, number>][] = [
    ['GET', '/api/v1/devices', { root: 200, op: 200, view: 200, dev: 403, none: 403 }],
    ['POST', '/api/v1/dead-letters/replay', { root: 200, op: 200, view: 403, dev: 403, none: 403 }],
    ['GET', '/api/v1/ledger/audit', { root: 200, op: 200, view: 403, dev: 403, none: 403 }],
    ['GET', '/api/v1/users', { root: 200, op: 403, view: 403, dev: 403, none: 403 }],
    ['GET', '/api/v1/audit', { root: 200, op: 403, view: 403, dev: 403, none: 403 }],
    ['GET', '/api/v1/session', { root: 200, op: 200, view: 200, dev: 200, none: 200 }],
  ];
  for (const name of ['root', 'op', 'view', 'dev', 'none']) {
    const headers = ofPage(scene, await cookieOf(scene, name));
    for (const [method, path, wanted] of asked) {
      const body = method === 'POST' ? { body: '{"all":true}', headers: { ...headers, ...JSON_TYPE } } : {};
      const answer = await fetch(scene.api.url + path, { method, headers, ...body });
      assert.equal(answer.status, wanted[name], `${name} ${method} ${path}`);
    }
  }
});

test('Admission shows a subject of one tenant nothing of another: lists are narrowed, single things are not found', async () => {
  await using scene = await openWith({ ann: [{ role: 'operator', tenant: 'a', project: 'p' }] });
  const cookie = await cookieOf(scene, 'ann');
  const headers = ofPage(scene, cookie);
  const get = async <T = unknown>(path: string) => {
    const answer = await fetch(scene.api.url + path, { headers });
    // the test states what it expects
    return { status: answer.status, body: (await answer.json()) as T };
  };
  const devices = (await get<Model<'DevicePage'>>('/api/v1/devices')).body;
  assert.deepEqual([devices.total, devices.items.map((one) => one.device)], [1, ['d1']]);
  const ledger = (await get<Model<'Ledger'>>('/api/v1/ledger')).body;
  assert.deepEqual([ledger.projects.length, ledger.totals.received, ledger.totals.deadLettered], [1, 3, 1]);
  const letters = (await get<Model<'DeadLetterPage'>>('/api/v1/dead-letters')).body.items;
  assert.deepEqual(
    letters.map((one) => one.offset),
    [4],
  );
  assert.equal((await get<Model<'GapPage'>>('/api/v1/gaps')).body.items.length, 1);
  const overview = (await get<Model<'Overview'>>('/api/v1/overview')).body;
  assert.deepEqual(
    [overview.isPart, overview.devices, overview.recordsReceived, overview.deadLettersOpen, overview.series],
    [true, 1, 3, 1, 0],
  );
  assert.deepEqual((await get<Model<'Config'>>('/api/v1/config')).body.values, {});
  for (const path of [
    '/api/v1/devices/b/p/d3',
    '/api/v1/devices/a/q/d2/latest',
    '/api/v1/dead-letters/5',
    '/api/v1/telemetry?tenant=b&project=p&device=d3&metric=v&from=now-1h',
    '/api/v1/stream?subscribe=points:b',
  ]) {
    assert.equal((await get(path)).status, 404, path);
  }
  const absent = (await get<Model<'Problem'>>('/api/v1/devices/a/p/absent')).body;
  const foreign = (await get<Model<'Problem'>>('/api/v1/devices/b/p/d3')).body;
  assert.equal(absent.code, foreign.code);
  const post = (path: string, body: object) =>
    fetch(scene.api.url + path, {
      method: 'POST',
      headers: { ...headers, ...JSON_TYPE },
      body: JSON.stringify(body),
    });
  assert.deepEqual(await (await post('/api/v1/dead-letters/discard', { all: true })).json(), {
    changed: 1,
    unchanged: 0,
    failedAgain: 0,
    undecided: 0,
  });
  assert.equal((await scene.platform.deadLetter(5))?.state, 'open', 'of another tenant');
  assert.equal((await post('/api/v1/dead-letters/5/replay', {})).status, 404);
  assert.equal((await get('/api/v1/ledger/audit')).status, 403);
});

test('Admission lets an administrator of one tenant give no more than that tenant, and see only its users', async () => {
  await using scene = await openWith({
    root: [{ role: 'admin' }],
    boss: [{ role: 'admin', tenant: 'a' }],
    both: [
      { role: 'viewer', tenant: 'a' },
      { role: 'viewer', tenant: 'b' },
    ],
    ann: [{ role: 'viewer', tenant: 'a', project: 'p' }],
  });
  const headers = ofPage(scene, await cookieOf(scene, 'boss'));
  const ask = (method: string, path: string, body?: object) =>
    fetch(scene.api.url + path, {
      method,
      headers: { ...headers, ...(body ? JSON_TYPE : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const users = await jsonOf<Model<'UserPage'>>(ask('GET', '/api/v1/users'));
  assert.deepEqual(
    users.items.map(({ name }) => name),
    ['ann', 'boss'],
  );
  for (const grants of [
    [],
    [{ role: 'viewer' }],
    [{ role: 'viewer', tenant: 'b' }],
    [
      { role: 'admin', tenant: 'a' },
      { role: 'viewer', tenant: 'b' },
    ],
  ]) {
    const what = JSON.stringify(grants);
    assert.equal((await ask('POST', '/api/v1/users', { name: 'x', grants })).status, 403, what);
    assert.equal((await ask('POST', '/api/v1/tokens', { name: 'x', grants })).status, 403, what);
    assert.equal((await ask('PATCH', '/api/v1/users/ann', { grants })).status, 403, what);
  }
  for (const name of ['root', 'both', 'absent']) {
    assert.equal(
      (await ask('PATCH', `/api/v1/users/${name}`, { password: 'a new password' })).status,
      404,
      name,
    );
    assert.equal((await ask('DELETE', `/api/v1/users/${name}`)).status, 404, name);
    assert.equal((await ask('GET', `/api/v1/sessions?user=${name}`)).status, 404, name);
    assert.equal((await ask('POST', '/api/v1/access/sign-in-links', { user: name })).status, 404, name);
  }
  assert.equal(
    (await ask('POST', '/api/v1/access/sign-in-links', {})).status,
    404,
    'the first administrator is another',
  );
  assert.equal(
    (await ask('POST', '/api/v1/users', { name: 'new', grants: [{ role: 'operator', tenant: 'a' }] })).status,
    200,
  );
  assert.equal((await ask('PATCH', '/api/v1/users/ann', { displayName: 'Ann' })).status, 200);
  const wish = { name: 'line-4', grants: [{ role: 'device', tenant: 'a', project: 'p', device: 'd1' }] };
  assert.equal((await ask('POST', '/api/v1/tokens', wish)).status, 200);
  assert.equal(
    (await scene.post('/api/v1/users', { name: 'far', grants: [{ role: 'viewer', tenant: 'b' }] })).status,
    200,
  );
  const audit = await jsonOf<Model<'AuditPage'>>(ask('GET', '/api/v1/audit'));
  const told = audit.items.map(({ author, action, target }) => `${author} ${action} ${target}`);
  assert.deepEqual(
    told.filter((one) => !one.includes('session.create')),
    ['boss token.create AccessToken/line-4', 'boss user.change User/ann', 'boss user.create User/new'],
    'what was done in the tenant is theirs, what is about the whole platform or another tenant is not',
  );
  assert.equal((await ask('GET', '/api/v1/audit/verdict')).status, 403);
});

test('Admission lets somebody change their own password with the one they have, which ends their other sessions', async () => {
  await using scene = await openWith({ ann: [] });
  const [first, other] = [await cookieOf(scene, 'ann'), await cookieOf(scene, 'ann')];
  const change = (current: string, password = 'another horse') =>
    fetch(`${scene.api.url}/api/v1/session/password`, {
      method: 'PUT',
      headers: { ...ofPage(scene, first), ...JSON_TYPE },
      body: JSON.stringify({ current, password }),
    });
  assert.equal((await problemIn(await change('wrong horse'))).code, 'sign-in-refused');
  assert.equal((await problemIn(await change(PASSWORD, 'short'))).code, 'password-invalid');
  const changed = await change(PASSWORD);
  const fresh = String(changed.headers.get('set-cookie')?.split(';')[0]);
  const statuses = await Promise.all(
    [first, other, fresh].map(
      async (cookie) => (await fetch(`${scene.api.url}/api/v1/session`, { headers: { cookie } })).status,
    ),
  );
  assert.deepEqual(statuses, [401, 401, 200]);
});

test('Admission tells no secret in answers, problems and the audit log, and notes refusals with who was refused', async () => {
  await using scene = await openWith({ view: [{ role: 'viewer' }] });
  const created = await scene.post('/api/v1/tokens', {
    name: 't1',
    grants: [{ role: 'viewer' }],
    expires: 'now+1h',
  });
  const { secret, ...shown } = await jsonOf<Model<'TokenWithSecret'>>(created);
  assert.match(secret, /^sk_/);
  const asToken = { authorization: `Bearer ${secret}` };
  assert.equal((await fetch(`${scene.api.url}/api/v1/users`, { headers: asToken })).status, 403);
  const texts = await Promise.all(
    ['/api/v1/tokens', '/api/v1/users', '/api/v1/audit', '/api/v1/config', '/metrics'].map(async (path) =>
      (await scene.get(path)).text(),
    ),
  );
  assert.doesNotMatch(
    texts.join('\n') + JSON.stringify(shown) + JSON.stringify(scene.log),
    new RegExp(`${secret}|${TOKEN}|${PASSWORD}|scrypt`),
  );
  const audit: Model<'AuditPage'> = await scene.json('/api/v1/audit?outcome=refused');
  assert.deepEqual(
    audit.items.map(({ author, action, target, detail }) => [author, action, target, detail]),
    [['token:t1', 'listUsers', 'GET /api/v1/users', 'not-allowed']],
  );
  const late = await scene.post('/api/v1/tokens', { name: 't2', grants: [], expires: '2020-01-01' });
  assert.equal((await problemIn(late)).errors?.[0]?.pointer, '#/expires');
});

test('Admission answers too many wrong passwords with 429 and when to come again', async () => {
  await using scene = await openWith({ ann: [] });
  const signIn = (password: string) => {
    const body = JSON.stringify({ name: 'ann', password });
    return fetch(`${scene.api.url}/api/v1/session`, { method: 'POST', headers: JSON_TYPE, body });
  };
  let answer = await signIn('guess 0');
  for (let i = 1; answer.status === 401 && i < 100; i++) answer = await signIn(`guess ${i}`);
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '1']);
  assert.equal((await problemIn(answer)).code, 'too-many-attempts');
});

test('openStream ends when the token of its reader is revoked', async () => {
  await using scene = await openWith({});
  const { secret } = await scene.access.access.book.addToken({
    name: 't',
    grants: [{ role: 'viewer', tenant: 'a' }],
    expiresMicros: null,
    createdBy: 'local',
  });
  const stream = await fetch(`${scene.api.url}/api/v1/stream?subscribe=points&subscribe=overview`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  scene.platform.ingest([{ tenant: 'b', project: 'p', device: 'd3', values: { secret: 1 } }]);
  scene.platform.ingest([{ tenant: 'a', project: 'p', device: 'd1', values: { v: 9 } }]);
  scene.clock.advance(15_000);
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes(': alive') || !seen.includes('event: overview'))
    seen += (await reader?.read())?.value;
  assert.match(seen, /"metric":"v"/);
  assert.doesNotMatch(seen, /"tenant":"b"|secret/);
  await scene.access.access.book.removeToken('t');
  scene.clock.advance(15_000);
  while (!(await reader?.read())?.done);
  assert.equal(scene.meter.gauge('iot_api_streams', '').value, 0);
});
