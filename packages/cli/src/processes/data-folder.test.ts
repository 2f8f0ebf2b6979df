import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
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

test('holdDataFolder closes a folder, token and files that were open to others, and says so', async () => {
  using place = folder();
  await (await holdDataFolder(place.path))[Symbol.asyncDispose]();
  mkdirSync(join(place.path, 'series'), { mode: 0o755 });
  writeFileSync(join(place.path, 'series', 'a.db'), '', { mode: 0o644 });
  for (const [path, mode] of [
    [place.path, 0o777],
    [join(place.path, 'token'), 0o644],
  ] as const) {
    chmodSync(path, mode);
  }
  const told: string[] = [];
  await using held = await holdDataFolder(place.path, (line) => told.push(line));
  const modes = ['', 'token', 'series', 'series/a.db'].map(
    (name) => statSync(join(held.path, name)).mode & 0o777,
  );
  assert.deepEqual(modes, [0o700, 0o600, 0o700, 0o600]);
  assert.match(String(told[0]), /^Closed .* and 3 more in it to other users: found mode 0777\.$/);
  assert.match(String(told[1]), /Others may have read the token/);
  assert.equal(told.length, 2);
});

test('holdDataFolder refuses a folder or a token of another user, and changes nothing', {
  concurrency: false,
}, async () => {
  const whoami = process.getuid;
  assert.ok(whoami);
  for (const name of ['', 'token']) {
    using place = folder();
    await (await holdDataFolder(place.path))[Symbol.asyncDispose]();
    chmodSync(join(place.path, name), 0o777);
    const { uid } = statSync(place.path);
    try {
      process.getuid = () => uid + 1;
      await assert.rejects(
        holdDataFolder(place.path),
        (cause) =>
          cause instanceof CliError &&
          cause.code === 'data-folder-unusable' &&
          cause.message.includes(
            `, owned by the user ${uid}; wanted it to be this user's (${uid + 1}) alone`,
          ),
      );
    } finally {
      process.getuid = whoami;
    }
    assert.equal(statSync(join(place.path, name)).mode & 0o777, 0o777);
  }
});

test('holdDataFolder makes a new token in place of one that could be guessed, and says so', async () => {
  for (const short of ['', 'secret', 'A'.repeat(42)]) {
    using place = folder();
    writeFileSync(join(place.path, 'token'), short, { mode: 0o600 });
    const told: string[] = [];
    await using held = await holdDataFolder(place.path, (line) => told.push(line));
    assert.ok(Buffer.from(held.token, 'base64url').length >= 32);
    assert.equal(readToken(place.path), held.token);
    assert.match(told.join(), /^Made a new token: found one of fewer than 32 bytes in .*token/);
  }
});

test('holdDataFolder refuses a second holder after the lock file was replaced by another file', async () => {
  using place = folder();
  await using held = await holdDataFolder(place.path);
  const lock = join(held.path, 'instance.lock');
  rmSync(lock);
  writeFileSync(lock, '', { mode: 0o600 });
  await assert.rejects(holdDataFolder(place.path), isInUse);
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
