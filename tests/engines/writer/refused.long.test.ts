// `skerry writer` where a topic may not be read, and where its database is away from the start: a real Kafka with its own
// authorizer, and PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import type { KafkaClient } from '@skerry/journal/kafka';
import {
  type Kafka as Cluster,
  freePorts,
  type Postgres,
  startKafka,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned, RoleProcess } from '@skerry/testkit/stack';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { aClient, aTopic, tools } from '../kafka/scene.ts';

const TOPIC = 'iot.telemetry';
const LETTERS = 'iot.dead-letters';
const GROUP = 'narrow';
const HOUR_MS = 3_600_000;

const engines = new AsyncDisposableStack();
let folder: string;
let kafka: Cluster;
let postgres: Postgres;
let admin: KafkaClient;
let writer: RoleProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-refused-'));
  engines.defer(() => rmSync(folder, { recursive: true, force: true }));
  [kafka, postgres] = await allOwned<[Cluster, Postgres]>(engines, [
    startKafka({
      sasl: { skerry: 'right', writer: 'narrow' },
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:skerry;User:ANONYMOUS',
      },
    }),
    startPostgres(),
  ]);
  const sasl = { mechanism: 'PLAIN', username: 'skerry', password: () => 'right' } as const;
  admin = engines.use(await aClient(kafka, tools(), { sasl }));
  for (const name of [TOPIC, LETTERS])
    await aTopic(admin, { name, partitions: name === TOPIC ? 2 : 1, retentionMs: HOUR_MS });
  await grant('GROUP', GROUP, 'READ');
  await grant('TOPIC', TOPIC, 'READ', 'DESCRIBE_CONFIGS');
  await grant('TOPIC', LETTERS, 'READ');
  const [httpPort = 0] = await freePorts(1);
  writer = engines.use(
    await RoleProcess.start({
      role: 'writer',
      folder,
      config: {
        kafka: narrow(),
        postgres: { url: postgres.url() },
        writer: { group: GROUP, sessionMs: 6_000 },
      },
      httpPort,
    }),
  );
});

after(() => engines.disposeAsync());

/** The way to Kafka of whoever may do only what is granted. */
function narrow(): object {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'narrow\n');
  return { brokers: kafka.brokers, sasl: { mechanism: 'PLAIN', username: 'writer', passwordFile } };
}

async function grant(
  resource: keyof typeof ResourceTypes,
  resourceName: string,
  ...operations: (keyof typeof AclOperations)[]
): Promise<void> {
  await admin.admin.createAcls({
    creations: operations.map((operation) => ({
      resourceType: ResourceTypes[resource],
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:writer',
      host: '*',
      operation: AclOperations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  });
}

async function revoke(resourceName: string, operation: keyof typeof AclOperations): Promise<void> {
  const filter = {
    resourceType: ResourceTypes.TOPIC,
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:writer',
    host: null,
    operation: AclOperations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  };
  await admin.admin.deleteAcls({ filters: [filter] });
}

/** Records of one device, odd values in the partition 1. */
async function send(values: readonly number[], timestamp = Date.now(), topic = TOPIC): Promise<void> {
  const producer = new Kafka({
    brokers: [...kafka.brokers],
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'plain', username: 'skerry', password: 'right' },
  }).producer();
  await producer.connect();
  const headers = { topic: 'mtic/msg/client/realtime/acme/plant/d1' };
  for (const value of values)
    await producer.send({
      topic,
      messages: [{ partition: value % 2, value: `{"n":${value}}`, headers, timestamp: String(timestamp) }],
    });
  await producer.disconnect();
}

const codes = async () => ((await writer.reasons()) ?? []).map(({ code }) => code);

test('skerry writer: a topic that it may not read waits alone and says so', async () => {
  await until('it says which one', async () => (await codes()).includes('kafka-denied'), 60_000);
  const { pid } = writer;
  await send([1, 2]);
  const stored = 'SELECT count(*) FROM skerry.points';
  await until('the other topic is stored', async () => (await postgres.sql(stored)) === '2', 60_000);
  const reasons = (await writer.reasons()) ?? [];
  assert.deepEqual(
    reasons.map(({ code }) => code),
    ['kafka-denied'],
  );
  assert.match(reasons[0]?.detail ?? '', /^iot\.dead-letters\/0: .*It is tried again every 10 s/);
  assert.equal(writer.pid, pid, 'the process goes on');
});

test('skerry writer: started while its database is away it tells the lag by what its group committed, and the hour of retention, though one topic is refused', async () => {
  await until('its positions are committed', async () => (await committed()) === 2, 60_000);
  await writer.stop();
  await postgres.kill();
  const old = Date.now() - 0.8 * HOUR_MS;
  await send([3, 5, 7], old);
  await writer.restart();
  await until('the lag is told', async () => (await writer.metric('iot_kafka_lag_records')) === 3, 60_000);
  assert.ok(Number(await writer.metric('iot_kafka_lag_seconds')) > 0.7 * (HOUR_MS / 1_000));
  const near = await until('the hour is told', async () =>
    ((await writer.reasons()) ?? []).find(({ code }) => code === 'retention-near'),
  );
  const due = /removes the first of them at ([^:]*:\d\d:\d\d)/.exec(near.detail)?.[1];
  assert.ok(Math.abs(Date.parse(`${due}Z`) - (old + HOUR_MS)) < 5_000, near.detail);
});

test('skerry writer: of a topic that it may no longer read it tells how many records wait, and no time that it does not know', async () => {
  await revoke(TOPIC, 'READ');
  await grant('TOPIC', TOPIC, 'DESCRIBE');
  await writer.stop();
  await writer.restart();
  await until('the lag is told', async () => (await writer.metric('iot_kafka_lag_records')) === 3, 60_000);
  assert.deepEqual(await timesOf(writer, TOPIC, 1), []);
  assert.ok(!(await codes()).includes('retention-near'));
  await grant('TOPIC', TOPIC, 'READ');
  await until('the hour is told', async () => (await codes()).includes('retention-near'));
  assert.equal((await timesOf(writer, TOPIC, 1)).length, 2, 'lag and retention');
  const before = refusals(TOPIC);
  await revoke(TOPIC, 'READ');
  await until('it is refused again', async () => refusals(TOPIC) > before);
  assert.equal((await timesOf(writer, TOPIC, 1)).length, 2, 'what was known goes on');
  assert.equal(refusals(LETTERS), 1, 'what stays is told once');
  await grant('TOPIC', TOPIC, 'READ');
  await postgres.restart();
  const stored = 'SELECT count(*) FROM skerry.points';
  await until('all is stored', async () => (await postgres.sql(stored)) === '5', 90_000);
  await until('it is told', async () => (await codes()).join() === 'kafka-denied');
  await until('none waits', async () => (await writer.metric('iot_kafka_lag_records')) === 0);
});

test('skerry cloud: while no writer lives it tells lag and retention of each topic, and of one that is refused what it may know', async () => {
  await writer.stop();
  const old = Date.now() - 0.8 * HOUR_MS;
  await send([9, 11], old);
  await send([2], old, LETTERS);
  const [httpPort = 0] = await freePorts(1);
  await using cloud = await RoleProcess.start({
    role: 'cloud',
    folder: join(folder, 'cloud'),
    config: { kafka: narrow(), postgres: { url: postgres.url() } },
    httpPort,
  });
  await until('the lag is told', async () => (await timesOf(cloud, TOPIC, 1)).length === 2, 60_000);
  const names = (await timesOf(cloud, LETTERS, 0)).map((line) => line.slice(0, line.indexOf('{')));
  assert.deepEqual(names, ['iot_site_lag_seconds']);
});

test('skerry writer: a topic that it may read at last is read', async () => {
  await writer.restart();
  await until('it may not yet', async () => (await codes()).join() === 'kafka-denied', 60_000);
  await grant('TOPIC', LETTERS, 'DESCRIBE_CONFIGS');
  const letters = 'SELECT count(*) FROM skerry.dead_letters';
  await until('it is read', async () => (await postgres.sql(letters)) === '1', 60_000);
  await until('nothing is told of it', async () => (await writer.reasons())?.length === 0);
  assert.equal(await postgres.sql(letters), '1', 'once');
});

/** Samples of a partition that tell times. */
async function timesOf({ url }: RoleProcess, topic: string, partition: number): Promise<string[]> {
  const text = await fetch(`${url}/metrics`).then((response) => response.text());
  return text
    .split('\n')
    .filter((line) => /^iot_(kafka|site)_(lag|retention_left)_seconds\{/.test(line))
    .filter((line) => line.includes(`topic="${topic}"`) && line.includes(`partition="${partition}"`));
}

/** How often the writer has said since its start that the lag of a topic is not known. */
function refusals(topic: string): number {
  return writer.text.split('\n').filter((line) => line.includes('not wholly known') && line.includes(topic))
    .length;
}

/** Records of the topic below what the group has committed. */
async function committed(): Promise<number> {
  const topics = [{ name: TOPIC, partitionIndexes: [0, 1] }];
  const [group] = await admin.admin.listConsumerGroupOffsets({ groups: [{ groupId: GROUP, topics }] });
  const partitions = group?.topics.flatMap((one) => one.partitions) ?? [];
  return partitions.reduce((sum, one) => sum + Math.max(0, Number(one.committedOffset)), 0);
}
