// Several gateways on real engines: who subscribes, who takes over, and what becomes of what was queued for one that is gone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type Engine,
  type Kafka,
  type Postgres,
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, originOf, untilHeld } from './kafka-truth.ts';
import { acked, aLoad, BUSY, publishAll, siteOf } from './scene.ts';

let kafka: Kafka;
let mosquitto: Engine;
let postgres: Postgres;

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, mosquitto, postgres] = await allOwned<[Kafka, Engine, Postgres]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
    startPostgres(),
  ]);
});

after(() => engines.disposeAsync());

/** A site of gateways that take numbers from PostgreSQL. */
function site(group: string, share: string, leaseSecs = 3): Record<string, unknown> {
  return siteOf(mosquitto, kafka, {
    source: { share },
    gateway: { group, ordinal: -1, leaseSecs },
    kafka: { topic: group },
    postgres: { url: postgres.url(), schema: group },
  });
}

function leasesOf(group: string): Promise<string> {
  return postgres.sql(`SELECT number, is_closed FROM ${group}.leases WHERE grp = '${group}' ORDER BY 1`);
}

test('skerry gateway: three share a subscription; the queue of one that is killed comes back with it, and is adopted when it does not', async () => {
  const config = site('shared', 'shared', 8);
  await using one = await GatewayProcess.ready({ config });
  await using two = await GatewayProcess.ready({ config });
  await using three = await GatewayProcess.ready({ config });
  assert.equal(await leasesOf('shared'), '0|f\n1|f\n2|f');
  const count = 12_000;
  using load = aLoad(mosquitto.port, { count, rate: 4_000 });
  load.start();
  await acked(load, 2_000);
  await two.killChild(); // its supervisor has it again within its lease, and so under its number
  await acked(load, 5_000);
  await two.isReady();
  assert.equal(await leasesOf('shared'), '0|f\n1|f\n2|f');
  load.isPaused = true;
  // nothing that it has acknowledged, or that is on its way to it, is on its disk alone
  await until('what was sent to be acknowledged', () => load.state().acked === load.state().sent);
  await untilHeld(kafka, 'shared', load.state().acked);
  await three.kill(); // and nobody starts it again
  load.isPaused = false;
  await acked(load, count);
  await until('the slot to be closed', async () => (await leasesOf('shared')) === '0|f\n1|f\n2|t');
  const records = await untilHeld(kafka, 'shared', count);
  assertHeld(records, { count, devices: 20, redelivered: 2 * 1_000, isOrdered: false });
  assert.equal(new Set(records.map((record) => originOf(record).journalId)).size, 3);
  const adopted = [
    await one.metric('iot_gateway_slots_adopted_total'),
    await two.metric('iot_gateway_slots_adopted_total'),
  ];
  assert.equal((adopted[0] ?? 0) + (adopted[1] ?? 0), 1);
  assert.match(mosquitto.log, /shared-plant-2 (disconnected|closed)/);
});

test('skerry gateway: without $share one of two subscribes, and the other goes on with its session when it is killed', async () => {
  const config = site('alone', '');
  await using one = await GatewayProcess.ready({ config });
  await using two = await GatewayProcess.ready({ config });
  const count = 6_000;
  using load = aLoad(mosquitto.port, { count, rate: 3_000 });
  load.start();
  await acked(load, 2_000);
  load.isPaused = true; // a look and a kill may take their time
  assert.equal((await two.metric('iot_subscriber_received_total')) ?? 0, 0, 'both subscribe');
  await one.kill();
  load.isPaused = false;
  await acked(load, count);
  await until(
    'the other to subscribe',
    async () => Number(await two.metric('iot_subscriber_received_total')) > 0,
  );
  one.restart(); // what it had acknowledged is on its disk
  const records = await untilHeld(kafka, 'alone', count);
  // what the first had on its disk comes when it comes back
  assertHeld(records, { count, devices: 20, redelivered: 1_000, isOrdered: false });
  assert.equal(new Set(records.map((record) => originOf(record).journalId)).size, 2);
});

test('skerry gateway: PostgreSQL gone and back is told and costs nothing, also for longer than a lease and at the start', async () => {
  const config = site('away', 'away');
  await using one = await GatewayProcess.ready({ config });
  await publishAll(mosquitto.port, 1_000);
  await postgres.kill();
  assert.match(await one.tells(/^leases: The/), /is kept and cannot be renewed: .*PostgreSQL/);
  await using two = await GatewayProcess.start({ config });
  assert.match(await two.tells(/^leases: /), /PostgreSQL/);
  await publishAll(mosquitto.port, 2_000, { project: 'p2', epoch: 2 });
  await untilHeld(kafka, 'away', 3_000);
  await postgres.restart();
  await Promise.all([one.isReady(), two.isReady()]);
  await publishAll(mosquitto.port, 2_000, { project: 'p3', epoch: 3 });
  const records = await untilHeld(kafka, 'away', 5_000);
  assertHeld(records, { count: 5_000, devices: 60, redelivered: 0, isOrdered: false });
  assert.equal(new Set(records.map((record) => originOf(record).journalId)).size, 2);
  assert.doesNotMatch(`${one.stderr} ${two.stderr}`, /starting it again/);
});
