import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from './exit-codes.ts';
import { readCrashes, superviseServer } from './supervisor.ts';

/** A server that ends with the given codes, one per start (negative: by SIGKILL), and notes how it was started. */
function serverEnding(
  folder: string,
  codes: readonly number[],
): { args: string[]; dataDir: string; starts: () => string[] } {
  const script = join(folder, 'server.mjs');
  const log = join(folder, 'starts.log');
  writeFileSync(log, '');
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync } from 'node:fs';
    appendFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(' ') + '\\n');
    const nth = readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n').length - 2;
    const code = ${JSON.stringify(codes)}[nth];
    if (code < 0) process.kill(process.pid, 'SIGKILL');
    process.exitCode = code;`,
  );
  return {
    args: [script, 'up'],
    dataDir: folder,
    starts: () => readFileSync(log, 'utf8').split('\n').slice(0, -1),
  };
}

test('superviseServer starts the server again after a kill and after a fault, records both, and ends with it', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [-9, EXIT.unexpected, 0]);
  assert.equal(await superviseServer(server), 0);
  assert.equal(server.starts().length, 3);
  assert.deepEqual(
    readCrashes(folder.path).map(({ code, signal }) => [code, signal]),
    [
      [null, 'SIGKILL'],
      [EXIT.unexpected, null],
    ],
  );
});

test('superviseServer gives up after an end that a restart would repeat', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [3, 0]);
  assert.equal(await superviseServer(server), 3);
  assert.equal(server.starts().length, 1);
  assert.deepEqual(readCrashes(folder.path), []);
});

test('superviseServer starts read-only after three failed fsyncs in a row', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [EXIT.syncFailed, EXIT.syncFailed, EXIT.syncFailed, 0]);
  assert.equal(await superviseServer(server), 0);
  assert.deepEqual(server.starts(), ['up', 'up', 'up', 'up --read-only']);
});
