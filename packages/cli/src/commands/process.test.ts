import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openIsland } from './testing/island.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const KEY = { tenant: 't', project: 'p', device: 'd' };
const START = 1_777_636_800_000_000;
const QUERY =
  'telemetry query --tenant t --project p --device d --metric v --from 2026-05-01 --to 2026-05-02 -o ndjson';

function start(line: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...line.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: String(process.env.PATH), XDG_DATA_HOME: '/nonexistent', ...environment },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return { child, said, ended: once(child, 'close').then(([code]) => code as number | null) };
}

test('skerry ends quietly when its reader goes away', async () => {
  await using island = await openIsland();
  const points = Array.from({ length: 50_000 }, (_, i) => ({
    ...KEY,
    timeMicros: START + i,
    values: { v: i },
  }));
  island.scene.platform.ingest(points);
  const { child, said, ended } = start(QUERY, { SKERRY_DATA_DIR: island.dataDir });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.equal(await ended, 0);
  assert.equal(said.err, '');
  assert.ok(said.out.split('\n').length < 50_000);
});

test('skerry says that standard output could not be written, with an exit code that no answer has', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const child = spawn('sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, MAIN, 'ledger'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: String(process.env.PATH), XDG_DATA_HOME: '/nonexistent', SKERRY_DATA_DIR: island.dataDir },
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 73);
  assert.match(err, /^skerry: Writing to standard output failed: ENOSPC.*\[output-failed\]\n$/);
});

test('skerry keeps data and messages apart, and gives the exit code of the verb to the shell', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  island.scene.platform.miscount = 1;
  const ledger = start('ledger -o json', { SKERRY_DATA_DIR: island.dataDir });
  assert.equal(await ledger.ended, 1);
  assert.equal(JSON.parse(ledger.said.out).balanced, false);
  assert.match(ledger.said.err, /does NOT balance/);
  const nothing = start('ledger');
  assert.equal(await nothing.ended, 5);
  assert.equal(nothing.said.out, '');
  assert.match(nothing.said.err, /^skerry: No running instance was found.*\[not-running\]\n$/);
});

test('skerry names the nearest verb and flag and the command that helps', async () => {
  const cases: [string, RegExp][] = [
    ['ledgr', /did you mean skerry ledger\?/],
    ['dlq lst', /did you mean skerry dlq list\?/],
    ['ledger --adit', /unknown flag --adit; did you mean --audit\? See skerry ledger --help/],
    ['telemetry query --tenant t', /wants --project/],
    ['ledger -o xml', /found "xml", wanted one of table, wide, json, ndjson, yaml/],
  ];
  for (const [line, message] of cases) {
    const { said, ended } = start(line);
    assert.equal(await ended, 2, line);
    assert.match(said.err, message, line);
    assert.equal(said.out, '', line);
  }
});

test('skerry ends a tail with 0 when it is told to stop', async () => {
  await using island = await openIsland();
  const { child, said, ended } = start('telemetry tail -o ndjson', { SKERRY_DATA_DIR: island.dataDir });
  while (island.scene.meter.gauge('iot_api_streams', '').value === 0)
    await new Promise((done) => setImmediate(done));
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.equal(JSON.parse(said.out).value, 1);
});

test('skerry takes the flags that many verbs share before the verb too', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { said, ended } = start(`--data-dir ${island.dataDir} -o ndjson devices`);
  assert.equal(await ended, 0, said.err);
  assert.equal(JSON.parse(said.out).device, 'd');
  const other = start(`--data-dir ${island.dataDir} completion bash`);
  assert.equal(await other.ended, 2);
  assert.match(other.said.err, /skerry completion: unknown flag --data-dir/);
});
