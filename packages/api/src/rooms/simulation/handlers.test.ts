import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, TOKEN } from '../../testing/scene.ts';

type Simulation = Model<'Simulation'>;

test('startSimulation fills in what is not said, and the list tells of it', async () => {
  await using scene = await openScene();
  const response = await scene.post('/api/v1/simulations', { world: 'factory' });
  assert.equal(response.status, 200);
  const made = (await response.json()) as Simulation;
  assert.equal(made.devices, 15);
  assert.equal(made.rate, 1);
  assert.equal(made.tenant, 'demo');
  assert.equal(made.project, 'factory');
  assert.ok(made.seed >= 0);
  assert.equal(made.fault, null);
  const list = await scene.json<Model<'SimulationList'>>('/api/v1/simulations');
  assert.deepEqual(list.items, [made]);
  assert.equal(list.most, 4);
});

test('startSimulation refuses what is beyond a limit, and a fifth simulation', async () => {
  await using scene = await openScene();
  for (const [change, pointer] of [
    [{ devices: 1_001 }, '#/devices'],
    [{ devices: 0 }, '#/devices'],
    [{ rate: 2.5 }, '#/rate'],
    [{ seed: -1 }, '#/seed'],
    [{ tenant: 'a/b' }, '#/tenant'],
    [{ world: 'ocean' }, '#/world'],
  ] as const) {
    const response = await scene.post('/api/v1/simulations', { world: 'traffic', ...change });
    assert.equal(response.status, 400, JSON.stringify(change));
    assert.equal((await problemIn(response)).errors?.[0]?.pointer, pointer);
  }
  for (let at = 0; at < 4; at++) await scene.post('/api/v1/simulations', { world: 'traffic' });
  const fifth = await scene.post('/api/v1/simulations', { world: 'traffic' });
  assert.equal(fifth.status, 409);
  assert.equal((await problemIn(fifth)).code, 'too-many-simulations');
});

test('restartSimulation and stopSimulation change one that is there', async () => {
  await using scene = await openScene();
  const made = (await (await scene.post('/api/v1/simulations', { world: 'traffic' })).json()) as Simulation;
  const again = await scene.post(`/api/v1/simulations/${made.id}/restart`, { seed: 9 });
  assert.equal(((await again.json()) as Simulation).seed, 9);
  assert.equal((await scene.post('/api/v1/simulations/none/restart', {})).status, 404);
  const stop = () =>
    fetch(`${scene.api.url}/api/v1/simulations/${made.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  assert.equal((await stop()).status, 200);
  assert.equal((await stop()).status, 404);
});

test('simulations belong to their project: others neither see nor change them, viewers see them alone', async () => {
  await using scene = await openScene();
  const tokenOf = async (role: 'operator' | 'viewer', tenant: string) => {
    const wish = {
      name: `${role}-${tenant}`,
      grants: [{ role, tenant }],
      expiresMicros: null,
      createdBy: 'test',
    };
    return (await scene.access.access.book.addToken(wish)).secret;
  };
  const [own, viewer, other] = [
    await tokenOf('operator', 'acme'),
    await tokenOf('viewer', 'acme'),
    await tokenOf('operator', 'other'),
  ];
  const wish = { world: 'traffic', tenant: 'acme', project: 'street' };
  assert.equal((await scene.post('/api/v1/simulations', wish, viewer)).status, 403);
  assert.equal((await scene.post('/api/v1/simulations', wish, other)).status, 403);
  const made = (await (await scene.post('/api/v1/simulations', wish, own)).json()) as Simulation;
  assert.equal(made.author, 'token:operator-acme');
  const seenBy = async (token: string) =>
    (
      (await (
        await scene.get('/api/v1/simulations', { authorization: `Bearer ${token}` })
      ).json()) as Model<'SimulationList'>
    ).items.length;
  assert.deepEqual([await seenBy(own), await seenBy(viewer), await seenBy(other)], [1, 1, 0]);
  assert.equal((await scene.post(`/api/v1/simulations/${made.id}/restart`, {}, other)).status, 404);
  assert.equal((await scene.post(`/api/v1/simulations/${made.id}/restart`, {}, viewer)).status, 403);
  assert.equal((await scene.post(`/api/v1/simulations/${made.id}/restart`, {}, own)).status, 200);
});
