import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../limits.ts';
import { EXIT } from './exit-codes.ts';
import { RestartPlan, readCrashes, superviseServer } from './supervisor.ts';

/** A server that ends with the given codes, one per start (negative: by SIGKILL), and notes how it was started. */
function serverEnding(
  folder: string,
  codes: readonly number[],
): { args: string[]; dataDir: string; canReadOnly: boolean; starts: () => string[] } {
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
    canReadOnly: true,
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

test('RestartPlan waits longer after each end, and forgets it after 60 s of steady work, not after less', () => {
  const plan = new RestartPlan();
  const pauses = [1, 1, 1, 59.9, 60, 1, 1, 1, 1, 1, 1, 1].map((upSecs) => plan.ended({ code: 70, upSecs }));
  assert.deepEqual(pauses, [100, 200, 500, 1_000, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 10_000]);
});

test('RestartPlan counts failed fsyncs in a row: another end between them begins the count anew', () => {
  const plan = new RestartPlan();
  const codes = [74, 74, 70, 74, 74, null, 74, 74, 74, 74, 70];
  const readOnly = codes.map((code) => {
    plan.ended({ code, upSecs: 1 });
    return plan.isReadOnly;
  });
  assert.deepEqual(
    codes.flatMap((_, i) => (readOnly[i] ? i : [])),
    [8, 9],
  );
});

test('superviseServer starts a server that takes in again when failed fsyncs were not in a row', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const { syncFailed, unexpected } = EXIT;
  const server = serverEnding(folder.path, [syncFailed, syncFailed, unexpected, syncFailed, 0]);
  assert.equal(await superviseServer(server), 0);
  assert.deepEqual(server.starts(), ['up', 'up', 'up', 'up', 'up']);
});

test('superviseServer starts read-only after three failed fsyncs in a row', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [EXIT.syncFailed, EXIT.syncFailed, EXIT.syncFailed, 0]);
  assert.equal(await superviseServer(server), 0);
  assert.deepEqual(server.starts(), ['up', 'up', 'up', 'up --read-only']);
});

test('superviseServer starts the server again though its end cannot be recorded, and readCrashes passes over torn lines', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [-9, 0]);
  mkdirSync(join(folder.path, 'crashes.jsonl')); // nobody can append to a folder
  assert.equal(await superviseServer(server), 0);
  assert.equal(server.starts().length, 2);
  rmdirSync(join(folder.path, 'crashes.jsonl'));
  writeFileSync(join(folder.path, 'crashes.jsonl'), '{"at":"t","code":70,"signal":null}\n{"at":"t","co');
  assert.deepEqual(
    readCrashes(folder.path).map(({ code }) => code),
    [70],
  );
});

test('superviseServer keeps the newest ends of the server only', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-supervisor-'));
  const server = serverEnding(folder.path, [-9, 0]);
  const line = (code: number) =>
    `${JSON.stringify({ at: 't', code, signal: null, upSecs: 1, isSyncFailure: false })}\n`;
  const before = Array.from({ length: 2 * LIMITS.crashesKept.value }, (_, code) => line(code));
  writeFileSync(join(folder.path, 'crashes.jsonl'), before.join(''));
  assert.equal(await superviseServer(server), 0);
  const kept = readCrashes(folder.path);
  assert.equal(kept.length, LIMITS.crashesKept.value);
  assert.deepEqual([kept.at(-1)?.signal, kept.at(-2)?.code], ['SIGKILL', before.length - 1]);
});
