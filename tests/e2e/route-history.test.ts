import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { accountsOf, assertAuditClean, lettersOf, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('route-history');
const dataDir = join(folder.path, 'store');
const HISTORY = join(dataDir, 'journal', 'routes.json');
const BY_DEVICE = 'iot/{tenantId}/{projectId}/{deviceId}/telemetry';
const BY_PREFIX = 'iot/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}';
const BY_PLANT = 'sites/plants/{tenantId}/{projectId}/{deviceId?}';
const BY_SITE = 'sites/{tenantId}/{projectId}';
const LOST_TOPIC = 'sites/plants/north';
let server: ServerProcess;

async function start(...templates: string[]): Promise<ServerProcess> {
  return ServerProcess.start({ dataDir, env: { SKERRY_ROUTING_TELEMETRY: templates.join(',') } });
}

async function restart(...templates: string[]): Promise<void> {
  await server[Symbol.asyncDispose]();
  server = await start(...templates);
}

async function publish(topic: string, ...payloads: string[]): Promise<void> {
  using client = await WireClient.join(server.mqttPort, 'sender');
  for (const payload of payloads) client.publish(topic, payload);
  await client.answered();
  await server.quiet();
}

const erasOf = (): number[] =>
  (JSON.parse(readFileSync(HISTORY, 'utf8')) as { state: { eras: { from: number }[] } }).state.eras.map(
    ({ from }) => from,
  );

before(async () => {
  server = await start(BY_DEVICE, BY_PLANT);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('the audit is clean before and after a template was taken away and another took its topics', async () => {
  await publish('iot/t/p/d/telemetry', '{"v":1,"w":2}', '{"seq":1,"v":2}', '{"seq":1,"v":2}');
  await publish('sites/plants/t/p/e', '{"v":1}');
  await publish(LOST_TOPIC, '{"deviceId":"stray","n":1}');
  await assertAuditClean(server);
  await restart(BY_PREFIX);
  await assertAuditClean(server);
  await publish('iot/t/p/d/telemetry', '{"v":3}');
  const series = { tenant: 't', project: 'p', device: 'd' };
  const values = async (metric: string) =>
    (await pointsOf(server, { ...series, metric })).map(({ value }) => value);
  assert.deepEqual([await values('v'), await values('telemetry.v')], [[1, 2], [3]]);
  await assertAuditClean(server);
  const [first, second, ...rest] = erasOf();
  assert.deepEqual([first, rest], [0, []]);
  assert.ok(Number(second) >= 5);
});

test('the audit is clean after a letter was replayed under a template that was added, and after a kill without it', async () => {
  await restart(BY_PREFIX, BY_SITE);
  const replay = await skerry('dlq replay --reason unknown-topic -o json', { dataDir });
  assert.deepEqual(JSON.parse(replay.out), { changed: 1, failedAgain: 0, undecided: 0, unchanged: 0 });
  await until('the replay', async () => (await lettersOf(server)).length === 0);
  await server.quiet();
  const series = { tenant: 'plants', project: 'north', device: 'stray', metric: 'n' };
  assert.deepEqual(
    (await pointsOf(server, series)).map(({ value }) => value),
    [1],
  );
  const isCounted = async () => (await accountsOf(server)).deadLettered === 0;
  await until('the account of the replay', isCounted);
  await assertAuditClean(server);
  await server.kill();
  server = await start(BY_DEVICE);
  await publish('iot/t/p/d/telemetry', '{"v":4}');
  await assertAuditClean(server);
  assert.equal(erasOf().length, 4);
});

test('a history that is damaged does not keep the server from starting, and the audit begins where it begins anew', async () => {
  // a record without a committed verdict would get its verdict, and be recounted, after the new beginning
  await until('every verdict is committed', async () => (await accountsOf(server)).pending === 0);
  await server[Symbol.asyncDispose]();
  writeFileSync(HISTORY, readFileSync(HISTORY, 'utf8').replace('"from":0', '"from":1'));
  server = await start(BY_PREFIX);
  const blind = await skerry('ledger --audit', { dataDir });
  assert.equal(blind.code, 1, blind.out + blind.err);
  assert.match(blind.out, /Nothing could be recounted: the journal holds[\s\S]*NOT in order/);
  await publish('iot/t/p/d/telemetry', '{"v":5}');
  assert.match(server.stderr, /The history of routes begins anew/);
  const [from, ...rest] = erasOf();
  assert.deepEqual(rest, []);
  const audit = await skerry('ledger --audit -o json', { dataDir });
  const report = JSON.parse(audit.out) as { fromOffset: number; records: number; findings: unknown[] };
  assert.deepEqual([audit.code, report.findings, report.fromOffset], [0, [], from]);
  assert.ok(Number(from) > 0 && report.records > 0);
});
