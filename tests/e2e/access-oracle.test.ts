// 10^5 questions about random subjects and objects, over the real HTTP server, against a model that shares nothing with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, openScene, type Scene, TOKEN } from '@skerry/api/testing';
import type { MetricFamily } from '@skerry/kernel';
import { SeededRandom } from '@skerry/kernel/testing';
import { AccessOracle, PROBES } from './access-oracle.ts';
import { pipelineOf } from './access-probe.ts';
import { CHANGING } from './access-probes.ts';
import { AccessWorld, anyOf, placesOf } from './access-world.ts';

const SEED = Number(process.env.SKERRY_SEED ?? 4);
const SUBJECTS = 300;
/** Those of them that ask what changes something. */
const CHANGERS = 30;
const TRIPLES = 100_000;
const AT_ONCE = 16;

/** Ids that look alike, contain separators, or mean something elsewhere (`..` is left out: clients resolve it in a URL). */
const PLACES = placesOf(
  ['acme', 'Acme', 'acme/plant', '*'],
  ['plant', 'plant ', '...'],
  ['pump', 'pump/7', '%2F'],
);

/** Puts a point, a gap and a dead letter into every place. */
function fill(scene: Scene): void {
  for (const place of PLACES) {
    scene.platform.ingest([{ ...place, values: { v: 1 }, seq: 1 }]);
    scene.platform.ingest([{ ...place, values: undefined }]);
    scene.platform.ingest([{ ...place, values: { v: 2 }, seq: 3 }]);
  }
  scene.clock.advance(1_000); // an export goes up to now
}

/** What the pipeline of each project has counted. */
function stageMetrics(world: AccessWorld): MetricFamily {
  const samples = PLACES.map((place) => {
    const { tenant, project } = place;
    return { labels: { tenant, project, pipeline: pipelineOf(world, place), stage: 'keep' }, value: 1 };
  });
  return { name: 'iot_pipeline_stage_in_total', kind: 'counter', help: 'Messages.', samples };
}

async function ask(
  scene: Scene,
  { subjects, changers, triples }: { subjects: number; changers: number; triples: number },
): Promise<AccessOracle> {
  const random = new SeededRandom(SEED);
  fill(scene);
  using world = new AccessWorld(scene.api.url, TOKEN, PLACES);
  await world.populate(subjects, random);
  await world.findLetters();
  scene.platform.families = [...scene.meter.snapshot(), stageMetrics(world)];
  const oracle = new AccessOracle(world);
  await oracle.declare();
  for (const [index, asking] of world.subjects.entries()) {
    scene.clock.advance(1_000); // what a subject may ask in a second comes back
    await oracle.askStream(asking, (places) =>
      scene.platform.ingest(places.map((place) => ({ ...place, values: { live: 1 } }))),
    );
    if (index < changers) await oracle.askEach(asking, random, CHANGING);
    else await oracle.askEach(asking, random, LISTS);
  }
  const askOn = async (own: SeededRandom): Promise<void> => {
    while (oracle.triples < triples) await oracle.askOne(anyOf(own, world.subjects), own);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => askOn(random.fork(String(i)))));
  return oracle;
}

const LIST_NAMES = ['listDevices', 'listGaps', 'listDeadLetters', 'getLedger', 'listPipelines'];
const LISTS = Object.fromEntries(Object.entries(CHANGING).filter(([name]) => LIST_NAMES.includes(name)));

test('the oracle asks every operation of the API', () => {
  assert.deepEqual(Object.keys(PROBES).sort(), Object.keys(OPERATIONS).sort());
});

test(`the oracle finds no leak in ${TRIPLES} questions about random subjects and objects (seed ${SEED})`, async () => {
  await using scene = await openScene();
  const oracle = await ask(scene, { subjects: SUBJECTS, changers: CHANGERS, triples: TRIPLES });
  assert.deepEqual(oracle.leaks.slice(0, 3), [], `${oracle.leaks.length} differences`);
  assert.ok(oracle.triples >= TRIPLES);
  const unasked = Object.keys(OPERATIONS).filter((name) => !oracle.asked.has(name));
  assert.deepEqual(unasked, [], 'operations that nothing was compared of');
});

test('the oracle finds a list that forgets the scopes', async () => {
  await using scene = await openScene();
  const devices = scene.platform.devices.bind(scene.platform);
  scene.platform.devices = ({ scopes: _, ...query }) => devices(query);
  const oracle = await ask(scene, { subjects: 20, changers: 8, triples: 8_000 });
  const found = new Set(oracle.leaks.map(({ what }) => what));
  for (const what of ['listDevices', 'exportDevices', 'getOverview']) assert.ok(found.has(what), what);
  assert.ok(oracle.leaks.every(({ answered }) => answered === 'let in'));
});

test('the oracle finds metrics that name what others have', async () => {
  await using scene = await openScene();
  const { authenticator } = scene.access.access;
  const bearer = authenticator.bearer.bind(authenticator);
  authenticator.bearer = async (secret) => {
    const subject = await bearer(secret);
    return subject && { ...subject, grants: subject.grants.map(({ role }) => ({ role })) };
  };
  const oracle = await ask(scene, { subjects: 30, changers: 0, triples: 8_000 });
  const leak = oracle.leaks.find(({ what, where }) => what === 'getMetrics' && where.startsWith('p'));
  assert.equal(leak?.answered, 'let in');
  assert.ok(oracle.leaks.some(({ what, where }) => what === 'listLimits' && where === 'how near'));
});

test('the oracle finds a subject whose grants are read without their device', async () => {
  await using scene = await openScene();
  const { authenticator } = scene.access.access;
  const bearer = authenticator.bearer.bind(authenticator);
  authenticator.bearer = async (secret) => {
    const subject = await bearer(secret);
    return subject && { ...subject, grants: subject.grants.map(({ device: _, ...grant }) => grant) };
  };
  const oracle = await ask(scene, { subjects: 60, changers: 0, triples: 26_000 });
  const found = new Set(oracle.leaks.map(({ what }) => what));
  for (const what of ['getDevice', 'getDeadLetter', 'stream', 'listDevices', 'exportTelemetry'])
    assert.ok(found.has(what), what);
});
