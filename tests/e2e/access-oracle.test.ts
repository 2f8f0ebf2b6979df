// 10^5 questions about random subjects and objects, over the real HTTP server, against a model that shares nothing with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScene, type Scene } from '@skerry/api/testing';
import { SeededRandom } from '@skerry/kernel/testing';
import { AccessOracle, fill, makeSubjects } from './access-oracle.ts';

const SEED = Number(process.env.SKERRY_SEED ?? 4);
const SUBJECTS = 400;
const TRIPLES = 100_000;
const AT_ONCE = 16;

async function ask(scene: Scene, subjects: number, triples: number): Promise<AccessOracle> {
  const random = new SeededRandom(SEED);
  fill(scene);
  const askers = await makeSubjects(scene, subjects, random);
  const oracle = new AccessOracle(scene);
  for (const asker of askers) await oracle.askLists(asker);
  const askOn = async (own: SeededRandom): Promise<void> => {
    while (oracle.triples < triples) {
      const asker = askers[own.int(askers.length)];
      if (asker) await oracle.askOne(asker, own);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => askOn(random.fork(String(i)))));
  return oracle;
}

test(`the oracle finds no leak in ${TRIPLES} questions about random subjects and objects (seed ${SEED})`, async () => {
  await using scene = await openScene();
  using oracle = await ask(scene, SUBJECTS, TRIPLES);
  assert.deepEqual(oracle.leaks.slice(0, 3), [], `${oracle.leaks.length} differences`);
  assert.ok(oracle.triples >= TRIPLES);
});

test('the oracle finds a list that forgets the scopes', async () => {
  await using scene = await openScene();
  const devices = scene.platform.devices.bind(scene.platform);
  scene.platform.devices = ({ scopes: _, ...query }) => devices(query);
  using oracle = await ask(scene, 20, 4_000);
  assert.ok(oracle.leaks.length > 0);
  assert.ok(
    oracle.leaks.every(({ what, answered }) => what.startsWith('listDevices') && answered === 'let in'),
  );
});

test('the oracle finds a subject whose grants are read without their device', async () => {
  await using scene = await openScene();
  const { authenticator } = scene.access.access;
  const bearer = authenticator.bearer.bind(authenticator);
  authenticator.bearer = async (secret) => {
    const subject = await bearer(secret);
    return subject && { ...subject, grants: subject.grants.map(({ device: _, ...grant }) => grant) };
  };
  using oracle = await ask(scene, 60, 13_000);
  const found = new Set(oracle.leaks.map(({ what }) => what));
  for (const what of ['getDevice', 'getDeadLetter', 'stream', 'listDevices'])
    assert.ok(found.has(what), what);
});
