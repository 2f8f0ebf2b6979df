import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aScene } from '../testing/broker-scene.ts';

for (const level of [4, 5] as const) {
  test(`Broker acknowledges QoS 1 after onDurable and in receipt order (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    scene.ingress.isWaiting = true;
    for (const packetId of [3, 1, 2]) client.publish('iot/a', `m${packetId}`, { packetId });
    await scene.until(() => scene.ingress.pending === 3);
    await scene.settle();
    assert.deepEqual(client.all('puback'), []);
    scene.ingress.confirm(1);
    await scene.settle();
    assert.deepEqual(
      client.all('puback').map(({ packetId }) => packetId),
      [3],
    );
    scene.ingress.confirm();
    await scene.until(() => client.all('puback').length === 3);
    assert.deepEqual(
      client.all('puback').map(({ packetId, reason }) => [packetId, reason]),
      [
        [3, 0],
        [1, 0],
        [2, 0],
      ],
    );
    assert.deepEqual(
      scene.ingress.kept.map(({ payload, qos }) => [payload, qos]),
      [
        ['m3', 1],
        ['m1', 1],
        ['m2', 1],
      ],
    );
  });

  test(`Broker delivers to subscribers when the message is durable (level ${level})`, async () => {
    await using scene = await aScene();
    const reader = await scene.connect({ level, clientId: 'reader' });
    assert.deepEqual(await scene.subscribe(reader, 'iot/#'), [1]);
    const writer = await scene.connect({ level, clientId: 'writer' });
    scene.ingress.isWaiting = true;
    writer.publish('iot/a', 'hello');
    await scene.settle();
    assert.deepEqual(reader.payloads, []);
    scene.ingress.confirm();
    await scene.until(() => reader.payloads.length === 1);
    assert.deepEqual(reader.payloads, ['hello']);
  });
}
