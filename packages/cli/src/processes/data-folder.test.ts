import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliError } from '../errors.ts';
import { holdDataFolder, readRunFile, readToken } from './data-folder.ts';

const folder = () => mkdtempDisposableSync(join(tmpdir(), 'skerry-folder-'));
const isInUse = (cause: unknown): boolean => cause instanceof CliError && cause.code === 'data-folder-in-use';

test('holdDataFolder refuses a second holder, by the same path and through a link, and lets go when disposed', async () => {
  using place = folder();
  const held = await holdDataFolder(place.path);
  await assert.rejects(holdDataFolder(place.path), isInUse);
  const link = `${place.path}-link`;
  symlinkSync(place.path, link);
  await assert.rejects(holdDataFolder(link), isInUse);
  await held[Symbol.asyncDispose]();
  await using again = await holdDataFolder(place.path);
  assert.equal(again.path, place.path);
});

test('holdDataFolder refuses a folder that another process holds, and takes it after that process was killed', async () => {
  using place = folder();
  const script = `import { holdDataFolder } from ${JSON.stringify(import.meta.resolve('./data-folder.ts'))};
    await holdDataFolder(${JSON.stringify(place.path)}); process.stdout.write('held\\n'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await assert.rejects(holdDataFolder(place.path), isInUse);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using held = await holdDataFolder(place.path);
  assert.equal(held.path, place.path);
});

test('holdDataFolder keeps one token per folder, readable by its owner only', async () => {
  using place = folder();
  using other = folder();
  const first = await holdDataFolder(place.path);
  await first[Symbol.asyncDispose]();
  await using second = await holdDataFolder(place.path);
  await using elsewhere = await holdDataFolder(other.path);
  assert.equal(second.token, first.token);
  assert.equal(readToken(place.path), first.token);
  assert.notEqual(elsewhere.token, first.token);
  assert.equal(statSync(join(place.path, 'token')).mode & 0o777, 0o600);
  assert.ok(Buffer.from(first.token, 'base64url').length >= 32);
});

const run = {
  pid: process.pid,
  childPid: process.pid,
  version: '0.0.0',
  startedMicros: 1,
  http: { host: '127.0.0.1', port: 1 },
  mqtt: { host: '127.0.0.1', port: 2 },
};

test('readRunFile gives the announced addresses while the process lives, and nothing after the end', async () => {
  using place = folder();
  {
    await using held = await holdDataFolder(place.path);
    assert.equal(readRunFile(place.path), undefined);
    held.announce(run);
    assert.deepEqual(readRunFile(place.path), run);
    assert.equal(statSync(join(place.path, 'run.json')).mode & 0o777, 0o600);
    assert.ok(readFileSync(join(place.path, 'run.json'), 'utf8').endsWith('\n'));
  }
  assert.equal(readRunFile(place.path), undefined);
});

test('readRunFile takes an empty or torn run.json for no instance', () => {
  using place = folder();
  const whole = `${JSON.stringify(run)}\n`;
  for (const text of ['', '\0'.repeat(80), whole.slice(0, 40), `${whole.slice(0, 40)}}\n`, whole.trimEnd()]) {
    writeFileSync(join(place.path, 'run.json'), text);
    assert.equal(readRunFile(place.path), undefined, JSON.stringify(text));
  }
  writeFileSync(join(place.path, 'run.json'), whole);
  assert.deepEqual(readRunFile(place.path), run);
});

test('announce keeps the place of the file before on the disk, and covers what was longer', async () => {
  using place = folder();
  const path = join(place.path, 'run.json');
  {
    await using held = await holdDataFolder(place.path);
    held.announce({ ...run, version: '0.0.0-with-a-long-name' });
    assert.deepEqual(readRunFile(place.path)?.version, '0.0.0-with-a-long-name');
  }
  assert.equal(existsSync(path), false);
  const { ino } = statSync(`${path}.new`);
  await using held = await holdDataFolder(place.path);
  held.announce(run);
  assert.deepEqual(readRunFile(place.path), run);
  assert.equal(statSync(path).ino, ino);
  assert.equal(existsSync(join(place.path, '.probe')), false);
});

test('holdDataFolder writes nothing into its lock file and nothing beside it', async () => {
  using place = folder();
  await using held = await holdDataFolder(place.path);
  assert.equal(statSync(join(held.path, 'instance.lock')).size, 0);
  assert.deepEqual(readdirSync(held.path).sort(), ['instance.lock', 'token']);
});

test('holdDataFolder says what is wrong with a folder that cannot be written', async () => {
  await assert.rejects(
    holdDataFolder('/proc/skerry'),
    (cause) =>
      cause instanceof CliError &&
      cause.code === 'data-folder-unusable' &&
      /Wanted a folder this user may write/.test(cause.message),
  );
});
