// skerry doctor at real engines: whole ones, weak ones, and those that are away.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ensureTopics, openKafkaClient } from '@skerry/journal/kafka';
import { silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { migrate, openPostgresPool, tellGatewayAccounts } from '@skerry/series/postgres';
import {
  type Engine,
  type Kafka,
  type Postgres,
  runTool,
  startInfluxdb,
  startKafka,
  startMosquitto,
  startPostgres,
  startRedis,
} from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { skerry } from '../../e2e/skerry-line.ts';
import { Collector } from '../tracing/collector.ts';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly found: string;
  readonly advice: string;
}

/** Everybody may do everything with what no rule is about. */
const RIGHTS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

let folder: string;
let kafka: Kafka;
let postgres: Postgres;
let mosquitto: Engine;
let influx: Engine;
let redis: Engine;
let collector: Collector;
const stack = new AsyncDisposableStack();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-doctor-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const engines = [
    startKafka({ properties: RIGHTS }),
    startPostgres({ settings: { synchronous_commit: 'off' } }),
    startMosquitto({ users: { gate: 'open sesame' } }),
    startInfluxdb({ isGuarded: true }),
    startRedis(),
    Collector.open(),
  ] as const;
  [kafka, postgres, mosquitto, influx, redis, collector] = await allOwned<
    [Kafka, Postgres, Engine, Engine, Engine, Collector]
  >(stack, engines);
  writeFileSync(join(folder, 'password'), 'open sesame\n');
  writeFileSync(join(folder, 'wrong'), 'open barley\n');
});

after(async () => {
  await stack.disposeAsync();
});

async function doctor(
  changes: object = {},
): Promise<{ code: number | null; findings: Map<string, Finding> }> {
  const source = {
    name: 'park',
    url: `mqtt://127.0.0.1:${mosquitto.port}`,
    share: 'skerry',
    username: 'gate',
  };
  const config = {
    dataDir: join(folder, randomUUID()),
    http: { port: 0 },
    mqtt: { port: 0 },
    sources: [{ ...source, passwordFile: join(folder, 'password') }],
    kafka: { brokers: kafka.brokers, partitions: 2 },
    postgres: { url: postgres.url() },
    ...changes,
  };
  const path = join(folder, `${randomUUID()}.yaml`);
  writeFileSync(path, JSON.stringify(config));
  const { code, out } = await skerry(['doctor', '-o', 'json', '--config', path]);
  const findings = JSON.parse(out) as Finding[]; // as doctor prints it
  for (const { verdict, advice, check } of findings) assert.equal(advice === '', verdict === 'ok', check);
  return { code, findings: new Map(findings.map((one) => [one.check, one])) };
}

describe('skerry doctor', { concurrency: true }, () => {
  test('doctor tells versions, durability, clock and rights of engines that are there, and what is weak in them', async () => {
    const { code, findings } = await doctor({ redis: { url: `redis://127.0.0.1:${redis.port}` } });
    const verdict = (check: string) => findings.get(check)?.verdict;
    const found = (check: string) => String(findings.get(check)?.found);
    assert.match(found('kafka'), /^cluster \S+ with 1 broker at /);
    assert.equal(found('kafka version'), 'Kafka 4.3');
    assert.equal(verdict('kafka replication'), 'warning', 'one replica');
    assert.equal(verdict('kafka topic iot.telemetry'), 'ok');
    assert.match(found('postgres'), /^PostgreSQL \d+\.\d+.*TimescaleDB/);
    assert.equal(verdict('postgres durability'), 'warning');
    assert.match(found('postgres durability'), /^fsync on, full_page_writes on, synchronous_commit off$/);
    assert.match(found('redis'), /^Redis \d+\.\d+\.\d+ at /);
    for (const check of ['postgres clock', 'redis clock']) {
      assert.equal(verdict(check), 'ok', found(check));
      assert.match(found(check), /^0\.\d{3} s apart from this machine$/, check);
    }
    assert.equal(verdict('postgres rights'), 'ok');
    assert.equal(verdict('kafka rights'), 'ok', found('kafka rights'));
    assert.match(found('kafka rights'), /^this client may read and write iot\.telemetry, iot\.dead-letters$/);
    for (const check of ['sink', 'tracing']) assert.equal(verdict(check), undefined, 'none is configured');
    assert.equal(verdict('mqtt park'), 'ok', found('mqtt park'));
    assert.match(
      found('mqtt park'),
      /mosquitto version \d+\.\d+\.\d+, MQTT 5, 1 filter granted, in a share$/,
    );
    assert.equal(code, 0, 'warnings are no faults');
  });

  test('doctor says that the clock of Redis is not known where its user may not ask for the time', async () => {
    const rule = ['ACL', 'SETUSER', 'clockless', 'on', '>open-sesame', '~*', '+@all', '-time'];
    await runTool('redis-cli', ['-p', String(redis.port), ...rule]);
    const url = `redis://clockless:open-sesame@127.0.0.1:${redis.port}`;
    const { findings } = await doctor({ redis: { url }, kafka: {}, postgres: {}, sources: [] });
    assert.deepEqual(
      ['redis', 'redis clock'].map((check) => findings.get(check)?.verdict),
      ['ok', 'ok'],
    );
    assert.equal(findings.get('redis clock')?.found, 'its user may not ask for the time, so it is not known');
  });

  test('doctor finds a password that is wrong, too many replicas, a user without rights, and a topic that keeps too little', async () => {
    const needs = { clock: nodeClock(), random: nodeRandom(), logger: silentLogger };
    await using client = await openKafkaClient({ brokers: kafka.brokers, clientId: 'test' }, needs);
    const weak = {
      partitions: 1,
      replication: 1,
      minInSync: 1,
      retentionMs: 60_000,
      maxMessageBytes: 100_000,
    };
    await ensureTopics(client, [{ ...weak, name: 'iot.short' }]);
    await postgres.sql('CREATE ROLE guest LOGIN');
    await postgres.sql('REVOKE CREATE ON DATABASE postgres FROM PUBLIC');
    const url = postgres.url().replace(/\/\/[^@/]*@/, '//guest@');
    const source = { name: 'park', url: `mqtt://127.0.0.1:${mosquitto.port}`, username: 'gate' };
    const { code, findings } = await doctor({
      sources: [{ ...source, passwordFile: join(folder, 'wrong') }],
      kafka: { brokers: kafka.brokers, topic: 'iot.short', partitions: 2, replication: 3, minInSync: 2 },
      postgres: { url },
    });
    assert.equal(code, 1);
    assert.equal(findings.get('mqtt park')?.verdict, 'fault');
    assert.match(String(findings.get('mqtt park')?.found), /not authorized|bad user name/i);
    assert.equal(findings.get('kafka replication')?.verdict, 'fault');
    const topic = String(findings.get('kafka topic iot.short')?.found);
    for (const setting of ['partitions', 'replicas', 'retention.ms'])
      assert.ok(topic.includes(`${setting}: found`), topic);
    assert.equal(findings.get('postgres rights')?.verdict, 'fault');
    assert.match(
      String(findings.get('postgres rights')?.advice),
      /^CREATE SCHEMA skerry AUTHORIZATION "guest"/,
    );
  });

  test('doctor tells what Kafka does not let the user do, and how it is let', async () => {
    const needs = { clock: nodeClock(), random: nodeRandom(), logger: silentLogger };
    await using client = await openKafkaClient({ brokers: kafka.brokers, clientId: 'test' }, needs);
    const wish = {
      partitions: 2,
      replication: 1,
      minInSync: 1,
      retentionMs: 259_200_000,
      maxMessageBytes: 100_000,
    };
    await ensureTopics(client, [{ ...wish, name: 'iot.read-only' }]);
    const api = await client.api<[object[]], { readonly results: readonly { readonly errorCode: number }[] }>(
      'CreateAcls',
    );
    const rule = (resourceName: string, operation: number) => ({
      ...{ resourceType: 2, resourceName, resourcePatternType: 3 }, // a topic by its whole name
      ...{ principal: 'User:*', host: '*', operation, permissionType: 3 },
    });
    const [read, describing, configs] = [3, 8, 10] as const;
    const rules = [read, describing, configs].map((one) => rule('iot.read-only', one));
    await api.async(await client.connection(undefined), rules);
    const ask = async (topic: string, changes: object = {}) =>
      (await doctor({ kafka: { brokers: kafka.brokers, partitions: 2, topic }, ...changes })).findings.get(
        'kafka rights',
      );
    const gateway = await ask('iot.read-only');
    assert.equal(gateway?.verdict, 'fault', 'a gateway writes');
    assert.equal(gateway.found, 'this client may not write iot.read-only');
    assert.match(gateway.advice, /kafka-acls\.sh --add .* --operation Write .*--topic iot\.read-only/);
    assert.equal((await ask('iot.read-only', { sources: [] }))?.verdict, 'warning', 'it may be a writer');
    const journal = { engine: 'kafka', topic: 'iot.read-only' };
    const up = (await doctor({ kafka: { brokers: kafka.brokers }, journal, sources: [] })).findings;
    assert.equal(up.get('kafka rights')?.verdict, 'fault', 'a journal is written and read');
    assert.equal(up.get('kafka rights')?.found, 'this client may not write iot.read-only');
    assert.match(
      String(up.get('kafka rights')?.advice),
      /^skerry up needs Read, Write, .*--topic iot\.read-only/,
    );
    assert.equal(up.get('kafka topic iot.read-only')?.verdict, 'fault');
    assert.equal(up.get('kafka topic iot.read-only')?.found, 'as a journal it has 2 partitions');
  });

  test('doctor looks at the topic of a journal on Kafka, and at none of those that gateways and writers use', async () => {
    const changes = { kafka: { brokers: kafka.brokers }, journal: { engine: 'kafka' }, sources: [] };
    const { code, findings } = await doctor(changes);
    const ofKafka = [...findings.values()].filter(({ check }) => check.startsWith('kafka '));
    assert.deepEqual(
      ofKafka.map(({ check, verdict, found }) => [check, verdict, found]),
      [
        ['kafka version', 'ok', 'Kafka 4.3'],
        [
          'kafka replication',
          'ok',
          "kafka.replication 1, kafka.minInSync 1, acks=all, idempotent producer; the journal's broker syncs each batch before it acknowledges",
        ],
        ['kafka topic iot.journal', 'ok', 'it does not exist yet; skerry up makes it'],
        ['kafka rights', 'ok', 'this client may read and write iot.journal'],
      ],
    );
    assert.equal(code, 0);
  });

  test('doctor tells whether sinks take what is written, how long they keep it, and whether the collector of traces answers', async () => {
    const ask = async (q: string, user = '') => {
      const body = new URLSearchParams({ q });
      assert.equal((await fetch(`${influx.url}/query?${user}`, { method: 'POST', body })).status, 200, q);
    };
    await ask(`CREATE USER alice WITH PASSWORD 'open sesame' WITH ALL PRIVILEGES`);
    const sink = { name: 'influx', url: influx.url, database: 'iot', username: 'alice' };
    const right = { ...sink, passwordFile: join(folder, 'password'), retentionHours: 72 };
    const tracing = { otlpUrl: collector.url };
    const whole = { sinks: [right], tracing };
    const before = (await doctor(whole)).findings;
    assert.match(
      String(before.get('sink influx')?.found),
      /^InfluxDB 1\.\d+.*; the writer that starts first makes iot$/,
    );
    assert.equal(before.get('tracing')?.verdict, 'ok', String(before.get('tracing')?.found));
    await ask('CREATE DATABASE iot WITH DURATION 24h', 'u=alice&p=open%20sesame');
    const wrong = { ...right, name: 'other', passwordFile: join(folder, 'wrong') };
    const elsewhere = { otlpUrl: `${influx.url}/v1/traces` };
    const { findings } = await doctor({ sinks: [right, wrong], tracing: elsewhere });
    const of = (check: string) => findings.get(check);
    assert.match(String(of('sink influx')?.found), /, and iot may be written$/);
    assert.equal(of('sink influx retention')?.verdict, 'warning');
    assert.match(String(of('sink influx retention')?.advice), /^ALTER RETENTION POLICY .* DURATION 72h/);
    assert.equal(of('sink other')?.verdict, 'fault');
    assert.match(String(of('sink other')?.found), /401.*\(sink-not-allowed\)$/);
    assert.match(String(of('tracing')?.found), /answered 404/);
    assert.deepEqual(collector.faults, []);
  });

  test('doctor tells what lies on the disk of a gateway that has gone, and how it is brought in', async () => {
    const needs = { clock: nodeClock(), logger: silentLogger };
    await using pool = openPostgresPool({ url: postgres.url(), schema: 'held', connectionsMax: 1 }, needs);
    await migrate(pool, silentLogger);
    const tell = { journalId: 'a'.repeat(32), name: 'host-7, /data', accounts: [], isEnded: false };
    await tellGatewayAccounts(pool, { ...tell, asOf: 100, sent: 60 });
    await postgres.sql(`UPDATE held.gateway_journals SET told = now() + interval '3 min'`); // a doctor that starts slowly
    const held = { postgres: { url: postgres.url(), schema: 'held' } };
    assert.equal((await doctor(held)).findings.get('gateways')?.verdict, 'ok', 'it may be slow');
    await postgres.sql(`UPDATE held.gateway_journals SET told = now() - interval '5 min'`);
    const found = (await doctor(held)).findings.get('gateways');
    assert.equal(found?.verdict, 'warning');
    assert.match(found.found, /^host-7, \/data: 40 records, silent since \d{4}-/);
    assert.match(found.advice, /^Start any gateway on that data folder/);
  });

  test('doctor says of engines that are away where they were looked for', async () => {
    const { code, findings } = await doctor({
      sources: [{ name: 'park', url: 'mqtt://127.0.0.1:1' }],
      kafka: { brokers: ['127.0.0.1:1'] },
      postgres: { url: 'postgres://skerry@127.0.0.1:1/skerry' },
      sinks: [{ name: 'influx', url: 'http://127.0.0.1:1' }],
      tracing: { otlpUrl: 'http://127.0.0.1:1' },
    });
    assert.equal(code, 1);
    for (const check of ['kafka', 'postgres', 'mqtt park', 'sink influx', 'tracing']) {
      const wanted = check === 'tracing' ? 'warning' : 'fault'; // without it spans are lost, and nothing else
      assert.equal(findings.get(check)?.verdict, wanted, check);
      assert.match(String(findings.get(check)?.found), /127\.0\.0\.1:1/, check);
    }
  });
});
