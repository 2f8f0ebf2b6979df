import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, type Scene, TOKEN } from '../../testing/scene.ts';
import type { ChaosRow } from './chaos-desk.ts';

type Run = Model<'ChaosRun'>;

const DEAD_LETTER: ChaosRow = {
  input: 'nan',
  level: undefined,
  inputs: 1,
  expected: { kind: 'dead-lettered', reason: 'undecodable' },
  answer: { kind: 'dead-lettered', reason: 'undecodable' },
  verdict: 'yes',
  letter: {
    tenant: 'acme',
    project: 'run-1',
    device: 'case-006',
    offset: 7,
    reason: 'undecodable',
    detail: 'NaN is no JSON',
  },
};
const OF_NOBODY: ChaosRow = {
  ...DEAD_LETTER,
  input: 'topic-of-nobody',
  level: '5',
  letter: {
    tenant: '',
    project: '',
    device: '',
    offset: 8,
    reason: 'unknown-topic',
    detail: 'fits no template',
  },
};
const CLOSED: ChaosRow = {
  input: 'qos-3',
  level: '5',
  inputs: 1,
  expected: { kind: 'closed', code: 0x81 },
  answer: { kind: 'closed', code: 0x81 },
  verdict: 'yes',
  letter: undefined,
};

const tokenOf = async (scene: Scene, role: 'operator' | 'viewer', tenant: string) => {
  const wish = {
    name: `${role}-${tenant}`,
    grants: [{ role, tenant }],
    expiresMicros: null,
    createdBy: 'test',
  };
  return (await scene.access.access.book.addToken(wish)).secret;
};
const listFor = async (scene: Scene, token: string) =>
  (await (
    await scene.get('/api/v1/chaos', { authorization: `Bearer ${token}` })
  ).json()) as Model<'ChaosList'>;
const stop = (scene: Scene, id: string, token = TOKEN) =>
  fetch(`${scene.api.url}/api/v1/chaos/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  });

test('startChaos sends as the tenant chaos unless told otherwise; one run at a time, and stopChaos ends it', async () => {
  await using scene = await openScene();
  const none = await listFor(scene, TOKEN);
  assert.deepEqual(none, { items: [], inputs: 3 });
  const response = await scene.post('/api/v1/chaos', {});
  assert.equal(response.status, 200);
  const made = (await response.json()) as Run;
  assert.deepEqual([made.tenant, made.state, made.fault], ['chaos', 'running', null]);
  const second = await scene.post('/api/v1/chaos', { tenant: 'acme' });
  assert.equal(second.status, 409);
  assert.equal((await problemIn(second)).code, 'too-many-simulations');
  const stopped = await stop(scene, made.id);
  assert.equal(((await stopped.json()) as Run).state, 'stopped');
  assert.equal((await stop(scene, 'none')).status, 404);
  const wrong = await scene.post('/api/v1/chaos', { tenant: 'a/b' });
  assert.equal(wrong.status, 400);
  assert.equal((await problemIn(wrong)).errors?.[0]?.pointer, '#/tenant');
});

test('listChaos tells what each input became, with its dead letter and MQTT reason', async () => {
  await using scene = await openScene();
  scene.platform.chaos.rows = [DEAD_LETTER, CLOSED];
  await scene.post('/api/v1/chaos', { tenant: 'acme' });
  const [run] = (await listFor(scene, TOKEN)).items;
  assert.deepEqual(run?.rows, [
    {
      input: 'nan',
      level: null,
      inputs: 1,
      expected: { kind: 'dead-lettered', reason: 'undecodable', code: null },
      answer: { kind: 'dead-lettered', reason: 'undecodable', code: null },
      verdict: 'yes',
      letter: 7,
      detail: 'NaN is no JSON',
    },
    {
      input: 'qos-3',
      level: '5',
      inputs: 1,
      expected: { kind: 'closed', reason: null, code: 0x81 },
      answer: { kind: 'closed', reason: null, code: 0x81 },
      verdict: 'yes',
      letter: null,
      detail: '',
    },
  ]);
});

test('chaos runs belong to their tenant: others neither start, see nor stop them, viewers see them alone', async () => {
  await using scene = await openScene();
  scene.platform.chaos.rows = [DEAD_LETTER, OF_NOBODY];
  const [own, viewer, other] = [
    await tokenOf(scene, 'operator', 'acme'),
    await tokenOf(scene, 'viewer', 'acme'),
    await tokenOf(scene, 'operator', 'other'),
  ];
  const wish = { tenant: 'acme' };
  assert.equal((await scene.post('/api/v1/chaos', wish, viewer)).status, 403);
  assert.equal((await scene.post('/api/v1/chaos', wish, other)).status, 403);
  assert.equal((await scene.post('/api/v1/chaos', {}, own)).status, 403, 'the tenant chaos is not theirs');
  const made = (await (await scene.post('/api/v1/chaos', wish, own)).json()) as Run;
  assert.equal(made.author, 'token:operator-acme');
  assert.deepEqual(
    made.rows.map(({ letter }) => letter),
    [7, null],
    'a letter of no tenant is read by who reads everything',
  );
  assert.deepEqual(
    (await listFor(scene, TOKEN)).items[0]?.rows.map(({ letter }) => letter),
    [7, 8],
  );
  const seen = [];
  for (const token of [own, viewer, other]) seen.push((await listFor(scene, token)).items.length);
  assert.deepEqual(seen, [1, 1, 0]);
  assert.equal((await stop(scene, made.id, other)).status, 404);
  assert.equal((await stop(scene, made.id, viewer)).status, 403);
  assert.equal((await stop(scene, made.id, own)).status, 200);
});
