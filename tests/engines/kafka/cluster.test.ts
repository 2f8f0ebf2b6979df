import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Producer } from '@platformatic/kafka';
import { openKafkaPartition, openUplink, TopicLayout } from '@skerry/journal/kafka';
import { hasCode } from '@skerry/kernel/testing';
import { startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { append, judgeOrigins, numbered, openJournal, readAll, TemporaryFolder } from './journal-scene.ts';
import { aClient, aTopic, PLAIN, tools } from './scene.ts';

const THREEFOLD = { ...PLAIN, replication: 3, minInSync: 2 };

test('openUplink goes on when a leader dies, and waits in words while too few replicas are in sync', async () => {
  await using kafka = await startKafka({ nodes: 3 });
  const needs = tools();
  using folder = new TemporaryFolder();
  await using client = await aClient(kafka, needs, { requestMs: 3000 });
  await using journal = await openJournal(folder.path, needs);
  const topic = await aTopic(client, THREEFOLD);
  const positionFile = { folder: `${folder.path}/uplink`, name: 'uplink.json' };
  await using uplink = await openUplink(
    { layout: new TopicLayout({ topic }), topics: THREEFOLD, positionFile },
    { ...needs, journal, client },
  );
  assert.deepEqual(uplink.weaknesses, []);
  await append(journal, needs, numbered(20_000, 100));
  await until('some are sent', () => uplink.position > 2000);
  const { partitions } = await client.topic(topic);
  const leader = kafka.nodes.find(({ id }) => id === partitions[0]?.leader);
  await leader?.kill();
  assert.equal(await uplink.flush(), 20_000);
  const second = kafka.nodes.find((node) => node !== leader);
  await second?.freeze();
  await append(journal, needs, [...numbered(21_000, 100)].slice(20_000));
  await until('it waits', () => uplink.condition.is === 'waiting' && uplink.lag().records > 0);
  second?.thaw();
  await leader?.restart();
  assert.equal(await uplink.flush(), 21_000);
  const { faults, repeated, offsets } = judgeOrigins(await readAll(kafka, [topic]));
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 21_000]);
});

test('a partition whose only replica is down keeps nobody from reading the others of its topic', async () => {
  await using kafka = await startKafka({ nodes: 3 });
  const needs = tools();
  await using stack = new AsyncDisposableStack();
  const client = stack.use(await aClient(kafka, needs, { requestMs: 3000 }));
  const topic = await aTopic(client, { partitions: 3 });
  const { partitions } = await client.topic(topic);
  assert.equal(new Set(partitions.map(({ leader }) => leader)).size, 3);
  const producer = new Producer({ clientId: 'other', bootstrapBrokers: [...kafka.brokers] });
  stack.defer(() => producer.close());
  const send = (partition: number) =>
    producer.send({ messages: [{ topic, partition, value: Buffer.from(`of ${partition}`) }], acks: -1 });
  for (const partition of [0, 1, 2]) await send(partition);
  const lost = kafka.nodes.find(({ id }) => id === partitions[0]?.leader);
  await lost?.kill();
  const leaders = async () => (await client.topic(topic)).partitions.map(({ leader }) => leader);
  await until('the partition has no leader', async () => (await leaders())[0] === -1);
  assert.deepEqual(
    (await leaders()).slice(1),
    partitions.slice(1).map(({ leader }) => leader),
  );
  const open = (partition: number) =>
    openKafkaPartition({ topic, partition, layout: new TopicLayout({ topic }) }, { ...needs, client });
  for (const partition of [1, 2]) {
    const reader = stack.use(await open(partition));
    assert.deepEqual([reader.start, reader.end], [0, 1]);
    assert.equal((await reader.read(0, 1000)).length, 1);
  }
  await assert.rejects(open(0), hasCode('kafka-unsteady'));
});
