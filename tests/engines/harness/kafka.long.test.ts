import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Kafka as Cluster, type EngineCertificates, runTool, startKafka } from '@skerry/testkit/engines';
import { type Admin, Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

interface ClientOptions {
  readonly sasl?: SASLOptions;
  readonly tls?: EngineCertificates | undefined;
  readonly retries?: number;
}

function aClient({ brokers }: Cluster, { sasl, tls, retries = 60 }: ClientOptions = {}): Kafka {
  return new Kafka({
    clientId: 'harness',
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 300 },
    ...(sasl ? { sasl } : {}),
    ...(tls
      ? {
          ssl: {
            ca: [readFileSync(tls.authority, 'utf8')],
            cert: readFileSync(tls.clientCert, 'utf8'),
            key: readFileSync(tls.clientKey, 'utf8'),
          },
        }
      : {}),
  });
}

async function withAdmin<T>(client: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function send(client: Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    for (const value of values) await producer.send({ topic, acks: -1, messages: [{ key: 'k', value }] });
  } finally {
    await producer.disconnect();
  }
}

function kcat({ brokers }: Cluster, ...words: string[]): Promise<string> {
  return runTool('kcat', ['-b', brokers.join(','), ...words]);
}

/** Sends one value by kcat, which finds the leader again when it has changed. */
async function produce({ brokers }: Cluster, topic: string, value: string): Promise<void> {
  const line = `echo "$0" | kcat -P -b "$1" -t "$2" -X enable.idempotence=true`;
  await runTool('sh', ['-c', line, value, brokers.join(','), topic]);
}

/** What a topic of one partition holds, by kcat, which reads to its end. */
async function valuesOf(cluster: Cluster, topic: string): Promise<string[]> {
  const text = await kcat(cluster, '-C', '-t', topic, '-o', 'beginning', '-e', '-q');
  return text.trimEnd().split('\n');
}

test('startKafka: one node keeps what it has acknowledged over kill and restart, and is gone afterwards', async () => {
  let pids: readonly number[];
  {
    await using cluster = await startKafka();
    const client = aClient(cluster);
    await withAdmin(client, (admin) => admin.createTopics({ topics: [{ topic: 't', numPartitions: 1 }] }));
    await send(client, 't', ['one', 'two']);
    await cluster.kill();
    assert.equal(cluster.nodes[0]?.isAlive, false);
    assert.deepEqual(cluster.pids, []);
    await cluster.restart();
    await send(client, 't', ['three']);
    assert.deepEqual(await valuesOf(cluster, 't'), ['one', 'two', 'three']);
    await cluster.stop();
    await cluster.restart();
    assert.deepEqual(await valuesOf(cluster, 't'), ['one', 'two', 'three']);
    pids = cluster.pids;
  }
  assertGone(pids);
});

test('startKafka: three nodes go on without one of them, which comes back into the set in sync', async () => {
  await using cluster = await startKafka({ nodes: 3 });
  const client = aClient(cluster);
  await withAdmin(client, (admin) =>
    admin.createTopics({ topics: [{ topic: 't', numPartitions: 1, replicationFactor: 3 }] }),
  );
  await produce(cluster, 't', 'one');
  const [first, second] = cluster.nodes;
  await first?.kill();
  await produce(cluster, 't', 'two');
  await first?.restart();
  const inSync = async () => (await kcat(cluster, '-L', '-t', 't')).match(/isrs: \d,\d,\d/) !== null;
  await until('three replicas in sync', inSync);
  await second?.kill();
  await produce(cluster, 't', 'three');
  await second?.restart();
  await until('three replicas in sync', inSync);
  assert.deepEqual(await valuesOf(cluster, 't'), ['one', 'two', 'three']);
});

test('startKafka: a frozen node answers nothing until it is thawed, and then what it was asked', async () => {
  await using cluster = await startKafka();
  const client = aClient(cluster);
  await withAdmin(client, (admin) => admin.createTopics({ topics: [{ topic: 't', numPartitions: 1 }] }));
  await cluster.freeze();
  let isSent = false;
  const sent = send(client, 't', ['late']).then(() => {
    isSent = true;
  });
  const [pid] = cluster.pids;
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^State:\s+T/m);
  await assert.rejects(kcat(cluster, '-L', '-m', '1'));
  assert.equal(isSent, false);
  cluster.thaw();
  await sent;
  assert.deepEqual(await valuesOf(cluster, 't'), ['late']);
});

test('startKafka: clients sign in by every mechanism over TLS with their certificates, and not otherwise', async () => {
  await using cluster = await startKafka({ tls: 'mutual', sasl: { alice: 'sec"r\\et' } });
  const { tls } = cluster;
  const user = { username: 'alice', password: 'sec"r\\et' };
  const topics = (options: ClientOptions) =>
    withAdmin(aClient(cluster, options), (admin) => admin.listTopics());
  assert.deepEqual(await topics({ tls, sasl: { mechanism: 'plain', ...user } }), []);
  assert.deepEqual(await topics({ tls, sasl: { mechanism: 'scram-sha-256', ...user } }), []);
  assert.deepEqual(await topics({ tls, sasl: { mechanism: 'scram-sha-512', ...user } }), []);
  const wrong = { ...user, password: 'wrong' };
  await assert.rejects(
    topics({ tls, sasl: { mechanism: 'plain', ...wrong }, retries: 0 }),
    /invalid credentials|Authentication failed/,
  );
  await assert.rejects(
    topics({ tls, sasl: { mechanism: 'scram-sha-256', ...wrong }, retries: 0 }),
    /Authentication failed/,
  );
  const lone = ['-L', '-m', '3', '-X', `ssl.ca.location=${tls?.authority}`];
  const secret = [
    '-X',
    'sasl.mechanisms=PLAIN',
    '-X',
    `sasl.username=alice`,
    '-X',
    `sasl.password=${user.password}`,
  ];
  await assert.rejects(kcat(cluster, ...lone, ...secret, '-X', 'security.protocol=SASL_SSL'));
});

test('startKafka: clients go through the proxies, which cut and refuse them', async () => {
  await using cluster = await startKafka({ isProxied: true });
  const proxy = cluster.nodes[0]?.proxy;
  assert.equal(cluster.nodes[0]?.port, proxy?.port);
  const client = aClient(cluster);
  await withAdmin(client, (admin) => admin.createTopics({ topics: [{ topic: 't', numPartitions: 1 }] }));
  const cut = proxy?.cutAt('marked', 'before');
  await send(client, 't', ['plain', 'marked']);
  await cut;
  assert.deepEqual(await valuesOf(cluster, 't'), ['plain', 'marked']);
  proxy?.refuse();
  proxy?.reset();
  await assert.rejects(kcat(cluster, '-L', '-m', '2'));
  await proxy?.accept();
  assert.deepEqual(await valuesOf(cluster, 't'), ['plain', 'marked']);
});
