// `skerry up` whose journal is a topic of a real Kafka.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { topicSettings } from '@skerry/journal/kafka';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { startKafka } from '@skerry/testkit/engines';
import { logLevel, Kafka as OtherClient } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { accountsOf, assertAuditClean, assertServes, lettersOf } from '../../e2e/proof.ts';
import { skerry } from '../../e2e/skerry-line.ts';
import { WireClient } from '../../e2e/wire-client.ts';
import { readAll } from './journal-scene.ts';
import { aClient, aTopic, tools } from './scene.ts';
import { aPlace, DEVICES, memoryOf, Numbers } from './up-scene.ts';

const kafka = await startKafka();
const folder = memoryFolder('up-on-kafka');
after(async () => {
  await kafka[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('up on Kafka: what is published stands in the topic for everybody, is stored, and survives restart and kill', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('line');
  let server = await ServerProcess.start(place);
  try {
    {
      using client = await WireClient.join(server.mqttPort, 'sender');
      numbers.publish(client, 100);
      client.publish(numbers.topicOf('a'), 'no JSON');
      client.publish('site/door', 'shut', { isRetain: true });
      await client.answered();
    }
    const needs = tools();
    const way = await aClient(kafka, needs);
    const settings = await topicSettings(way, place.topic);
    assert.equal(settings.get('flush.messages'), '1', 'one replica syncs before it acknowledges');
    assert.equal(settings.get('retention.ms'), '259200000');
    await way[Symbol.asyncDispose]();
    const records = (await readAll(kafka, [place.topic])).filter(({ headers }) => headers.kind === undefined);
    assert.equal(records.length, 4 * 100 + 1);
    assert.deepEqual(
      records
        .slice(0, 4)
        .map(({ value, headers }) => [value, headers.tenant, headers.project, headers.topic]),
      DEVICES.map((device) => ['{"epoch":"one","seq":0,"v":0}', 'acme', 'line', numbers.topicOf(device)]),
    );
    assert.equal((await server.quiet()).isBalanced, true);
    {
      using client = await WireClient.join(server.mqttPort, 'sender');
      client.publish('site/door', 'open', { isRetain: true });
      numbers.publish(client, 10);
      await client.answered();
    }
    await server.quiet();
    const accounts = await accountsOf(server);
    await server[Symbol.asyncDispose]();
    assert.deepEqual(memoryOf(place.dataDir).retained, [], 'what is retained is in a snapshot');
    server = await ServerProcess.start(place);
    await server.quiet();
    assert.deepEqual(await accountsOf(server), accounts);
    await numbers.assertStored(server);
    assert.equal((await lettersOf(server)).length, 1);
    const { items } = (await server.get('/api/v1/pipeline/partitions')) as { items: { topic: string }[] };
    assert.deepEqual(
      items.map(({ topic }) => topic),
      [place.topic],
    );
    using reader = await WireClient.join(server.mqttPort, 'reader');
    const options = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
    reader.send({ type: 'subscribe', packetId: 1, topics: [{ filter: 'site/#', qos: 0, ...options }] });
    const { payload } = await reader.first('publish');
    assert.equal(Buffer.from(payload).toString(), 'open');
    {
      const begin = numbers.sent;
      {
        using client = await WireClient.join(server.mqttPort, 'sender', 4);
        numbers.publish(client, 1_000);
        await until('a burst under way', () => client.all('puback').length > 500);
        await Promise.all([server.killServer(), publishUntilClosed(numbers, client)]);
        assert.ok(client.unanswered > 0, 'the kill fell while messages were on their way');
      }
      await server.ready();
      using client = await WireClient.join(server.mqttPort, 'sender', 4);
      numbers.publish(client, numbers.sent - begin, begin);
      await client.answered(60_000);
    }
    assert.equal((await server.quiet()).isBalanced, true);
    await numbers.assertStored(server);
    await assertAuditClean(server);
    await assertServes(server);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

/** Goes on with a burst, so that its end always falls while messages are on their way. */
async function publishUntilClosed(numbers: Numbers, client: WireClient): Promise<void> {
  while (!client.isClosed) {
    numbers.publish(client, 5);
    await pause(1);
  }
}

test('up on Kafka: while Kafka is away nothing is acknowledged, and it says why; back again, nothing is missing', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('away');
  await using server = await ServerProcess.start(place);
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 10);
  await client.answered();
  await kafka.kill();
  numbers.publish(client, 200);
  const readiness = async () =>
    (await (await server.ask('/ready')).json()) as { reasons?: { code: string }[] };
  await until('the reason', async () =>
    (await readiness()).reasons?.some(({ code }) => code === 'kafka-unreachable'),
  );
  assert.ok(client.unanswered >= 4 * 200, 'nobody is told that a record is durable');
  await kafka.restart();
  await client.answered(60_000);
  await until('it is ready again', async () => (await server.ask('/ready')).status === 200);
  assert.equal((await server.quiet()).isBalanced, true);
  await numbers.assertStored(server);
});

test('up on Kafka: another writer of its topic, an unfit topic and a data folder of another journal are refused in words', async () => {
  const place = aPlace(kafka, folder.path);
  {
    await using server = await ServerProcess.start(place);
    await assertServes(server);
    const other = new OtherClient({ clientId: 'other', brokers: kafka.brokers, logLevel: logLevel.NOTHING });
    const producer = other.producer();
    await producer.connect();
    await producer.send({ topic: place.topic, messages: [{ value: '{"v":1}' }] });
    await producer.disconnect();
    using client = await WireClient.join(server.mqttPort, 'sender');
    client.publish('iot/acme/shared/a/telemetry', '{"v":1}');
    await client.closed();
    await until('the reason', () =>
      server.stderr.includes(`somebody else writes ${place.topic}/0 as well: a batch was taken at`),
    );
  }
  {
    await using server = await ServerProcess.start(place);
    await assertServes(server);
    await assertAuditClean(server);
  }
  const needs = tools();
  const way = await aClient(kafka, needs);
  const wide = await aTopic(way, { partitions: 3 });
  const weak = await aTopic(way, { partitions: 1 });
  await way[Symbol.asyncDispose]();
  const refusal = async (topic: string, dataDir: string) =>
    String(
      await ServerProcess.start({ dataDir, env: { ...place.env, SKERRY_JOURNAL_TOPIC: topic } }).catch(
        (fault: unknown) => fault,
      ),
    );
  assert.match(await refusal(wide, join(folder.path, 'wide')), /with 3 partitions, wanted one partition/);
  assert.match(
    await refusal(weak, join(folder.path, 'weak')),
    /no flush\.messages=1, wanted flush\.messages=1, or 3 replicas/,
  );
  const foreign = aPlace(kafka, folder.path);
  assert.match(
    await refusal(foreign.topic, place.dataDir),
    /the data folder belongs to the journal [0-9a-f]{32}, this one is/,
  );
  const plain = await skerry('up', { dataDir: place.dataDir, env: { SKERRY_JOURNAL_ENGINE: 'kafka' } });
  assert.equal(plain.code, 3);
  assert.match(plain.err, /kafka\.brokers: found none, wanted at least one host:port for a journal/);
});
