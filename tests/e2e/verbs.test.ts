import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, runGenerator, ServerProcess } from '@skerry/testkit';
import { lettersOf } from './proof.ts';
import { rowsOf, skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('verbs');
const ledgerPath = join(folder.path, 'sent.ledger');
const SERIES = '--tenant acme --project plant --device pump-1 --metric flow';
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store') });
  const load = { port: server.mqttPort, connections: 4, window: 50, devices: 8, count: 400 };
  await runGenerator({ ...load, payload: 'marks', ledger: ledgerPath, tenant: 'acme', project: 'sent' });
  using client = await WireClient.join(server.mqttPort, 'pump-1');
  for (let i = 0; i < 60; i++) {
    const time = `2026-03-01T00:00:${String(i).padStart(2, '0')}Z`;
    // numbers 20 to 24 are left out, and so are a gap
    const seq = i < 20 ? i : i + 5;
    client.publish(
      'iot/acme/plant/pump-1/telemetry',
      JSON.stringify({ time, seq, epoch: 'a', flow: i / 4, state: i % 2 === 0 ? 'on' : 'off', big: 2 ** 53 }),
    );
  }
  client.publish('iot/acme/plant/pump-1/telemetry', '{"flow":');
  client.publish('iot/acme/plant/pump-1/telemetry', '{"time":"2026-03-01T00:01:00Z","big":9007199254740993}');
  await client.answered();
  await server.quiet();
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs a line on the live process; it ends well. */
async function told(line: string): Promise<string> {
  const said = await skerry(line, { dataDir: server.dataDir });
  assert.equal(said.code, 0, `skerry ${line}: ${said.err}`);
  return said.out;
}

test('devices lists, finds and shows devices in every shape', async () => {
  const table = await told('devices --project plant');
  assert.match(table, /DEVICE/);
  assert.match(table, /pump-1/);
  const listed = rowsOf(await told('devices --tenant acme -o ndjson'));
  assert.equal(listed.length, 9);
  assert.match(await told('devices acme/plant/pump-1 -o yaml'), /^ *(- )?metric: flow$/m);
  assert.equal(rowsOf(await told('devices --search UMP -o ndjson')).length, 1);
  const absent = await skerry('devices acme/plant/nobody', { dataDir: server.dataDir });
  assert.equal(absent.code, 9);
  assert.match(absent.err, /\[not-found\]/);
});

test('telemetry query gives points with six digits, from inclusive, to exclusive, and exact integers as texts', async () => {
  const range = '--from 2026-03-01T00:00:10Z --to 2026-03-01T00:00:13Z -o ndjson';
  assert.deepEqual(rowsOf(await told(`telemetry query ${SERIES} ${range}`)), [
    { time: '2026-03-01T00:00:10.000000Z', value: 2.5 },
    { time: '2026-03-01T00:00:11.000000Z', value: 2.75 },
    { time: '2026-03-01T00:00:12.000000Z', value: 3 },
  ]);
  const big = '--tenant acme --project plant --device pump-1 --metric big --newest-first --limit 1';
  assert.deepEqual(rowsOf(await told(`telemetry query ${big} --from 2026-03-01 -o ndjson`)), [
    { time: '2026-03-01T00:01:00.000000Z', value: '9007199254740993', type: 'integer' },
  ]);
  const step = '--from 2026-03-01 --to 2026-03-02 --step 1m --aggregates count,min,max,sum';
  assert.deepEqual(rowsOf(await told(`telemetry query ${SERIES} ${step} -o ndjson`)), [
    { time: '2026-03-01T00:00:00.000000Z', count: 60, min: 0, max: 14.75, sum: (59 * 60) / 8 },
  ]);
});

test('telemetry tail shows points as they arrive and ends at its limit', async () => {
  const tailing = skerry('telemetry tail --project plant --device pump-2 --limit 3 -o ndjson', {
    dataDir: server.dataDir,
  });
  using client = await WireClient.join(server.mqttPort, 'pump-2');
  const isOver = { value: false };
  void tailing.finally(() => {
    isOver.value = true;
  });
  // it tells only what comes after its beginning, which nobody announces: so points go on coming
  for (let i = 0; !isOver.value; i++) await client.accepted('iot/acme/plant/pump-2/telemetry', `{"n":${i}}`);
  const { code, out, err } = await tailing;
  assert.equal(code, 0, err);
  const values = rowsOf(out).map((row) => Number(row.value));
  assert.equal(values.length, 3);
  assert.deepEqual(
    values,
    values.map((_, i) => Number(values[0]) + i),
  );
});

test('ledger tells the fixed shape, balances, audits clean and names the gap', async () => {
  const ledger = JSON.parse(await told('ledger -o json'));
  const names = 'received stored deduplicated filtered deadLettered discarded expired pending';
  assert.deepEqual(Object.keys(ledger.totals).sort(), names.split(' ').sort());
  assert.equal(ledger.balanced, true);
  const plant = ledger.projects.find((one: { project: string }) => one.project === 'plant');
  assert.deepEqual([plant.tenant, plant.deadLettered], ['acme', 1]);
  assert.match(await told('ledger --audit'), /journal, store and ledger agree/);
  assert.deepEqual(rowsOf(await told('ledger gaps --device pump-1 -o ndjson')), [
    { tenant: 'acme', project: 'plant', device: 'pump-1', epoch: 'a', from: 20, to: 24 },
  ]);
});

test('dlq list and show tell the letter with its bytes as text and in hex', async () => {
  const [letter] = await lettersOf(server);
  assert.ok(letter);
  assert.match(await told('dlq list'), new RegExp(`${letter.offset}.*undecodable`));
  const shown = await told(`dlq show ${letter.offset}`);
  assert.match(shown, /\{"flow":/);
  assert.match(shown, /7b 22 66 6c 6f 77 22 3a/);
  assert.equal((await skerry('dlq show 999999', { dataDir: server.dataDir })).code, 9);
});

test('sql reads the view, the unsealed included, and refuses to write', async () => {
  const query = 'SELECT count(*) AS n, max(value) AS top FROM telemetry';
  const words = ['--project', 'plant', '--device', 'pump-1', '--metric', 'flow', '--from', '2026-03-01'];
  const { code, out, err } = await skerry(['sql', query, ...words, '-o', 'ndjson'], {
    dataDir: server.dataDir,
  });
  assert.equal(code, 0, err);
  assert.deepEqual(rowsOf(out), [{ n: 60, top: 14.75 }]);
  const write = await skerry(['sql', 'DELETE FROM telemetry'], { dataDir: server.dataDir });
  assert.equal(write.code, 2);
  assert.match(write.err, /\[sql-refused\]/);
});

test('verify compares the ledger of a sender with the files of the live folder', async () => {
  const report = JSON.parse(await told(`verify ${ledgerPath} -o json`));
  assert.equal(report.isClean, true);
  assert.equal(report.sent.acked, 400);
});

test('doctor looks at the live instance, and config print says where a value comes from', async () => {
  const findings = JSON.parse(await told('doctor -o json')) as { check: string; verdict: string }[];
  for (const check of ['versions', 'data folder', 'fsync', 'clock', 'instance', 'ready']) {
    const found = findings.find((one) => one.check === check);
    assert.ok(found && found.verdict !== 'fault', `${check}: ${JSON.stringify(found)}`);
  }
  assert.match(await told('config print -o wide'), /SKERRY_DATA_DIR/);
});

test('verbs without an instance end with 5, faulty lines with 2 and the nearest name', async () => {
  const nobody = await skerry('ledger', { dataDir: join(folder.path, 'nobody') });
  assert.equal(nobody.code, 5);
  assert.match(nobody.err, /\[not-running\]/);
  const unknown = await skerry('ledgr', { dataDir: server.dataDir });
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /did you mean skerry ledger/);
  const flag = await skerry('devices --serach x', { dataDir: server.dataDir });
  assert.equal(flag.code, 2);
  assert.match(flag.err, /--search/);
});

test('replay of a file that is no recording ends with 6, its line and what was wanted', async () => {
  const paths: Record<string, { text: string; says: RegExp }> = {
    'binary.csv': { text: '\u0000\u0001\u0002', says: /binary\.csv, line 1: wanted a header line/ },
    'bad-time.csv': {
      text: 'timestamp,value\n2026-01-01 00:00:00,1\nnever,2\n',
      says: /line 3: found time "never"/,
    },
    'ragged.csv': {
      text: 'timestamp,value\n2026-01-01 00:00:00,1,2\n',
      says: /ragged\.csv.*\[recording-unreadable\]/s,
    },
    'bad.jsonl': { text: '{"timestamp":1,"v":1}\n[1]\n', says: /line 2: found \[1\], wanted a JSON object/ },
  };
  const before = (await server.quiet()).received;
  for (const [name, { text, says }] of Object.entries(paths)) {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    const said = await skerry(['replay', path, '--speed', 'max'], { dataDir: server.dataDir });
    assert.equal(said.code, 6, `${name}: ${said.err}`);
    assert.match(said.err, says);
  }
  const missing = await skerry('replay /nonexistent.csv --speed max', { dataDir: server.dataDir });
  assert.equal(missing.code, 6, missing.err);
  const ledger = await server.quiet();
  assert.ok(ledger.isBalanced && ledger.received - before <= 3, 'only the rows before the fault were sent');
});
