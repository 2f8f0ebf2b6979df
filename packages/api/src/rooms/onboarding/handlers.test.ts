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
  };
  const { topic, mqttUrl, needsToken, commands } = await scene.json<Model<'Onboarding'>>(
    `/api/v1/onboarding?${QUERY}`,
  );
  assert.equal(topic, 'site/plant/acme/pump');
  assert.equal(mqttUrl, 'mqtts://127.0.0.1:8883');
  assert.equal(needsToken, true);
  assert.match(String(commands[0]?.run), /--tls-use-os-certs/);
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
  const [entry] = scene.access.access.audit.list(undefined, 1, ({ action }) => action === 'token.create');
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
