// `skerry gateway` between a real mosquitto and a real Kafka: everything is there, in order, through the end of each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, type Kafka, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, untilHeld } from './kafka-truth.ts';
import { acked, aLoad, BUSY, publishAll, publishExactly, siteOf, TOPIC } from './scene.ts';

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

test('skerry gateway: what is published at QoS 1 is in Kafka once, in order for each device, with where it came from', async () => {
  await using _gateway = await GatewayProcess.ready({ config: siteOf(mosquitto, kafka) });
  await publishAll(mosquitto.port, 6_000);
  const records = await untilHeld(kafka, TOPIC, 6_000);
  assertHeld(records, { count: 6_000, devices: 20, redelivered: 0 });
  assert.equal(records.length, 6_000);
  const [first] = records;
  assert.equal(first?.headers.get('tenant'), '1900000000000000001');
  assert.equal(first?.headers.get('project'), '1900000000000000003');
  assert.match(String(first?.headers.get('received')), /^\d{16}$/);
  assert.match(String(first?.key), /^load-\d\d$/);
});

test('skerry gateway: killed in the middle of load, alone and with its supervisor, it loses nothing and leaves no hole', async () => {
  const topic = 'killed';
  await using gateway = await GatewayProcess.ready({
    config: siteOf(mosquitto, kafka, { kafka: { topic }, gateway: { group: 'killed' } }),
  });
  const count = 16_000;
  using load = aLoad(mosquitto.port, { count, rate: 8_000 });
  load.start();
  await acked(load, 2_000);
  await gateway.killChild();
  await acked(load, 5_000);
  await gateway.killChild();
  await acked(load, 8_000);
  await gateway.kill();
  gateway.restart();
  await acked(load, count);
  const records = await untilHeld(kafka, topic, count);
  // at each of the kills at most the window of the subscription was unacknowledged
  assertHeld(records, { count, devices: 20, redelivered: 3 * 1_000 });
});

test('skerry gateway: at QoS 2, by MQTT 3.1.1 and 5, a kill in the middle loses nothing, and at most a window comes twice', async () => {
  const window = 100;
  // at 3.1.1 the window is the broker's
  await using broker = await startMosquitto({ lines: [...BUSY, `max_inflight_messages ${window}`] });
  await using owned = new AsyncDisposableStack();
  const gatewayOf = (topic: string, protocol: string): Promise<GatewayProcess> => {
    const source = { protocol, qos: 2, receiveMaximum: window };
    const config = siteOf(broker, kafka, { source, gateway: { group: topic }, kafka: { topic } });
    return GatewayProcess.ready({ config });
  };
  const gateways = await allOwned<[GatewayProcess, GatewayProcess]>(owned, [
    gatewayOf('exact-3', '3.1.1'),
    gatewayOf('exact-5', '5'),
  ]);
  const loads = ['a', 'b', 'c', 'd'].map((device) => owned.use(publishExactly(broker.port, device)));
  await Promise.all(
    gateways.map(async (gateway) => {
      await tookIn(gateway, 200);
      await gateway.killChild();
      await tookIn(gateway, 200);
    }),
  );
  const counts = await Promise.all(loads.map((load) => load.stop()));
  const count = counts.reduce((sum, one) => sum + one);
  for (const topic of ['exact-3', 'exact-5']) {
    const records = await untilHeld(kafka, topic, count);
    assertHeld(records, { count, devices: loads.length, redelivered: window });
    assert.ok(records.every(({ headers }) => headers.get('qos') === '2'));
  }
});

/** Resolves when this life of a gateway has taken in so many messages. */
function tookIn(gateway: GatewayProcess, count: number): Promise<boolean> {
  return until(
    `${count} messages`,
    async () => Number(await gateway.metric('iot_subscriber_received_total')) >= count,
  );
}
