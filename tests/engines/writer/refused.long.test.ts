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
const GROUP = 'narrow';
const HOUR_MS = 3_600_000;

const engines = new AsyncDisposableStack();
let kafka: Cluster;
let postgres: Postgres;
let admin: KafkaClient;
let writer: RoleProcess;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-refused-'));
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
  const sasl = { mechanism: 'PLAIN', username: 'skerry', password: 'right' } as const;
  admin = engines.use(await aClient(kafka, tools(), { sasl }));
  for (const name of [TOPIC, 'iot.dead-letters'])
    await aTopic(admin, { name, partitions: name === TOPIC ? 2 : 1, retentionMs: HOUR_MS });
  await grant('GROUP', GROUP, 'READ');
  await grant('TOPIC', TOPIC, 'READ', 'DESCRIBE_CONFIGS');
  await grant('TOPIC', 'iot.dead-letters', 'READ');
  const [httpPort = 0] = await freePorts(1);
  writer = engines.use(
    await RoleProcess.start({
      role: 'writer',
      folder,
      config: {
        kafka: {
          brokers: kafka.brokers,
          sasl: { mechanism: 'PLAIN', username: 'writer', passwordFile: passwordFile(folder) },
        },
        postgres: { url: postgres.url() },
        writer: { group: GROUP, sessionMs: 6_000 },
      },
      httpPort,
    }),
  );
});

after(() => engines.disposeAsync());

function passwordFile(folder: string): string {
  const path = join(folder, 'password');
  writeFileSync(path, 'narrow\n');
  return path;
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

/** Records of one device in the partitions of the topic. */
async function send(values: readonly number[], timestamp = Date.now()): Promise<void> {
  const producer = new Kafka({
    brokers: [...kafka.brokers],
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'plain', username: 'skerry', password: 'right' },
  }).producer();
  await producer.connect();
  const headers = { topic: 'mtic/msg/client/realtime/acme/plant/d1' };
  for (const value of values)
    await producer.send({
      topic: TOPIC,
      messages: [{ partition: value % 2, value: `{"n":${value}}`, headers, timestamp: String(timestamp) }],
    });
  await producer.disconnect();
}

const codes = async () => ((await writer.reasons()) ?? []).map(({ code }) => code);

test('skerry writer: a topic that it may not read waits alone and says so, and is read once it may', async () => {
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
  await grant('TOPIC', 'iot.dead-letters', 'DESCRIBE_CONFIGS');
  await until('it is read', async () => (await codes()).length === 0, 60_000);
});

test('skerry writer: started while its database is away it tells the lag by what its group committed, and the hour of retention', async () => {
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
  await postgres.restart();
  await until('all is stored', async () => (await codes()).length === 0, 90_000);
  assert.equal(await postgres.sql('SELECT count(*) FROM skerry.points'), '5');
  assert.equal(await writer.metric('iot_kafka_lag_records'), 0);
});

/** Records of the topic below what the group has committed. */
async function committed(): Promise<number> {
  const topics = [{ name: TOPIC, partitionIndexes: [0, 1] }];
  const [group] = await admin.admin.listConsumerGroupOffsets({ groups: [{ groupId: GROUP, topics }] });
  const partitions = group?.topics.flatMap((one) => one.partitions) ?? [];
  return partitions.reduce((sum, one) => sum + Math.max(0, Number(one.committedOffset)), 0);
}
