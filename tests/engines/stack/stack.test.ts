// The whole data plane in roles, on a real mosquitto, Kafka and PostgreSQL: one gateway and one writer are killed under load.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import { type Stack, startStack } from '@skerry/testkit/stack';

const DEVICES = 50;
const ROUNDS = 120;
const PREFIX = 'mtic/msg/client/realtime/1900000000000000001/1900000000000000003';

let folder: string;
let stack: Stack;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-stack-test-'));
  stack = await startStack({ folder });
});

after(async () => {
  await stack?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves when the question has the answer; the clock of the suite bounds it. */
async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const clock = nodeClock();
  for (let tries = 0; tries < 1_200; tries++) {
    if (await isTrue().catch(() => false)) return;
    await clock.sleep(50);
  }
  throw new TypeError(`It did not come about: ${what}.`);
}

function publisher(): Promise<Publisher> {
  const address = { host: '127.0.0.1', port: stack.mosquitto.port };
  return openPublisher(
    { address, clientId: 'park' },
    { clock: nodeClock(), random: nodeRandom(), net: nodeNet() },
  );
}

/** Asks the cloud as whoever may read its data folder. */
async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const token = readFileSync(join(stack.cloud.dataDir, 'token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${stack.cloud.url}${path}`, { ...init, headers });
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return await response.json();
}

test('every message of every device is stored once, over the death of a gateway and of a writer', async () => {
  const ready = async () =>
    (await Promise.all([...stack.gateways, ...stack.writers].map((one) => one.reasons()))).every(
      (reasons) => reasons?.length === 0,
    );
  await until('all roles are ready', ready);
  await using sender = await publisher();
  for (let round = 0; round < ROUNDS; round++) {
    for (let device = 0; device < DEVICES; device++) {
      await sender.room();
      const value = round * DEVICES + device;
      sender.publish(`${PREFIX}/agv-${device}`, Buffer.from(JSON.stringify({ value, seq: round })));
    }
    if (round === 40) stack.gateways[0]?.killWorker();
    if (round === 80) stack.writers[0]?.killWorker();
    await nodeClock().sleep(5);
  }
  await sender.room();
  sender.publish(`${PREFIX}/agv-0`, Buffer.from('{broken'));
  await sender.drained();
  const sent = DEVICES * ROUNDS;
  const count = (question: string) => stack.postgres.sql(question);
  await until(
    `${sent} values are stored`,
    async () => Number(await count(`SELECT count(*) FROM skerry.telemetry WHERE metric = 'value'`)) >= sent,
  );
  const [stored, distinct, sum] = (
    await count(
      `SELECT count(*), count(DISTINCT (device, value)), sum(value) FROM skerry.telemetry WHERE metric = 'value'`,
    )
  ).split('|');
  assert.deepEqual([stored, distinct, Number(sum)], [String(sent), String(sent), (sent * (sent - 1)) / 2]);
  const backwards = await count(
    `SELECT count(*) FROM (SELECT value - lag(value) OVER (PARTITION BY device ORDER BY source, position) AS step
       FROM skerry.telemetry WHERE metric = 'value') AS steps WHERE step <= 0`,
  );
  assert.equal(backwards, '0', 'a device has its messages in another order than it sent them');
  await until(
    'the dead letter is there',
    async () => (await count('SELECT count(*) FROM skerry.dead_letters')) === '1',
  );
});

test('the cloud shows what the writers stored, and its ledger balances', async () => {
  const devices = (await ask('/api/v1/devices?limit=1')) as { readonly total: number };
  assert.equal(devices.total, DEVICES);
  const ledger = (await ask('/api/v1/ledger')) as {
    readonly balanced: boolean;
    readonly totals: Readonly<Record<string, number>>;
    readonly imbalances: readonly string[];
  };
  assert.deepEqual(ledger.imbalances, []);
  const { stored = 0, deadLettered = 0, deduplicated = 0, received = 0 } = ledger.totals;
  assert.deepEqual([stored, deadLettered], [DEVICES * ROUNDS, 1]);
  assert.equal(received, stored + deadLettered + deduplicated);
  const page = await fetch(`${stack.cloud.url}/`);
  assert.match(await page.text(), /<title>Skerry/);
});

test('telemetry over HTTP goes the same way', async () => {
  await ask('/api/v1/telemetry/acme/plant/pump-1', { method: 'POST', body: '{"flow":7.5}' });
  await until(
    'the point is stored',
    async () =>
      (await stack.postgres.sql(`SELECT value FROM skerry.telemetry WHERE device = 'pump-1'`)) === '7.5',
  );
});
