// A process that is held up again and again: its alerts reach a webhook through a real Prometheus and Alertmanager.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/condition.ts';
import { openScene } from './scene.ts';

const TOPIC = 'mtic/msg/client/realtime/1900000000000000001/1900000000000000003/agv-0';

test('alerts of slow syncs and of a slow event loop reach a webhook when a gateway is held up again and again', async () => {
  await using scene = await openScene();
  await until(
    'the gateway to be read',
    async () => (await scene.query('iot_subscriber_connected == 1')).length > 0,
    30_000,
  );
  await using sender = await scene.publisher(scene.stack.mosquitto.port);
  const [gateway] = scene.stack.gateways;
  assert.ok(gateway);
  const names = ['SkerryFsyncSlow', 'SkerryEventLoopSlow'];
  const missing = () =>
    names.filter(
      (name) =>
        !scene.told.some(
          ({ labels }) => labels.alertname === name && labels.instance === new URL(gateway.url).host,
        ),
    );
  let n = 0;
  const publish = async (): Promise<void> => {
    for (let i = 0; i < 500; i++) {
      await sender.room();
      sender.publish(TOPIC, Buffer.from(JSON.stringify({ temperature: n, seq: n++ })));
    }
  };
  for (let round = 0; round < 200 && missing().length > 0; round++) {
    await publish();
    gateway.freeze();
    await delay(400);
    gateway.thaw();
    await delay(50);
  }
  assert.deepEqual(missing(), []);
});
