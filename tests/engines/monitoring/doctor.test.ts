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
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { skerry } from '../../e2e/skerry-line.ts';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly found: string;
  readonly advice: string;
}

let folder: string;
let kafka: Kafka;
let postgres: Postgres;
let mosquitto: Engine;
const stack = new AsyncDisposableStack();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-doctor-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const engines = [
    startKafka({}),
    startPostgres({ settings: { synchronous_commit: 'off' } }),
    startMosquitto({ users: { gate: 'open sesame' } }),
  ] as const;
  [kafka, postgres, mosquitto] = await Promise.all(engines);
  for (const one of [kafka, postgres, mosquitto]) stack.use(one);
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
    const { code, findings } = await doctor();
    const verdict = (check: string) => findings.get(check)?.verdict;
    const found = (check: string) => String(findings.get(check)?.found);
    assert.match(found('kafka'), /^cluster \S+ with 1 broker at /);
    assert.equal(verdict('kafka replication'), 'warning', 'one replica');
    assert.equal(verdict('kafka topic iot.telemetry'), 'ok');
    assert.match(found('postgres'), /^PostgreSQL \d+\.\d+.*TimescaleDB/);
    assert.equal(verdict('postgres durability'), 'warning');
    assert.match(found('postgres durability'), /^fsync on, full_page_writes on, synchronous_commit off$/);
    assert.equal(verdict('postgres clock'), 'ok');
    assert.equal(verdict('postgres rights'), 'ok');
    assert.equal(verdict('mqtt park'), 'ok', found('mqtt park'));
    assert.match(found('mqtt park'), /mosquitto version \d+\.\d+\.\d+, MQTT 5, 1 filter granted$/);
    assert.equal(code, 0, 'warnings are no faults');
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

  test('doctor tells what lies on the disk of a gateway that has gone, and how it is brought in', async () => {
    const needs = { clock: nodeClock(), logger: silentLogger };
    await using pool = openPostgresPool({ url: postgres.url(), schema: 'held', connectionsMax: 1 }, needs);
    await migrate(pool, silentLogger);
    const tell = { journalId: 'a'.repeat(32), name: 'host-7, /data', accounts: [], isEnded: false };
    await tellGatewayAccounts(pool, { ...tell, asOf: 100, sent: 60 });
    const held = { postgres: { url: postgres.url(), schema: 'held' } };
    assert.equal((await doctor(held)).findings.get('gateways')?.verdict, 'ok', 'it may be slow');
    await postgres.sql(`UPDATE held.gateway_journals SET told = told - interval '5 min'`);
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
    });
    assert.equal(code, 1);
    for (const check of ['kafka', 'postgres', 'mqtt park']) {
      assert.equal(findings.get(check)?.verdict, 'fault', check);
      assert.match(String(findings.get(check)?.found), /127\.0\.0\.1:1/, check);
    }
  });
});
