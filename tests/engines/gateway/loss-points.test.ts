// Where the earlier bridge between MQTT and Kafka lost messages, by the number of the point; docs/decisions/0011-roles.md has all fourteen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, type Kafka, runTool, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, untilHeld } from './kafka-truth.ts';
import { acked, aLoad, BUSY, publishAll, publishBytes, siteOf } from './scene.ts';

let kafka: Kafka;
let mosquitto: Engine;

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, mosquitto] = await allOwned<[Kafka, Engine]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
  ]);
});

after(() => engines.disposeAsync());

/** A gateway whose group and Kafka topic are named after the point. */
function aGateway(point: string, rest: Parameters<typeof siteOf>[2] = {}): Promise<GatewayProcess> {
  const { gateway, kafka: ofKafka, ...others } = rest ?? {};
  const parts = { gateway: { group: point, ...gateway }, kafka: { topic: point, ...ofKafka }, ...others };
  return GatewayProcess.ready({ config: siteOf(mosquitto, kafka, parts) });
}

test('loss points 1, 3: more than the earlier queue held comes in while Kafka fails to write, and none is dropped', async () => {
  await using gateway = await aGateway('point-1-3');
  await publishAll(mosquitto.port, 500);
  await kafka.freeze();
  await publishAll(mosquitto.port, 11_500, { epoch: 2, project: 'p2' });
  await until(
    'all to be on disk',
    async () => (await gateway.metric('iot_subscriber_acked_total')) === 12_000,
  );
  await kafka.kill(); // what was on its way to it is neither taken nor refused
  await kafka.restart();
  const records = await untilHeld(kafka, 'point-1-3', 12_000);
  assertHeld(records, { count: 12_000, devices: 40, redelivered: 0 });
});

test('loss points 2, 4, 5: killed and ended in the middle of load, the process goes on with its session under its own name', async () => {
  await using gateway = await aGateway('point-2-4-5');
  const count = 8_000;
  using load = aLoad(mosquitto.port, { count, rate: 4_000 });
  load.start();
  await acked(load, 2_000);
  await gateway.killChild();
  await acked(load, 4_000);
  await gateway.isReady();
  await gateway.stop();
  assert.equal(await gateway.exitCode(), 0);
  gateway.restart();
  await acked(load, count);
  const records = await untilHeld(kafka, 'point-2-4-5', count);
  assertHeld(records, { count, devices: 20, redelivered: 2_000 });
  const names = new Set(mosquitto.log.match(/point-2-4-5-plant-\w+/g));
  assert.deepEqual([...names], ['point-2-4-5-plant-single']);
});

test('loss point 6: two replicas take in each message once between them', async () => {
  await using one = await aGateway('point-6', { source: { share: 'skerry' }, gateway: { ordinal: 0 } });
  await using two = await aGateway('point-6', { source: { share: 'skerry' }, gateway: { ordinal: 1 } });
  await publishAll(mosquitto.port, 1_000);
  const records = await untilHeld(kafka, 'point-6', 1_000);
  assertHeld(records, { count: 1_000, devices: 20, redelivered: 0, isOrdered: false });
  assert.equal(records.length, 1_000);
  const shares = [
    await one.metric('iot_subscriber_received_total'),
    await two.metric('iot_subscriber_received_total'),
  ];
  assert.ok(Number(shares[0]) > 0 && Number(shares[1]) > 0, `one took ${shares[0]}, two ${shares[1]}`);
});

test('loss point 7: a broker that cannot be reached is on /ready, so no subscription is missed in silence', async () => {
  const source = { url: 'mqtt://127.0.0.1:1' };
  await using gateway = await GatewayProcess.start({ config: siteOf(mosquitto, kafka, { source }) });
  assert.match(await gateway.tells(/^source: plant: .*127\.0\.0\.1/), /ECONNREFUSED|refused/);
  assert.equal((await gateway.readiness())?.ready, false);
});

test('loss point 8: topics are made with what was configured, and weaker ones that exist are told', async () => {
  const describe = (): Promise<string> =>
    runTool('kcat', ['-L', '-b', kafka.brokers.join(','), '-t', 'point-8']);
  {
    await using _gateway = await aGateway('point-8', { kafka: { partitions: 2, retentionHours: 1 } });
    assert.match(await describe(), /with 2 partitions/);
  }
  await using gateway = await aGateway('point-8', { kafka: { partitions: 4 } });
  await until('the weakness to be told', () => /retention\.ms.*3600000.*259200000/.test(gateway.stderr));
  assert.match(gateway.stderr, /keeps less than configured.*partitions.*found=2/);
});

test('loss points 11, 12, 13: equal messages, bytes that are no text and a topic with too few levels are kept as they are', async () => {
  await using _gateway = await aGateway('point-11-13');
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const same = new TextEncoder().encode('{"same":1}');
  await publishBytes(mosquitto.port, [
    ['mtic/msg/client/realtime/t', new TextEncoder().encode('short')],
    ['mtic/msg/client/realtime/t/p', bytes],
    ...Array.from({ length: 50 }, () => ['mtic/msg/client/realtime/t/p', same] as const),
  ]);
  const line = `kcat -C -b "$0" -t point-11-13 -o beginning -e -q -f '%s' | od -An -v -tx1 | tr -d ' \\n'`;
  const size = 2 * (256 + 5 + 50 * same.length);
  const hex = await until('all of them', async () => {
    const found = await runTool('sh', ['-c', line, kafka.brokers.join(',')]);
    return found.length >= size && found;
  });
  assert.equal(hex.length, size);
  for (const payload of [bytes, new TextEncoder().encode('short')])
    assert.ok(hex.includes(Buffer.from(payload).toString('hex')));
  assert.equal(hex.split(Buffer.from(same).toString('hex')).length, 51);
});
