// What Kafka does to who produces and reads: a full disk, an answer that is lost, another producer with the same number, certificates.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Producer } from '@platformatic/kafka';
import { type KafkaClientOptions, openUplink, TopicLayout } from '@skerry/journal/kafka';
import { type Kafka, runTool, startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { append, judgeOrigins, numbered, openJournal, readAll, TemporaryFolder } from './journal-scene.ts';
import { aClient, aTopic, PLAIN, tools } from './scene.ts';

const proxied = await startKafka({ isProxied: true });
after(() => proxied[Symbol.asyncDispose]());

/** An uplink from a journal of its own into a topic of its own. */
async function aWay(kafka: Pick<Kafka, 'brokers'>, options: Partial<KafkaClientOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const needs = tools();
  const folder = stack.use(new TemporaryFolder());
  const client = stack.use(await aClient(kafka, needs, { requestMs: 3000, ...options }));
  const journal = stack.use(await openJournal(folder.path, needs));
  const topic = await aTopic(client, { partitions: 2 });
  const uplink = stack.use(
    await openUplink(
      {
        layout: new TopicLayout({ topic }),
        topics: PLAIN,
        positionFile: { folder: `${folder.path}/uplink`, name: 'position' },
      },
      { ...needs, journal, client },
    ),
  );
  const waits = () => until('it waits', () => uplink.condition.is === 'waiting' && uplink.condition);
  return { needs, client, journal, topic, uplink, waits, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('openUplink: a Kafka whose disk is full ends, which is told; with room it goes on and nothing is lost or doubled', async () => {
  using folder = new TemporaryFolder();
  await runTool('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder.path]);
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await runTool('umount', ['-l', folder.path])));
  await using kafka = await startKafka({ properties: { 'log.dirs': join(folder.path, 'log') } });
  await using way = await aWay(kafka);
  await append(way.journal, way.needs, numbered(1_000, 20));
  await way.uplink.flush();
  const ballast = join(folder.path, 'ballast');
  const free = Number((await runTool('df', ['--output=avail', '-B1', folder.path])).split('\n')[1]);
  writeFileSync(ballast, Buffer.alloc(free - 2 ** 20));
  const large = [...numbered(21_000, 20)].slice(1_000);
  await append(way.journal, way.needs, large);
  assert.match((await way.waits()).reason, /no broker|cannot serve|KAFKA_STORAGE_ERROR/i);
  assert.ok(way.uplink.lag().records > 0);
  rmSync(ballast);
  await kafka.kill(); // a broker without a log folder that works ends by itself
  await kafka.restart();
  await way.uplink.flush();
  const { faults, offsets } = judgeOrigins(await readAll(kafka, [way.topic]));
  assert.deepEqual([faults, offsets.size], [[], 21_000]);
});

test('openUplink: an answer of Kafka that is lost costs another try, and stands there once', async () => {
  await using way = await aWay(proxied);
  const [node] = proxied.nodes;
  for (const last of [500, 1_000, 1_500]) {
    const cut = node?.proxy?.cutAt(`{"n":${last - 1}}`, 'answered');
    await append(way.journal, way.needs, [...numbered(last, 20)].slice(last - 500));
    await cut; // Kafka has taken the batch, and nobody knows
    await way.uplink.flush();
  }
  const { faults, repeated, offsets } = judgeOrigins(await readAll(proxied, [way.topic]));
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 1_500]);
  const tries = way.needs.meter.snapshot().find(({ name }) => name === 'iot_kafka_uplink_retries_total');
  assert.ok(Number(tries?.samples[0]?.value) >= 3, 'no try has failed');
});

test('openUplink: a producer that another one has fenced begins anew, and nothing is lost or doubled', async () => {
  await using way = await aWay(proxied);
  await append(way.journal, way.needs, numbered(500, 20));
  await way.uplink.flush();
  const thief = new Producer({ clientId: 'thief', bootstrapBrokers: proxied.brokers });
  // one broker gives numbers in a row
  const { producerId } = await thief.initIdempotentProducer({});
  const value = Buffer.from('stolen');
  for (const partition of [0, 1])
    await thief.send({
      producerId: producerId - 1n,
      producerEpoch: 1,
      acks: -1,
      messages: [{ topic: way.topic, partition, value }],
    });
  await thief.close();
  await append(way.journal, way.needs, [...numbered(1_000, 20)].slice(500));
  await way.uplink.flush();
  const records = await readAll(proxied, [way.topic]);
  assert.equal(records.filter((one) => one.value === 'stolen').length, 2);
  const own = records.filter((one) => one.value !== 'stolen');
  const { faults, repeated, offsets } = judgeOrigins(own);
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 1_000]);
  const told = way.needs.log.map(({ fields }) => String(fields.reason));
  assert.ok(
    told.some((reason) => /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/.test(reason)),
    `nobody was fenced: ${told.join('; ')}`,
  );
});

test('openKafkaClient shows its own certificate where Kafka wants one, and is told when it has none', async () => {
  await using kafka = await startKafka({ tls: 'mutual' });
  const { tls: files } = kafka;
  assert.ok(files);
  const ca = readFileSync(files.authority);
  const own = { cert: readFileSync(files.clientCert), key: readFileSync(files.clientKey) };
  await using way = await aWay(kafka, { tls: () => createSecureContext({ ca, ...own }) });
  await append(way.journal, way.needs, numbered(10, 2));
  await way.uplink.flush();
  await using bare = await aClient(kafka, tools(), {
    tls: () => createSecureContext({ ca }),
    requestMs: 3000,
  });
  await assert.rejects(bare.cluster(), (fault: Error & { code?: string }) => {
    assert.match(`${fault.code}: ${fault.message}`, /^kafka-(denied|unreachable): Cannot reach Kafka: /);
    return true;
  });
});

test('openKafkaClient passes over a broker that takes connections and answers nothing, and asks it last from then on', async () => {
  const silent: Socket[] = [];
  const hanging = createServer((socket) => {
    silent.push(socket.resume());
  });
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = hanging.address() as AddressInfo; // it listens on TCP
    const brokers = [`127.0.0.1:${port}`, ...proxied.brokers];
    await using client = await aClient({ brokers }, tools());
    assert.equal((await client.cluster()).brokers, 1);
    // what is closed in order is no failure of the broker that answers
    {
      await using early = client.fork();
      await early.cluster();
    }
    const topic = await aTopic(client);
    await using fork = client.fork();
    assert.equal((await fork.topic(topic)).name, topic);
    assert.equal(silent.length, 1, 'it was asked again');
    await until('its connection is closed', () => silent[0]?.destroyed);
    await using alone = await aClient({ brokers: [`127.0.0.1:${port}`] }, tools());
    await assert.rejects(
      alone.cluster(),
      /no broker answers \(127\.0\.0\.1:\d+ took the connection and answered nothing for 5000 ms\.\)/,
    );
  } finally {
    for (const socket of silent) socket.destroy();
    hanging.close();
  }
});
