// A gateway whose uplink falls further behind than its memory reaches reads its files, and comes back to memory, twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LIMITS } from '@skerry/journal';
import { type Engine, type Kafka, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, untilHeld } from './kafka-truth.ts';
import { BUSY, publishAll, siteOf } from './scene.ts';

const PAYLOAD_BYTES = 200;
/** Of each of the stretches while Kafka is frozen: half as much again as memory takes. */
const FROZEN = Math.ceil((1.5 * LIMITS.hotBatchBytes.value) / PAYLOAD_BYTES / 1_000) * 1_000;
const LIVE = 4_000;

let kafka: Kafka;
let mosquitto: Engine;
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, mosquitto] = await allOwned<[Kafka, Engine]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
  ]);
});

after(() => engines.disposeAsync());

test('skerry gateway: what no longer fits into memory comes out of its files, in order and once, and then out of memory again', async () => {
  const topic = 'beyond';
  const config = siteOf(mosquitto, kafka, { kafka: { topic }, gateway: { group: topic } });
  await using gateway = await GatewayProcess.ready({ config });
  let count = 0;
  let epoch = 0;
  const publish = async (more: number): Promise<void> => {
    count += more;
    epoch++;
    const shape = { kind: 'marks', metrics: 2, payloadBytes: PAYLOAD_BYTES } as const;
    await publishAll(mosquitto.port, more, { epoch, project: `p${epoch}`, shape });
  };
  const sent = () =>
    until(
      'all to be in Kafka',
      async () => (await gateway.metric('iot_kafka_uplink_records_total')) === count,
      120_000,
    );
  await publish(LIVE);
  await sent();
  for (let freeze = 0; freeze < 2; freeze++) {
    await kafka.freeze();
    await publish(FROZEN);
    await until(
      'all to be on disk',
      async () => (await gateway.metric('iot_subscriber_acked_total')) === count,
    );
    const behind = count - Number(await gateway.metric('iot_kafka_uplink_records_total'));
    assert.ok(behind * PAYLOAD_BYTES > LIMITS.hotBatchBytes.value, `only ${behind} records wait`);
    kafka.thaw();
    await publish(LIVE); // while it reads its files
    await sent();
    await publish(LIVE); // when it has caught up
    await sent();
  }
  const records = await untilHeld(kafka, topic, count);
  assertHeld(records, { count, devices: 20 * epoch, redelivered: 0 });
});
