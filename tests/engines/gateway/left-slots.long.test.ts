// What becomes of the sessions of gateways that have gone: one of their brokers is away, or has forgotten them.
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
import { aMember } from '../subscriber/scene.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, untilHeld } from './kafka-truth.ts';
import { BUSY, publishAll, siteOf } from './scene.ts';

let kafka: Kafka;
let plant: Engine;
let dock: Engine;
let postgres: Postgres;

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, plant, dock, postgres] = await allOwned<[Kafka, Engine, Engine, Postgres]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
    startMosquitto({ lines: BUSY }),
    startPostgres(),
  ]);
});

after(() => engines.disposeAsync());

test('skerry gateway: a dead broker keeps no session of a lost gateway at the other broker, and the slot is closed when it is back', async () => {
  const source = (name: string, { port }: Engine) => ({
    ...{ name, url: `mqtt://127.0.0.1:${port}`, share: 'lost' },
  });
  const config = {
    ...siteOf(plant, kafka, {
      gateway: { group: 'lost', ordinal: -1, leaseSecs: 3 },
      kafka: { topic: 'lost' },
      postgres: { url: postgres.url(), schema: 'lost' },
    }),
    sources: [source('dock', dock), source('plant', plant)],
  };
  await using one = await GatewayProcess.ready({ config });
  await using two = await GatewayProcess.ready({ config });
  const taken = (gateway: GatewayProcess) => gateway.metric('iot_subscriber_received_total', 'plant');
  await publishAll(plant.port, 200);
  assert.ok(Number(await taken(one)) > 0 && Number(await taken(two)) > 0, 'both have a share');
  await untilHeld(kafka, 'lost', 200);
  await dock.kill();
  await two.kill();
  await publishAll(plant.port, 2_000, { epoch: 2, project: 'p2' }); // a half of it for the one that has gone
  const records = await untilHeld(kafka, 'lost', 2_200);
  assertHeld(records, { count: 2_200, devices: 40, redelivered: 0, isOrdered: false });
  assert.match(
    await one.tells(/^slot-left: /),
    /slot 1 of lost was left and is not closed: dock: .*127\.0\.0\.1/,
  );
  assert.equal(await one.metric('iot_subscriber_connected', 'plant'), 1, 'who empties is not the source');
  await dock.restart();
  const isClosed = () => postgres.sql("SELECT is_closed FROM lost.leases WHERE grp = 'lost' AND number = 1");
  await until('the slot to be closed', async () => (await isClosed()) === 't');
  await one.isReady();
  assert.equal(await one.metric('iot_gateway_slots_adopted_total'), 1);
  two.restart();
  await two.isReady();
  assert.equal(await two.metric('iot_subscriber_sessions_lost_total'), 0, two.stderr.slice(-2_000));
});

test('skerry gateway: one that takes over a session which the broker has forgotten says so, though it never had it', async () => {
  const config = siteOf(plant, kafka, {
    gateway: { group: 'gone', ordinal: -1, leaseSecs: 3 },
    kafka: { topic: 'gone' },
    postgres: { url: postgres.url(), schema: 'gone' },
  });
  await using one = await GatewayProcess.ready({ config });
  await using two = await GatewayProcess.ready({ config });
  const lost = async () => (await two.metric('iot_subscriber_sessions_lost_total')) ?? 0;
  assert.equal(await lost(), 0);
  await one.kill();
  const { subscriber } = await aMember(plant.port, { clientId: 'gone-plant-single' });
  await subscriber.endSession();
  await until('the other one to take over', async () => (await lost()) === 1);
  assert.match(two.stderr, /no session of .*gone-plant-single.*which another held before and left/);
});
