import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { assertAuditClean, pointsOf } from './proof.ts';
import { rowsOf, skerry } from './skerry-line.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/nab/occupancy_6005.csv', import.meta.url));

const folder = memoryFolder('recordings');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store') });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A recording as this test reads it, without the product's reader: column names, and cells by row. */
function readCells(path: string): { readonly columns: string[]; readonly rows: string[][] } {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const delimiter = head.includes(';') ? ';' : ',';
  return { columns: head.split(delimiter), rows: lines.map((line) => line.split(delimiter)) };
}

/** `time value` of each row, by time; rows of one time in the order of the file. */
function expectedLines(rows: readonly string[][], column: number): string[] {
  return rows
    .map((row) => `${String(row[0]).replace(' ', 'T')}.000000Z ${Number(row[column])}`)
    .sort((a, b) => (a.slice(0, 27) < b.slice(0, 27) ? -1 : a.slice(0, 27) > b.slice(0, 27) ? 1 : 0));
}

/** Replays a recording as fast as it is taken, and reads every column back value by value. */
async function assertReadBack(path: string, project: string): Promise<void> {
  const { dataDir } = server;
  const { columns, rows } = readCells(path);
  const replay = await skerry(
    ['replay', path, '--speed', 'max', '--tenant', 'tests', '--project', project, '-o', 'json'],
    { dataDir },
  );
  assert.equal(replay.code, 0, replay.err);
  const { published, acked, refused } = JSON.parse(replay.out);
  assert.deepEqual({ published, acked, refused }, { published: rows.length, acked: rows.length, refused: 0 });
  assert.match(replay.err, /Times that name no zone are read in UTC\./);
  const device = basename(path, '.csv');
  for (const [column, metric] of columns.entries()) {
    if (column === 0) continue;
    if (column > 1) {
      // a process for each column would be slow: what the verb reads from
      const points = await pointsOf(server, { tenant: 'tests', project, device, metric });
      assert.deepEqual(
        points.map(({ time, value }) => `${time} ${value}`),
        expectedLines(rows, column),
      );
      continue;
    }
    const words = ['telemetry', 'query', '--tenant', 'tests', '--project', project, '--device', device];
    const range = ['--metric', metric, '--from', '2000-01-01T00:00:00Z', '--to', '2030-01-01T00:00:00Z'];
    const query = await skerry([...words, ...range, '-o', 'ndjson'], { dataDir });
    assert.equal(query.code, 0, query.err);
    const told = rowsOf(query.out).map(({ time, value }) => `${time} ${value}`);
    assert.deepEqual(told, expectedLines(rows, column));
  }
}

test('the fixture replayed over MQTT is read back value by value', async () => {
  await assertReadBack(FIXTURE, 'fixture');
  assert.equal((await server.quiet()).received, 2380);
});

test('the fixture replayed again is another recording: every row twice, the ledger balanced and the audit clean', async () => {
  const again = await skerry(
    ['replay', FIXTURE, '--speed', 'max', '--tenant', 'tests', '--project', 'fixture', '-o', 'json'],
    { dataDir: server.dataDir },
  );
  assert.equal(again.code, 0, again.err);
  const ledger = await server.quiet();
  assert.equal(ledger.isBalanced, true);
  assert.equal(ledger.received, 2 * 2380);
  const words = '--tenant tests --project fixture --device occupancy_6005 --metric value';
  const step = '--from 2015-09-01 --to 2015-09-18 --step 1h --aggregates count -o ndjson';
  const query = await skerry(`telemetry query ${words} ${step}`, { dataDir: server.dataDir });
  const counts = rowsOf(query.out).map((row) => Number(row.count));
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    2 * 2380,
  );
  await assertAuditClean(server);
});

for (const path of chosenRecordings()) {
  test(`the recording ${basename(path)} replayed over MQTT is read back value by value`, () =>
    assertReadBack(path, 'recordings'));
}

/** Two recordings of the folder that `SKERRY_RECORDINGS` names: the longest (it has times twice) and one of eight columns. */
function chosenRecordings(): string[] {
  const root = process.env.SKERRY_RECORDINGS;
  if (root === undefined) return [];
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return ['machine_temperature_system_failure.csv', 'valve1-0.csv'].map((name) => {
    const path = found.find((one) => basename(one) === name);
    assert.ok(path, `${root} has ${name}`);
    return join(root, path);
  });
}
