// `gateway.buffer: none` on three nodes of Kafka: PUBACK goes to the broker when two of them have the message.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, type Kafka, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { aClient, aTopic, changeTopic, tools } from '../kafka/scene.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, readTopic, untilHeld } from './kafka-truth.ts';
import { acked, aLoad, BUSY, publishAll, siteOf } from './scene.ts';

let kafka: Kafka;
let mosquitto: Engine;

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, mosquitto] = await allOwned<[Kafka, Engine]>(engines, [
    startKafka({ nodes: 3 }),
    startMosquitto({ lines: BUSY }),
  ]);
});

after(() => engines.disposeAsync());

const REPLICATED = { replication: 3, minInSync: 2 };

test('skerry gateway with buffer none: nothing is acknowledged that Kafka does not have, over kills of the gateway and of nodes', async () => {
  const topic = 'direct';
  const config = siteOf(mosquitto, kafka, {
    gateway: { group: topic, buffer: 'none' },
    kafka: { topic, ...REPLICATED },
  });
  await using gateway = await GatewayProcess.ready({ config });
  const count = 8_000;
  using load = aLoad(mosquitto.port, { count, rate: 4_000 });
  load.start();
  await acked(load, 1_500);
  await gateway.killChild(); // it has nothing on disk: the broker has what Kafka has not
  await acked(load, 3_000);
  await gateway.isReady();
  const [first, second] = kafka.nodes;
  await first?.kill();
  await acked(load, 4_500);
  await second?.kill(); // one in sync is too few: nothing may be acknowledged
  await gateway.tells(/^kafka-/);
  const [received, told] = [
    await gateway.metric('iot_subscriber_received_total'),
    await gateway.metric('iot_subscriber_acked_total'),
  ];
  await acked(load, count);
  assert.ok(Number(received) - Number(told) <= 2_000, 'more is taken in than the window of the broker');
  await kafka.restart();
  await gateway.isReady();
  const records = await untilHeld(kafka, topic, count);
  assertHeld(records, { count, devices: 20, redelivered: 2_000 });
});

/** Changes how many replicas of a topic have to be in sync. */
async function requireInSync(topic: string, count: number): Promise<void> {
  await using client = await aClient(kafka, tools());
  await changeTopic(client, topic, { 'min.insync.replicas': String(count) });
}

test('skerry gateway with buffer none: nothing is acknowledged over a topic that keeps too little, and all is when it keeps more', async () => {
  const topic = 'weak';
  {
    await using client = await aClient(kafka, tools());
    await aTopic(client, { name: topic, replication: 3, minInSync: 1 });
    await aTopic(client, { name: 'lonely', replication: 1, minInSync: 1 });
  }
  const site = (name: string) =>
    siteOf(mosquitto, kafka, {
      gateway: { group: name, buffer: 'none' },
      kafka: { topic: name, ...REPLICATED },
    });
  await using gateway = await GatewayProcess.start({ config: site(topic) });
  await gateway.tells(
    /^kafka-weak: .*weak: found 3 replicas and min\.insync\.replicas 1, wanted at least 3 and 2/,
  );
  await until('it to subscribe', () => gateway.stderr.includes('event=subscribed'));
  await publishAll(mosquitto.port, 300);
  await until('messages', async () => Number(await gateway.metric('iot_subscriber_received_total')) > 0);
  await gateway.tells(/^kafka-weak/);
  assert.equal(await gateway.metric('iot_subscriber_acked_total'), 0);
  assert.deepEqual(await readTopic(kafka, topic), []);
  await requireInSync(topic, 2);
  await gateway.isReady();
  assertHeld(await untilHeld(kafka, topic, 300), { count: 300, devices: 20, redelivered: 0 });
  await requireInSync(topic, 1); // somebody changes it while the gateway works
  await gateway.tells(/^kafka-weak/);
  await publishAll(mosquitto.port, 100, { epoch: 2, project: 'p2' });
  await until('messages', async () => Number(await gateway.metric('iot_subscriber_received_total')) > 300);
  assert.equal(await gateway.metric('iot_subscriber_acked_total'), 300);
  await requireInSync(topic, 2);
  await untilHeld(kafka, topic, 400);
  await using other = await GatewayProcess.start({ config: site('lonely') });
  await other.tells(/^kafka-weak: .*lonely: found 1 replicas and min\.insync\.replicas 1/);
});

test('skerry gateway with buffer none: what a buffer on disk holds from before goes first', async () => {
  const topic = 'before';
  const site = (buffer: string) =>
    siteOf(mosquitto, kafka, { gateway: { group: topic, buffer }, kafka: { topic, ...REPLICATED } });
  await using gateway = await GatewayProcess.ready({ config: site('segment') });
  await publishAll(mosquitto.port, 1_000);
  await untilHeld(kafka, topic, 1_000);
  await kafka.freeze();
  await publishAll(mosquitto.port, 2_000, { epoch: 2, project: 'p2' });
  await until(
    'all to be on disk',
    async () => (await gateway.metric('iot_subscriber_acked_total')) === 3_000,
  );
  await gateway.kill();
  kafka.thaw();
  await using next = await GatewayProcess.ready({ config: site('none'), dataDir: gateway.dataDir });
  await publishAll(mosquitto.port, 500, { epoch: 3, project: 'p3' });
  const records = await untilHeld(kafka, topic, 3_500);
  assertHeld(records, { count: 3_500, devices: 60, redelivered: 0 });
  assert.ok(next.isAlive);
});

test('skerry gateway with buffer none is refused for fewer than three replicas or two in sync', async () => {
  const config = siteOf(mosquitto, kafka, { gateway: { buffer: 'none' }, kafka: { replication: 3 } });
  await using gateway = await GatewayProcess.start({ config });
  assert.equal(await gateway.exitCode(), 3);
  assert.match(
    gateway.stderr,
    /gateway\.buffer: found none with kafka\.replication 3 and kafka\.minInSync 1/,
  );
});
