import assert from 'node:assert/strict';
import { globSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { assertAuditClean, assertServes, pointsOf, type ToldPoint } from './proof.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('clock');
const dataDir = join(folder.path, 'store');
const clockFile = join(folder.path, 'clock');
const SERIES = { tenant: 'acme', project: 'plant', device: 'clockwork', metric: 'n' };
const ROUND = 200;

/** The server's wall clock is what `clockFile` says; its monotonic clock is the machine's. */
function fakedClock(): Record<string, string> {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  assert.ok(library, 'libfaketime is there (Debian: apt-get install faketime)');
  return {
    LD_PRELOAD: library,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: '1',
    TZ: 'UTC',
    SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2',
  };
}

let server: ServerProcess;
let sent = 0;

before(async () => {
  setClock('+0');
  server = await ServerProcess.start({ dataDir, env: fakedClock() });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function setClock(text: string): void {
  writeFileSync(clockFile, `${text}\n`);
}

/** The year that the server's clock shows. */
async function yearOfServer(): Promise<number> {
  const { time } = (await server.get('/api/v1/overview')) as { time: string };
  return Number(time.slice(0, 4));
}

/** A round of messages, sealed; every one of all rounds is there, once. */
async function assertRound(): Promise<ToldPoint[]> {
  using client = await WireClient.join(server.mqttPort, 'clockwork');
  for (let i = 0; i < ROUND; i++) client.publish('iot/acme/plant/clockwork/telemetry', `{"n":${sent++}}`);
  await client.answered();
  assert.ok(client.all('puback').every(({ reason }) => reason === 0));
  const ledger = await server.quiet();
  assert.equal(ledger.isBalanced, true);
  const points = await pointsOf(server, SERIES, '1960-01-01');
  const values = points.map((point) => Number(point.value)).sort((a, b) => a - b);
  assert.deepEqual(
    values,
    Array.from({ length: sent }, (_, i) => i),
  );
  return points;
}

const dayFiles = (): string[] =>
  readdirSync(join(dataDir, 'series', 'default')).filter((name) => /^\d{4}-\d\d-\d\d\.db$/.test(name));

for (const [year, clock] of [
  [1970, '@1970-01-01 00:00:10'],
  [2038, '@2038-01-19 03:14:00'],
] as const) {
  test(`a clock that jumps to ${year} while messages come loses nothing and removes nothing`, async () => {
    await assertRound();
    const before = dayFiles();
    assert.ok(before.length > 0);
    setClock(clock);
    await until(`the year ${year}`, async () => (await yearOfServer()) === year);
    const points = await assertRound();
    const receipts = points.filter(({ time }) => time.startsWith(String(year)));
    assert.equal(receipts.length, ROUND, 'messages without a time have the time of the receipt');
    assert.deepEqual(
      before.filter((name) => !dayFiles().includes(name)),
      [],
    );
    await assertServes(server);
    await assertAuditClean(server);
  });

  test(`a start with the clock at ${year} loses nothing and removes nothing`, async () => {
    const before = dayFiles();
    await server[Symbol.asyncDispose]();
    server = await ServerProcess.start({ dataDir, env: fakedClock() });
    assert.equal(await yearOfServer(), year);
    await assertRound();
    assert.deepEqual(
      before.filter((name) => !dayFiles().includes(name)),
      [],
    );
    await assertAuditClean(server);
    setClock('+0');
    await until('the present', async () => (await yearOfServer()) > 2020 && (await yearOfServer()) < 2038);
    await assertRound();
  });
}

test('after all jumps a kill and a start with the right clock find everything', async () => {
  await server.kill();
  server = await ServerProcess.start({ dataDir, env: { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' } });
  await assertRound();
  await assertServes(server);
  await assertAuditClean(server);
});
