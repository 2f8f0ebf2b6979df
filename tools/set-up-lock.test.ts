import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { alone } from './set-up-lock.mjs';

const LOCK_MODULE = fileURLToPath(new URL('./set-up-lock.mjs', import.meta.url));

/** Adds one to a number in a file so slowly that two who did it at once would lose some. */
const COUNT = `
for (let i = 0; i < 20; i += 1) alone(root, () => {
  const before = Number(readFileSync(root + '/count', 'utf8'));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  writeFileSync(root + '/count', String(before + 1));
});`;
const HOLD = `
alone(root, () => {
  console.log('has it');
  while (!existsSync(root + '/go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
});`;
const TAKE = `alone(root, () => console.log('has it'));`;

class Repository implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'skerry-lock-'));
  readonly lock = join(this.root, 'packages/cli/built/set-up.lock');
  readonly #children: ChildProcess[] = [];

  start(code: string): ChildProcess {
    const child = spawn(process.execPath, this.#words(code), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    return child;
  }

  /** What it prints; one that waits is ended after 10 s. */
  run(code: string): string {
    return spawnSync(process.execPath, this.#words(code), { encoding: 'utf8', timeout: 10_000 }).stdout;
  }

  #words(code: string): string[] {
    const head = `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
      import { alone } from ${JSON.stringify(LOCK_MODULE)}; const root = process.argv[1];`;
    return ['--input-type=module', '--eval', head + code, this.root];
  }

  /** The name under which this process would hold the lock: process id, start, place. */
  ownName(): string {
    return alone(this.root, () => String(readdirSync(this.lock)[0]));
  }

  /** A lock of somebody else, taken so many seconds ago. */
  heldBy(name: string, agoSecs = 0): void {
    mkdirSync(this.lock, { recursive: true });
    writeFileSync(join(this.lock, name), '');
    const atSecs = Date.now() / 1_000 - agoSecs;
    utimesSync(join(this.lock, name), atSecs, atSecs);
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true });
  }
}

async function said(stream: NodeJS.ReadableStream | null, wanted: RegExp): Promise<string> {
  assert(stream);
  let text = '';
  for await (const part of stream) {
    text += String(part);
    if (wanted.test(text)) return text;
  }
  throw new assert.AssertionError({ message: `Ended without ${wanted}; said: ${text}` });
}

describe('alone', { timeout: 60_000 }, () => {
  test('alone lets one at a time work, whatever a dead holder left', async () => {
    using repository = new Repository();
    const [, start, place] = repository.ownName().split('-');
    repository.heldBy(`4194305-${start}-${place}`); // above the greatest process id of Linux
    writeFileSync(join(repository.root, 'count'), '0');
    const children = Array.from({ length: 5 }, () => repository.start(COUNT));
    for (const child of children) {
      if (child.exitCode === null) await once(child, 'exit');
      assert.equal(child.exitCode, 0);
    }
    assert.equal(readFileSync(join(repository.root, 'count'), 'utf8'), '100');
    assert.deepEqual(readdirSync(dirname(repository.lock)), []);
  });

  test('alone gives what the work gives, and the lock back when it throws', () => {
    using repository = new Repository();
    assert.equal(
      alone(repository.root, () => 7),
      7,
    );
    assert.throws(
      () =>
        alone(repository.root, () => {
          assert.ok(existsSync(repository.lock));
          throw new RangeError('the work failed');
        }),
      /the work failed/,
    );
    assert.equal(existsSync(repository.lock), false);
  });

  test('alone takes over what is empty, dead, of a process id that another process has now, or old and of elsewhere', () => {
    using repository = new Repository();
    const [pid, start, place] = repository.ownName().split('-');
    const left = [
      undefined,
      `4194305-${start}-${place}`,
      `${pid}-1-${place}`, // the id is alive, and not who took the lock
      `${pid}-${start}-elsewhere`,
      `${pid}-unknown-${place}`,
      'nonsense',
    ];
    for (const name of left) {
      if (name === undefined) mkdirSync(repository.lock, { recursive: true });
      else repository.heldBy(name, name.startsWith('4194305') || name.includes('-1-') ? 0 : 700);
      assert.equal(repository.run(TAKE), 'has it\n', String(name));
      assert.deepEqual(readdirSync(dirname(repository.lock)), [], String(name));
    }
  });

  test('alone says after a while for whom it waits, and goes on when that one has ended or was killed', async () => {
    using repository = new Repository();
    const holder = repository.start(HOLD);
    await said(holder.stdout, /has it/);
    const waiting = repository.start(TAKE);
    const line = await said(waiting.stderr, /\n/);
    assert.match(
      line,
      new RegExp(`^Waiting for process ${holder.pid}, which sets up ${repository.root} since `),
    );
    assert.ok(line.includes(`remove ${repository.lock})`), line);
    assert.equal(waiting.exitCode, null);
    writeFileSync(join(repository.root, 'go'), '');
    await said(waiting.stdout, /has it/);
    rmSync(join(repository.root, 'go'));

    const killed = repository.start(HOLD);
    await said(killed.stdout, /has it/);
    const next = repository.start(TAKE);
    killed.kill('SIGKILL');
    await said(next.stdout, /has it/);
  });

  test('alone believes for ten minutes in a holder of another machine or container', async () => {
    using repository = new Repository();
    const [pid, start] = repository.ownName().split('-');
    const name = `${pid}-${start}-elsewhere`;
    repository.heldBy(name, 500);
    const waiting = repository.start(TAKE);
    await said(waiting.stderr, /Waiting for process/);
    assert.deepEqual(readdirSync(repository.lock), [name]);
    repository.heldBy(name, 700);
    await said(waiting.stdout, /has it/);
  });

  test('alone removes what those left who were killed while they waited', async () => {
    using repository = new Repository();
    const holder = repository.start(HOLD);
    await said(holder.stdout, /has it/);
    const waiting = repository.start(TAKE);
    await said(waiting.stderr, /Waiting/);
    waiting.kill('SIGKILL');
    await once(waiting, 'exit');
    assert.equal(readdirSync(dirname(repository.lock)).length, 2);
    writeFileSync(join(repository.root, 'go'), '');
    await once(holder, 'exit');
    assert.deepEqual(
      alone(repository.root, () => readdirSync(dirname(repository.lock))),
      ['set-up.lock'],
    );
  });
});
