import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, type Scene } from '../../testing/scene.ts';

const KEY = { tenant: 'acme', project: 'plant', device: 'pump' };
const QUERY = new URLSearchParams(KEY);

async function tokenOf(scene: Scene, role: 'admin' | 'operator' | 'viewer', tenant: string): Promise<string> {
  const wish = {
    name: `${role}-${tenant}`,
    grants: [{ role, tenant }],
    expiresMicros: null,
    createdBy: 'test',
  };
  return (await scene.access.access.book.addToken(wish)).secret;
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });

test('getOnboarding has the real addresses and no secret, of one way or of all', async () => {
  await using scene = await openScene();
  const all = await scene.json<Model<'Onboarding'>>(`/api/v1/onboarding?${QUERY}`);
  assert.equal(all.topic, 'iot/acme/plant/pump/telemetry');
  assert.equal(all.mqttUrl, 'mqtt://127.0.0.1:1883');
  assert.equal(all.httpUrl, scene.api.url);
  assert.equal(all.token, null);
  assert.deepEqual(
    all.commands.map(({ tool }) => tool),
    ['mosquitto_pub', 'mqtt.js', 'python', 'c', 'curl', 'skerry'],
  );
  for (const { run, source } of all.commands) {
    assert.doesNotMatch(run + (source?.text ?? ''), /password|auth=|-P |authorization/);
  }
  const http = await scene.json<Model<'Onboarding'>>(`/api/v1/onboarding?${QUERY}&way=http`);
  assert.deepEqual(
    http.commands.map(({ tool }) => tool),
    ['curl'],
  );
});

test('getOnboarding follows the routes, and a listener on every address is reached as the page was', async () => {
  await using scene = await openScene();
  scene.platform.config = {
    ...scene.platform.config,
    values: {
      routing: { telemetry: ['all/{tenantId}', 'site/{projectId}/{tenantId}/{deviceId}/{metricPrefix?…}'] },
    },
    listeners: [{ name: 'mqtts', host: '0.0.0.0', port: 8883 }],
    certificates: { mqtt: { chain: 'PEM', isSystemTrusted: true, isWhole: false, names: ['127.0.0.1'] } },
  };
  const { topic, mqttUrl, needsToken, certificate, commands } = await scene.json<Model<'Onboarding'>>(
    `/api/v1/onboarding?${QUERY}`,
  );
  assert.equal(topic, 'site/plant/acme/pump');
  assert.equal(mqttUrl, 'mqtts://127.0.0.1:8883');
  assert.equal(needsToken, true);
  assert.match(String(commands[0]?.run), /--tls-use-os-certs/);
  assert.equal(certificate, null);
});

test('getOnboarding with a private certificate: the commands name its file, which is answered and can be fetched', async () => {
  await using scene = await openScene();
  const chain = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
  const shown = { chain, isSystemTrusted: false, isWhole: true, names: ['192.0.2.2'] };
  scene.platform.config = {
    ...scene.platform.config,
    listeners: [
      { name: 'http', host: '127.0.0.1', port: 8080 },
      { name: 'https', host: '0.0.0.0', port: 8443 },
      { name: 'mqtt', host: '127.0.0.1', port: 1883 },
      { name: 'mqtts', host: '0.0.0.0', port: 8883 },
      { name: 'wss', host: '0.0.0.0', port: 8083 },
    ],
    ownHost: '192.0.2.2',
    certificates: { mqtt: shown, http: shown },
  };
  const found = await scene.json<Model<'Onboarding'>>(`/api/v1/onboarding?${QUERY}`);
  assert.deepEqual(found.certificate, { fileName: 'skerry-ca.pem', text: chain, isWhole: true });
  assert.ok(found.ways.some(({ url }) => url === 'wss://192.0.2.2:8083/mqtt'));
  const outside = found.commands.filter(({ reach }) => reach === 'network');
  const marks: Readonly<Record<string, string>> = {
    mosquitto_pub: '-h 192.0.2.2 -p 8883 --cafile skerry-ca.pem ',
    'mqtt.js': "ca: readFileSync('skerry-ca.pem')",
    python: 'tls={"ca_certs": "skerry-ca.pem"}',
    c: 'mosquitto_tls_set(client, "skerry-ca.pem", NULL, NULL, NULL, NULL)',
    curl: '--cacert skerry-ca.pem https://192.0.2.2:8443/api/',
  };
  assert.deepEqual(
    outside.map(({ tool }) => tool),
    Object.keys(marks),
  );
  for (const { tool, run, source } of outside)
    assert.ok(`${run}${source?.text ?? ''}`.includes(String(marks[tool])), `${tool}: ${run}`);
  const answer = await scene.get('/api/v1/onboarding/certificate');
  assert.equal(await answer.text(), chain);
  assert.match(String(answer.headers.get('content-disposition')), /attachment; filename="skerry-ca\.pem"/);
  scene.platform.config = { ...scene.platform.config, certificates: {} };
  assert.equal((await scene.get('/api/v1/onboarding/certificate')).status, 404);
});

test('getOnboarding wants a token where nobody is anonymous, and names the data folder to those who may know it', async () => {
  await using scene = await openScene();
  const values = { mqtt: { anonymous: 'never' }, dataDir: '/var/lib/my skerry' };
  scene.platform.config = { ...scene.platform.config, values };
  const all = await scene.json<Model<'Onboarding'>>(`/api/v1/onboarding?${QUERY}`);
  assert.equal(all.needsToken, true);
  const replay = all.commands.find(({ tool }) => tool === 'skerry');
  assert.match(String(replay?.run), /^npx skerry replay .* --data-dir '\/var\/lib\/my skerry'$/);
  const day = new Date(scene.clock.nowMicros() / 1_000).toISOString().slice(0, 10);
  assert.ok(replay?.source?.text.includes(`\n${day}T`), 'its rows are of now');
  const viewer = await tokenOf(scene, 'viewer', 'acme');
  const narrow = await (await scene.get(`/api/v1/onboarding?${QUERY}`, as(viewer))).text();
  assert.doesNotMatch(narrow, /data-dir/);
});

test('createOnboarding makes a token for this device alone, puts it into every command, and notes who did it', async () => {
  await using scene = await openScene();
  const made = (await (await scene.post('/api/v1/onboarding', KEY)).json()) as Model<'Onboarding'>;
  assert.match(String(made.token), /^sk_/);
  for (const { tool, run, source } of made.commands) {
    const text = run + (source?.text ?? '');
    assert.equal(text.includes(String(made.token)), tool !== 'skerry', tool);
  }
  const token = await scene.access.access.book.token(String(made.tokenName));
  assert.deepEqual(token?.document.spec.grants, [{ role: 'device', ...KEY }]);
  const [entry] = await scene.access.access.audit.list(
    undefined,
    1,
    ({ action }) => action === 'token.create',
  );
  assert.equal(entry?.target, `AccessToken/${made.tokenName}`);
});

test('onboarding is of a scope: others get no commands, no arrivals and no token', async () => {
  await using scene = await openScene();
  const [admin, viewer, other] = [
    await tokenOf(scene, 'admin', 'acme'),
    await tokenOf(scene, 'viewer', 'acme'),
    await tokenOf(scene, 'admin', 'other'),
  ];
  const statusOf = async (path: string, token: string) => (await scene.get(path, as(token))).status;
  for (const path of [`/api/v1/onboarding?${QUERY}`, `/api/v1/onboarding/arrivals?${QUERY}`]) {
    assert.deepEqual([await statusOf(path, viewer), await statusOf(path, other)], [200, 404], path);
  }
  const posted = async (token: string) => (await scene.post('/api/v1/onboarding', KEY, token)).status;
  assert.deepEqual([await posted(admin), await posted(viewer), await posted(other)], [200, 403, 403]);
});

test('listArrivals tells of dead letters and refusals of the last minutes, newest first, and of what has come', async () => {
  await using scene = await openScene();
  const note = (change: object) =>
    scene.platform.refusals.note({
      atMicros: scene.clock.nowMicros(),
      kind: 'publish',
      client: 'c',
      user: 'u',
      topic: 'iot/acme/plant/pump/telemetry',
      reason: 'not-authorized',
      why: 'no',
      remote: '10.0.0.9:1',
      ...change,
    });
  note({ kind: 'connect', topic: '', reason: 'bad-credentials', why: 'old' });
  scene.clock.advance(11 * 60_000);
  scene.platform.ingest([
    { ...KEY, values: { a: 1 } },
    { ...KEY, values: undefined, payload: new TextEncoder().encode('{x') },
  ]);
  scene.clock.advance(1_000);
  note({});
  note({});
  note({ topic: 'iot/acme/plant/other/telemetry' });
  scene.clock.advance(1_000);
  note({ kind: 'connect', topic: '', client: 'x', reason: 'bad-credentials', why: 'wrong' });
  const found = await scene.json<Model<'Arrivals'>>(`/api/v1/onboarding/arrivals?${QUERY}`);
  assert.equal(found.stored, 1);
  assert.equal(found.metrics, 1);
  assert.deepEqual(
    found.wrong.map(({ kind }) => kind),
    ['connect', 'publish', 'dead-letter'],
  );
  assert.equal(found.wrong[0]?.words, 'The client x at 10.0.0.9:1 was refused as u: wrong');
  const viewer = await tokenOf(scene, 'viewer', 'acme');
  const narrow = (await (
    await scene.get(`/api/v1/onboarding/arrivals?${QUERY}`, as(viewer))
  ).json()) as Model<'Arrivals'>;
  assert.deepEqual(
    narrow.wrong.map(({ kind }) => kind),
    ['publish', 'dead-letter'],
  );
  const all = await scene.json<Model<'Arrivals'>>(`/api/v1/onboarding/arrivals?${QUERY}&since=now-1h`);
  assert.equal(all.wrong.length, 4);
  assert.equal((await scene.get(`/api/v1/onboarding/arrivals?${QUERY}&since=soon`)).status, 400);
});

test('listArrivals tells of telemetry that HTTP refused, by device, and of handshakes to those who see everything', async () => {
  await using scene = await openScene();
  const viewer = await tokenOf(scene, 'viewer', 'acme');
  const post = (type: string, body: string, headers: Readonly<Record<string, string>>) =>
    fetch(`${scene.api.url}/api/v1/telemetry/acme/plant/pump`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body,
    });
  const json = 'application/json';
  assert.equal((await post(json, '{}', {})).status, 401);
  assert.equal((await post(json, '{}', as(viewer))).status, 403);
  const admin = await tokenOf(scene, 'admin', 'acme');
  assert.equal((await post(json, '{x', as(admin))).status, 400);
  assert.equal((await post('text/csv', 'a', as(admin))).status, 415);
  assert.equal((await post(json, '{"a": 1}', as(admin))).status, 200);
  const remote = '192.0.2.9:1';
  const handshake = { client: '', user: '', topic: '', reason: 'not-tls', why: 'It speaks no TLS.', remote };
  scene.platform.refusals.note({ ...handshake, atMicros: scene.clock.nowMicros(), kind: 'handshake' });
  const wrong = async (headers?: Readonly<Record<string, string>>) => {
    const answer = await scene.get(`/api/v1/onboarding/arrivals?${QUERY}`, headers);
    return ((await answer.json()) as Model<'Arrivals'>).wrong;
  };
  const told = await wrong();
  assert.deepEqual(told.map(({ kind, reason }) => `${kind} ${reason}`).toSorted(), [
    'handshake not-tls',
    'http invalid-request',
    'http not-allowed',
    'http sign-in-required',
    'http unsupported-media-type',
  ]);
  const denied = told.find(({ reason }) => reason === 'not-allowed');
  assert.match(
    String(denied?.words),
    /^A client at 127\.0\.0\.1:\d+ sent telemetry of acme\/plant\/pump over HTTP and was refused: 403, token:viewer-acme has no right telemetry:write anywhere$/,
  );
  assert.equal((await wrong(as(viewer))).length, 4);
  const other = new URLSearchParams({ ...KEY, device: 'else' });
  const { wrong: ofOther } = await scene.json<Model<'Arrivals'>>(`/api/v1/onboarding/arrivals?${other}`);
  assert.equal(
    ofOther.some(({ topic }) => topic === 'acme/plant/pump'),
    true,
    'it may be a typing error of this one',
  );
});

test('listArrivals names the other places where a device of the same name is, of those that may be seen', async () => {
  await using scene = await openScene();
  scene.platform.ingest([
    { ...KEY, project: 'northpark', values: { a: 1 } },
    { ...KEY, tenant: 'other', values: { a: 1 } },
    { ...KEY, device: 'pump-2', values: { a: 1 } },
  ]);
  const path = `/api/v1/onboarding/arrivals?${QUERY}`;
  const { elsewhere } = await scene.json<Model<'Arrivals'>>(path);
  assert.deepEqual(elsewhere, [
    { tenant: 'acme', project: 'northpark' },
    { tenant: 'other', project: 'plant' },
  ]);
  const viewer = await tokenOf(scene, 'viewer', 'acme');
  const narrow = (await (await scene.get(path, as(viewer))).json()) as Model<'Arrivals'>;
  assert.deepEqual(narrow.elsewhere, [{ tenant: 'acme', project: 'northpark' }]);
});
