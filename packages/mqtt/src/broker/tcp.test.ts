import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeNet, nodeRandom, turn } from '@skerry/kernel/node';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import { aConnect } from '../testing/broker-scene.ts';
import { MemoryIngress } from '../testing/memory-ingress.ts';
import { aPublish, RawClient } from '../testing/raw-client.ts';
import { type Broker, openBroker } from './open-broker.ts';

const TIMEOUT = { timeout: 20_000 };

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

async function open(): Promise<{ broker: Broker; ingress: MemoryIngress }> {
  const ingress = new MemoryIngress();
  const broker = await openBroker(
    { address: { host: '127.0.0.1', port: 0 } },
    {
      net: nodeNet(),
      clock: nodeClock(),
      random: nodeRandom(),
      logger: silentLogger,
      meter: createMeter(),
      ingress,
      failpoint: noFailpoints,
    },
  );
  return { broker, ingress };
}

async function connect(broker: Broker, clientId: string, level: ProtocolLevel): Promise<RawClient> {
  const client = new RawClient(await nodeNet().connect(broker.address), level);
  client.send(aConnect({ clientId, level }));
  await until(() => client.packets.length > 0);
  return client;
}

test('Broker serves many clients over TCP, in order, and closes each when it ends', TIMEOUT, async () => {
  const { broker, ingress } = await open();
  const reader = await connect(broker, 'reader', 5);
  const topics = [
    { filter: 'iot/#', qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 },
  ] as const;
  reader.send({ type: 'subscribe', packetId: 1, topics });
  await until(() => reader.all('suback').length === 1);
  const writers: RawClient[] = [];
  for (let i = 0; i < 40; i++) writers.push(await connect(broker, `w${i}`, i % 2 === 0 ? 4 : 5));
  const ids = Array.from({ length: 50 }, (_, i) => i + 1);
  for (const [i, writer] of writers.entries())
    writer.send(...ids.map((packetId) => aPublish(`iot/${i}`, `${packetId}`, { packetId })));
  await until(
    () => writers.every((writer) => writer.all('puback').length === 50) && reader.payloads.length === 2000,
  );
  for (const writer of writers)
    assert.deepEqual(
      writer.all('puback').map(({ packetId }) => packetId),
      ids,
    );
  for (const i of writers.keys()) {
    const seen = reader.all('publish').filter(({ topic }) => topic === `iot/${i}`);
    assert.deepEqual(
      seen.map(({ payload }) => Number(new TextDecoder().decode(payload))),
      ids,
    );
  }
  assert.equal(ingress.kept.length, 2000);
  await broker[Symbol.asyncDispose]();
  await until(() => [reader, ...writers].every(({ isClosed }) => isClosed));
  assert.equal(broker.connections, 0);
});

test('Broker hands a session over and outlives a reset, over TCP', TIMEOUT, async () => {
  const { broker, ingress } = await open();
  const older = await connect(broker, 'c', 5);
  const newer = await connect(broker, 'c', 5);
  await until(() => older.isClosed);
  older.destroy();
  newer.destroy();
  await until(() => broker.connections === 0);
  assert.deepEqual(
    ingress.changes.map(({ kind, reason }) => `${kind} ${reason}`),
    ['connected connect', 'disconnected taken-over', 'connected connect', 'disconnected network'],
  );
  await broker[Symbol.asyncDispose]();
});
