// The same questions to the real server, with its exports, streams, commands and MQTT; 1,500 of them and more.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SeededRandom } from '@skerry/kernel/testing';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { AccessOracle } from './access-oracle.ts';
import { pipelineOf } from './access-probe.ts';
import {
  AccessWorld,
  type Asking,
  inPath,
  keyOf,
  mayNaively,
  type NaiveGrant,
  NO_TELEMETRY,
  type Place,
  placesOf,
} from './access-world.ts';
import { until } from './condition.ts';
import { rowsOf, skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const SEED = Number(process.env.SKERRY_SEED ?? 4);
const SUBJECTS = 12;
const PLACES = placesOf(['acme', 'Acme', '*'], ['plant', '...'], ['pump', '%2F']);

const folder = memoryFolder('access-oracle');
let server: ServerProcess;
let world: AccessWorld;

before(async () => {
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store') });
  world = new AccessWorld(`http://127.0.0.1:${server.httpPort}`, server.token, PLACES);
  for (const place of PLACES) {
    await send(place, { v: 1, seq: 1 });
    await send(place, NO_TELEMETRY);
    await send(place, { v: 2, seq: 3 });
  }
  await server.quiet();
  await world.findLetters();
});

after(async () => {
  world[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Waits until the metrics name every pipeline: each has counted something. */
async function untilCounted(): Promise<void> {
  for (const place of PLACES) await send(place, { v: 3, seq: 4 });
  const headers = { authorization: `Bearer ${server.token}` };
  await until('every pipeline in the metrics', async () => {
    const { text } = await world.ask({ headers }, 'GET', '/metrics');
    return PLACES.every((place) => text.includes(`pipeline="${pipelineOf(world, place)}"`));
  });
}

async function send(place: Place, body: object): Promise<void> {
  await world.must('POST', `/api/v1/telemetry/${inPath(place)}`, body);
}

/** Asks over MQTT: a publication to every place, and a subscription of every place. */
async function askMqtt(oracle: AccessOracle, asking: Asking): Promise<void> {
  if (asking.secret === undefined) return;
  using client = await WireClient.open(server.mqttPort);
  const password = new TextEncoder().encode(asking.secret);
  const session = { isCleanStart: true, keepAliveSecs: 0, clientId: `of-${asking.name}` } as const;
  client.send({ type: 'connect', level: 5, ...session, username: asking.name, password });
  assert.equal((await client.first('connack')).reason, 0);
  for (const [index, place] of PLACES.entries()) {
    const { tenant, project, device } = place;
    const reason = await client.accepted(`iot/${tenant}/${project}/${device}/telemetry`, '{"w":1}');
    const isWanted = mayNaively(asking, 'write', place);
    oracle.compare(asking, 'mqtt publish', keyOf(place), { isLetIn: reason < 0x80, isWanted });
    const filter = `iot/${tenant}/${project}/${device}/#`;
    const asked = {
      filter,
      qos: 0,
      isNoLocal: false,
      isRetainAsPublished: false,
      retainHandling: 0,
    } as const;
    client.send({ type: 'subscribe', packetId: 1_000 + index, topics: [asked] });
  }
  await client.first('suback');
  while (client.all('suback').length < PLACES.length) await new Promise((done) => setImmediate(done));
  for (const [index, place] of PLACES.entries()) {
    const suback = client.all('suback').find(({ packetId }) => packetId === 1_000 + index);
    const isLetIn = Number(suback?.reasons[0]) < 0x80;
    oracle.compare(asking, 'mqtt subscribe', keyOf(place), {
      isLetIn,
      isWanted: mayNaively(asking, 'listen', place),
    });
  }
}

/** Asks `skerry sql` with the token of a subject, which sees what it may read and nothing else. */
async function askSql(oracle: AccessOracle, asking: Asking): Promise<void> {
  if (asking.secret === undefined) return;
  const env = { SKERRY_URL: world.url, SKERRY_TOKEN: asking.secret };
  const query = 'SELECT DISTINCT tenant, project, device FROM telemetry';
  const said = await skerry(['sql', query, '--from', 'now-1h', '-o', 'ndjson'], { env });
  const seen = new Set(
    rowsOf(said.out).map(({ tenant, project, device }) =>
      keyOf({ tenant: String(tenant), project: String(project), device: String(device) }),
    ),
  );
  for (const place of PLACES) {
    const isWanted = mayNaively(asking, 'see', place);
    oracle.compare(asking, 'skerry sql', keyOf(place), { isLetIn: seen.has(keyOf(place)), isWanted });
  }
}

const SQL_GRANTS: readonly (readonly NaiveGrant[])[] = [
  [{ role: 'viewer', path: ['acme', 'plant', 'pump'] }],
  [
    { role: 'viewer', path: ['Acme'] },
    { role: 'device', path: [] },
  ],
];

test(`the oracle finds no leak in the real server: operations, exports, streams, commands, MQTT (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  const oracle = new AccessOracle(world);
  await oracle.declare();
  await untilCounted();
  await world.populate(SUBJECTS, random);
  for (const asking of world.subjects) {
    await oracle.askEach(asking, random);
    await askMqtt(oracle, asking);
  }
  const listening = async (places: readonly Place[]) => {
    for (const place of places) await send(place, { live: 1 });
  };
  for (const asking of world.subjects.slice(0, 4)) await oracle.askStream(asking, listening);
  for (const grants of SQL_GRANTS) await askSql(oracle, await world.subject(grants, false));
  assert.deepEqual(oracle.leaks.slice(0, 3), [], `${oracle.leaks.length} differences`);
  assert.ok(oracle.triples >= 1_500, `${oracle.triples} questions`);
  for (const what of ['mqtt publish', 'mqtt subscribe', 'stream', 'skerry sql', 'exportTelemetry'])
    assert.ok(oracle.asked.has(what), what);
});

test('the oracle finds a token in the real server that reaches further than it is said to', async () => {
  const random = new SeededRandom(SEED);
  const oracle = new AccessOracle(world);
  const { secret, headers } = await world.subject([{ role: 'operator', path: ['acme'] }], false);
  const grants = [{ role: 'operator', path: ['acme', 'plant', 'pump'] }];
  const asking: Asking = { name: 'planted', grants, headers, secret };
  for (let i = 0; i < 4; i++) await oracle.askEach(asking, random);
  await askMqtt(oracle, asking);
  await askSql(oracle, asking);
  const found = new Set(oracle.leaks.map(({ what }) => what));
  for (const what of ['listDevices', 'exportDevices', 'skerry sql', 'mqtt publish', 'mqtt subscribe'])
    assert.ok(found.has(what), what);
  assert.ok(oracle.leaks.every(({ answered }) => answered === 'let in'));
});
