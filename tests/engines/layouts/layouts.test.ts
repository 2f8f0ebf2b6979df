// Topics by project and the formats of the earlier bridge, from a real mosquitto through Kafka into PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type Kafka as Cluster,
  type Engine,
  freePorts,
  type Postgres,
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned, RoleProcess } from '@skerry/testkit/stack';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { BUSY, publishAll, publishBytes, siteOf } from '../gateway/scene.ts';

const TENANT = '1900000000000000001';
const PROJECT = '1900000000000000003';

let kafka: Cluster;
let mosquitto: Engine;
let postgres: Postgres;
let folder: string;
let ports: number[];

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-layouts-'));
  engines.defer(() => rmSync(folder, { recursive: true, force: true }));
  [kafka, mosquitto, postgres] = await allOwned<[Cluster, Engine, Postgres]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
    startPostgres(),
  ]);
  ports = await freePorts(8);
});

after(() => engines.disposeAsync());

/** A gateway and a writer of a layout, with a schema of their own. */
async function aSite(layout: string, more: object = {}) {
  const name = layout.replaceAll('-', '_');
  const config = siteOf(mosquitto, kafka, {
    gateway: { group: layout },
    kafka: { layout, topic: `rest-${layout}`, partitions: 2, ...more },
    postgres: { url: postgres.url(), schema: name },
  });
  await using stack = new AsyncDisposableStack();
  const start = (role: 'gateway' | 'writer') =>
    RoleProcess.start({
      role,
      folder: join(folder, `${layout}-${role}`),
      // the least that Kafka takes: one that is killed is missed no longer
      config: { ...config, writer: { group: layout, sessionMs: 6_000 } },
      httpPort: Number(ports.pop()),
    });
  const roles = [start('gateway'), start('writer')] as const;
  const [gateway, writer] = await allOwned<[RoleProcess, RoleProcess]>(stack, roles);
  // what is published before it has subscribed is nobody's
  await until('the gateway to subscribe', () => gateway.text.includes('event=subscribed'));
  const sql = (text: string): Promise<string> => postgres.sql(`SET search_path = ${name}; ${text}`);
  const owned = stack.move();
  return {
    gateway,
    writer,
    sql: async (text: string) => (await sql(text)).replace(/^SET\n/, ''),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Site = Awaited<ReturnType<typeof aSite>>;

/** Resolves when the question has the answer. */
async function answers({ sql, writer, gateway }: Site, question: string, wanted: string): Promise<void> {
  let last = '';
  await until(
    `${question} to be ${wanted}`,
    async () => {
      last = await sql(question).catch(String);
      return last === wanted;
    },
    60_000,
    () => `${last}\n${writer.text.slice(-1_500)}\n${gateway.text.slice(-1_500)}`,
  );
}

/** Another producer: kafkajs, which knows nothing of this product. */
async function produce(
  topic: string,
  messages: { key: string; value: string | Buffer; timestamp?: string }[],
): Promise<void> {
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } });
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] });
  await admin.disconnect();
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

const STORED = 'SELECT coalesce(sum(stored), 0) FROM verdicts';

test("layout bridge-v1, loss point 10: the earlier bridge's topics and records are read, and ours are like them", async () => {
  const topic = `${TENANT}.${PROJECT}`;
  const bytes = Buffer.from([0xff, 0x00, 0x80]);
  await produce(topic, [
    { key: PROJECT, value: '{"deviceId":"old-1","timestamp":1764308890,"temperature":25.3}' },
    { key: PROJECT, value: '{"temp":21}' }, // no device and no time
    { key: PROJECT, value: '{}' },
    { key: PROJECT, value: bytes },
  ]);
  await using site = await aSite('bridge-v1');
  await answers(
    site,
    `SELECT string_agg(device || ' ' || metric || ' ' || value, ', ' ORDER BY metric) FROM telemetry WHERE tenant = '${TENANT}' AND project = '${PROJECT}'`,
    '- temp 21, old-1 temperature 25.3',
  );
  await answers(
    site,
    `SELECT extract(epoch FROM time)::bigint FROM telemetry WHERE metric = 'temperature'`,
    '1764308890',
  );
  await answers(site, `SELECT encode(payload, 'hex'), project FROM dead_letters`, `ff0080|${PROJECT}`);
  await publishAll(mosquitto.port, 100);
  await answers(site, `${STORED} WHERE tenant = '${TENANT}'`, '103');
  assert.equal(await site.writer.metric('iot_ledger_imbalance'), 0);
  const keys = await site.sql(`SELECT count(DISTINCT split_part(label, '/', 1)) FROM sources`);
  assert.equal(Number(keys), 3, 'its topic, that of the rest and the dead letters');
});

test('loss points 9, 14: what a writer had read when the database died under it, and what is no JSON, is in the store', async () => {
  await using site = await aSite('one');
  const realtime = `mtic/msg/client/realtime/${TENANT}/${PROJECT}`;
  const broken = Buffer.from('{"temperature":21,');
  await publishBytes(mosquitto.port, [[realtime, broken]]);
  await answers(
    site,
    `SELECT reason, encode(payload, 'hex') FROM dead_letters`,
    `undecodable|${broken.toString('hex')}`,
  );
  await publishAll(mosquitto.port, 200);
  await answers(site, STORED, '200');
  await postgres.kill();
  await publishAll(mosquitto.port, 500, { epoch: 2, project: 'p2' });
  await until('the writer to tell that the store is away', async () => {
    const reasons = (await site.writer.reasons()) ?? [];
    return reasons.length > 0;
  });
  await until(
    'all to be in Kafka',
    async () => (await site.gateway.metric('iot_kafka_uplink_records_total')) === 701,
  );
  await site.writer.kill(); // what it had read and not stored is read again, whatever it has told Kafka
  await postgres.restart();
  await site.writer.restart();
  await answers(site, `${STORED} WHERE project = 'p2'`, '500');
  await answers(site, STORED, '700');
  assert.equal(await site.sql(`SELECT count(*) FROM telemetry WHERE metric = 'n'`), '700');
  assert.equal(await site.writer.metric('iot_ledger_imbalance'), 0);
});

test("layout bridge-v2: the earlier bridge's envelopes are opened field by field, and ours are like them", async () => {
  const topic = `mtic/msg/client/realtime/${TENANT}/${PROJECT}`;
  // as Go writes it
  const old = `{"tenant_id":"${TENANT}","project_id":"${PROJECT}","mqtt_topic":"${topic}","payload":"{\\"deviceId\\":\\"old\\",\\"speed\\":5,\\"note\\":\\"a\\u003cb\\"}","timestamp":"2025-11-28T05:48:10.535219829Z"}`;
  await produce('iot-messages', [
    { key: TENANT, value: old, timestamp: '1764308890535' },
    { key: TENANT, value: 'no envelope' },
  ]);
  await using site = await aSite('bridge-v2');
  await answers(
    site,
    `SELECT tenant, project, device, value, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM telemetry WHERE metric = 'speed'`,
    `${TENANT}|${PROJECT}|old|5|2025-11-28 05:48:10.535219`,
  );
  await answers(site, `SELECT text FROM telemetry WHERE metric = 'note'`, 'a<b');
  await answers(site, `SELECT convert_from(payload, 'UTF8') FROM dead_letters`, 'no envelope');
  await publishAll(mosquitto.port, 100);
  await answers(site, `${STORED} WHERE tenant = '${TENANT}'`, '101');
  const [ours] = await read('iot-messages', 2);
  const { key = '', value = '' } = ours ?? {};
  assert.equal(key, TENANT);
  const envelope = JSON.parse(value) as Record<string, string>;
  assert.deepEqual(Object.keys(envelope), ['tenant_id', 'project_id', 'mqtt_topic', 'payload', 'timestamp']);
  assert.deepEqual([envelope.tenant_id, envelope.project_id], [TENANT, PROJECT]);
  assert.match(String(envelope.mqtt_topic), new RegExp(`^${topic}/load-`));
  assert.match(String(envelope.payload), /^\{.*"seq":\s*\d+/);
  assert.match(String(envelope.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/);
});

test('layout project: writers find the topic of a project that came later; beyond the quota nothing is lost', async () => {
  await using site = await aSite('project', { topicsMax: 2 });
  await publishAll(mosquitto.port, 200, { tenant: 't', project: 'one' });
  await answers(site, `${STORED} WHERE project = 'one'`, '200');
  await publishAll(mosquitto.port, 200, { tenant: 't', project: 'two' }); // nobody has heard of it yet
  await answers(site, `${STORED} WHERE project = 'two'`, '200');
  const sources = `SELECT string_agg(DISTINCT split_part(label, '/', 1), ' ' ORDER BY split_part(label, '/', 1)) FROM sources`;
  await answers(site, sources, 'iot.dead-letters iot.t.one iot.t.two rest-project');
  await publishAll(mosquitto.port, 50, { tenant: 't', project: 'three' });
  await answers(site, `SELECT count(*) FROM dead_letters WHERE detail LIKE '%topic-quota%'`, '50');
  // a gateway that was started again counts those that there are, and goes on with them
  await site.gateway.kill();
  await site.gateway.restart();
  await publishAll(mosquitto.port, 50, { tenant: 't', project: 'four' });
  await answers(site, `SELECT count(*) FROM dead_letters WHERE detail LIKE '%topic-quota%'`, '100');
  await publishAll(mosquitto.port, 10, { tenant: 't', project: 'two', epoch: 2 });
  await answers(site, `${STORED} WHERE project = 'two'`, '210');
  // a record of another producer, in a topic that it made: its project is that of the topic
  await produce('iot.t.one', [{ key: 'k', value: '{"deviceId":"foreign","speed":7}' }]);
  await answers(
    site,
    `SELECT tenant, project, device, value FROM telemetry WHERE metric = 'speed'`,
    't|one|foreign|7',
  );
  // one more than the quota, though its name comes first: it is told, and not read
  await produce('iot.t.early', [{ key: 'k', value: '{"seq":1}' }]);
  const told = await until('the topic beyond the quota to be told', async () =>
    (await site.writer.reasons())?.find(({ code }) => code === 'topic-quota'),
  );
  assert.match(told.detail, /found 1 topics of projects beyond kafka\.topicsMax 2 \(iot\.t\.early\)/);
  const imbalance = await site.writer.metric('iot_ledger_imbalance');
  assert.equal(imbalance, 0);
});

/** Records of a topic behind the first ones of each of its partitions together, as kafkajs reads them. */
async function read(topic: string, skip: number): Promise<{ key: string; value: string }[]> {
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `reader-${process.pid}` });
  const seen: { key: string; value: string }[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        seen.push({ key: String(message.key), value: String(message.value) });
      },
    });
    await until('records of the gateway', () => seen.length > skip);
  } finally {
    await consumer.disconnect();
  }
  return seen.slice(skip);
}
