import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import {
  type Accounts,
  accountsOf,
  assertAuditClean,
  assertServes,
  lettersOf,
  pointsOf,
  type ToldLetter,
} from './proof.ts';
import { rowsOf, skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('dead-letters');
const dataDir = join(folder.path, 'store');
const DEFAULT_TEMPLATES =
  'mtic/msg/client/realtime/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…},iot/{tenantId}/{projectId}/{deviceId}/telemetry';
const ROUTES = { SKERRY_ROUTING_TELEMETRY: `${DEFAULT_TEMPLATES},mtic/msg/client/{tenantId}/{projectId}` };
const LOST_TOPIC = 'mtic/msg/client/realtime/plant';
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir });
  using client = await WireClient.join(server.mqttPort, 'sender');
  for (let i = 0; i < 3; i++) client.publish(LOST_TOPIC, `{"deviceId":"stray","n":${i}}`);
  client.publish('iot/acme/plant/broken/telemetry', new Uint8Array([0x7b, 0xff, 0xfe, 0x00]));
  client.publish('iot/acme/plant/broken/telemetry', '{"n":}');
  const names = (from: number, count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${from + i}`, i])));
  client.publish('iot/acme/plant/wide/telemetry', names(0, 512));
  client.publish('iot/acme/plant/wide/telemetry', names(511, 2));
  await client.answered();
  await server.quiet();
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function lettersFor(reason: string, state = 'open'): Promise<ToldLetter[]> {
  return (await lettersOf(server, state)).filter((letter) => letter.reason === reason);
}

/** The ledger tells what is sealed, so what was asked for shows a moment later. */
async function assertAccounts(wanted: Partial<Accounts>): Promise<void> {
  const told = async (): Promise<Partial<Accounts>> => {
    const accounts = await accountsOf(server);
    return Object.fromEntries(Object.keys(wanted).map((name) => [name, accounts[name as keyof Accounts]]));
  };
  await until('the accounts', async () => isDeepStrictEqual(await told(), wanted));
  assert.deepEqual(await told(), wanted);
  assert.equal((await server.ledger()).isBalanced, true);
}

test('each kind of dead letter is listed with what was found, shown with its bytes, and in the ledger', async () => {
  const letters = await lettersOf(server);
  assert.deepEqual(
    letters.map(({ reason, topic, device, state }) => [reason, topic.split('/').at(-1), device, state]),
    [
      ['unknown-topic', 'plant', '', 'open'],
      ['unknown-topic', 'plant', '', 'open'],
      ['unknown-topic', 'plant', '', 'open'],
      // the topic names a device of which nothing was ever stored
      ['undecodable', 'telemetry', 'broken', 'open'],
      ['undecodable', 'telemetry', 'broken', 'open'],
      ['series-limit', 'telemetry', 'wide', 'open'],
    ],
  );
  assert.match(letters[5]?.detail ?? '', /512/);
  const { received, stored, deadLettered } = await accountsOf(server);
  assert.deepEqual({ received, stored, deadLettered }, { received: 7, stored: 1, deadLettered: 6 });
  const listed = rowsOf((await skerry('dlq list --reason undecodable -o ndjson', { dataDir })).out);
  assert.equal(listed.length, 2);
  const shown = await skerry(['dlq', 'show', String(listed[0]?.offset)], { dataDir });
  assert.match(shown.out, /7b ff fe 00/);
  assert.match(shown.out, /not UTF-8/);
});

test('dlq replay while the cause is still there leaves the letters open and stores nothing', async () => {
  const replay = await skerry('dlq replay --all -o json', { dataDir });
  assert.equal(replay.code, 0, replay.err);
  assert.deepEqual(JSON.parse(replay.out), { changed: 0, failedAgain: 6, undecided: 0, unchanged: 0 });
  await server.quiet();
  assert.equal((await lettersOf(server)).length, 6);
  const { stored, deadLettered } = await accountsOf(server);
  assert.deepEqual({ stored, deadLettered }, { stored: 1, deadLettered: 6 });
});

test('dlq replay after a template was added stores each record once, however often and by however many it is asked', async () => {
  await server[Symbol.asyncDispose]();
  server = await ServerProcess.start({ dataDir, env: ROUTES });
  const post = (path: string, body?: object) =>
    fetch(`http://127.0.0.1:${server.httpPort}/api/v1/dead-letters/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const [first] = await lettersFor('unknown-topic');
  const answers = await Promise.all([
    post('replay', { reason: 'unknown-topic' }),
    post('replay', { reason: 'unknown-topic' }),
    post(`${first?.offset}/replay`),
    post(`${first?.offset}/replay`),
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200, 200],
  );
  await until('the replays', async () => (await lettersFor('unknown-topic')).length === 0);
  const again = await skerry(`dlq replay ${first?.offset} -o json`, { dataDir });
  assert.deepEqual(JSON.parse(again.out), { changed: 0, failedAgain: 0, undecided: 0, unchanged: 1 });
  await server.quiet();
  const points = await pointsOf(server, {
    tenant: 'realtime',
    project: 'plant',
    device: 'stray',
    metric: 'n',
  });
  assert.deepEqual(
    points.map((point) => point.value),
    [0, 1, 2],
  );
  await assertAccounts({ received: 7, stored: 4, deadLettered: 3, discarded: 0 });
  assert.deepEqual(
    (await lettersFor('unknown-topic', 'replayed')).map((letter) => letter.author),
    ['local', 'local', 'local'],
  );
});

test('dlq discard keeps the author, moves the account, and cannot be followed by a replay', async () => {
  const discard = await skerry('dlq discard --reason undecodable -o json', { dataDir });
  assert.deepEqual(JSON.parse(discard.out), { changed: 2, failedAgain: 0, undecided: 0, unchanged: 0 });
  await until('the discards', async () => (await lettersFor('undecodable')).length === 0);
  const gone = await lettersFor('undecodable', 'discarded');
  assert.deepEqual(
    gone.map((letter) => letter.author),
    ['local', 'local'],
  );
  const replay = await skerry(`dlq replay ${gone[0]?.offset} -o json`, { dataDir });
  assert.deepEqual(JSON.parse(replay.out), { changed: 0, failedAgain: 0, undecided: 0, unchanged: 1 });
  await assertAccounts({ received: 7, stored: 4, deadLettered: 1, discarded: 2 });
});

test('a write without the token of the folder is refused and changes nothing', async () => {
  const url = `http://127.0.0.1:${server.httpPort}/api/v1/dead-letters/discard`;
  const headers = { 'content-type': 'application/json' };
  const none = await fetch(url, { method: 'POST', headers, body: '{}' });
  const wrong = await fetch(url, {
    method: 'POST',
    headers: { ...headers, authorization: 'Bearer wrong' },
    body: '{}',
  });
  const codes = [await none.json(), await wrong.json()].map((problem) => (problem as { code: string }).code);
  assert.deepEqual(codes, ['sign-in-required', 'token-refused']);
  assert.equal((await lettersOf(server)).length, 1);
});

test('letters, their states and the ledger are the same after a kill, and the audit agrees', async () => {
  const before = [
    await lettersOf(server),
    await lettersFor('undecodable', 'discarded'),
    await accountsOf(server),
  ];
  await server.kill();
  server = await ServerProcess.start({ dataDir, env: ROUTES });
  await server.quiet();
  assert.deepEqual(
    [await lettersOf(server), await lettersFor('undecodable', 'discarded'), await accountsOf(server)],
    before,
  );
  await assertAuditClean(server);
  await assertServes(server);
});
