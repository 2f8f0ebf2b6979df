import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureProgram } from './program.mjs';
import { alone } from './set-up-lock.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A build that fails on demand, says how often it was asked, and is overtaken by the texts of `saves.json`, one each time. */
const BUILD = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
const source = 'packages/cli/src/deep/one.ts';
appendFileSync('builds.log', 'x');
if (existsSync('fails')) { console.error('no such export'); process.exit(1); }
const [saved, ...others] = existsSync('saves.json') ? JSON.parse(readFileSync('saves.json', 'utf8')) : [];
if (saved !== undefined) writeFileSync(source, saved);
writeFileSync('saves.json', JSON.stringify(others));
mkdirSync(process.argv[2], { recursive: true });
writeFileSync(process.argv[2] + '/main.mjs', readFileSync(source));
`;

const HOUR_SECS = 3_600;

class House implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'skerry-program-'));
  readonly source = join(this.root, 'packages', 'cli', 'src', 'deep', 'one.ts');
  readonly built = join(this.root, 'packages', 'cli', 'built');

  constructor() {
    mkdirSync(dirname(this.source), { recursive: true });
    mkdirSync(join(this.root, 'tools'));
    writeFileSync(join(this.root, 'package-lock.json'), '{}');
    writeFileSync(join(this.root, 'packages', 'cli', 'package.json'), '{}');
    writeFileSync(join(this.root, 'tools', 'build-program.mjs'), BUILD);
    writeFileSync(this.source, '1');
  }

  ensure(): string {
    return ensureProgram(this.root, process.execPath);
  }

  /** The same in a process of its own, in which `before` is run first. */
  start(before = ''): ChildProcess {
    const code = `import { ensureProgram } from ${JSON.stringify(join(ROOT, 'tools/program.mjs'))};
      ${before}
      try { console.log(ensureProgram(process.argv[1], process.execPath)); }
      catch (cause) { console.error(cause.isPlain ? cause.message : cause.stack); }`;
    return spawn(process.execPath, ['--input-type=module', '--eval', code, this.root]);
  }

  /** Builds of a text after the other, the first of them so many seconds old, each one second younger than that before it. */
  ensureAll(texts: readonly string[], agoSecs: number): string[] {
    const fromSecs = Date.now() / 1_000 - agoSecs;
    return texts.map((text, i) => {
      writeFileSync(this.source, text);
      const main = this.ensure();
      utimesSync(dirname(main), fromSecs + i, fromSecs + i);
      return main;
    });
  }

  get builds(): number {
    return readFileSync(join(this.root, 'builds.log'), 'utf8').length;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const part of stream ?? []) text += String(part);
  return text;
}

test('ensureProgram builds when a source, the lock file or the build itself changed, and not otherwise', () => {
  using house = new House();
  const first = house.ensure();
  assert.equal(basename(first), 'main.mjs');
  assert.ok(existsSync(first));
  assert.deepEqual([house.ensure(), house.builds], [first, 1]);
  utimesSync(house.source, 1, 1); // another time, the same text: as in a copy
  assert.deepEqual([house.ensure(), house.builds], [first, 1]);
  writeFileSync(join(dirname(house.source), 'one.test.ts'), 'a test');
  assert.deepEqual([house.ensure(), house.builds], [first, 1]);
  const changes = [
    house.source,
    join(house.root, 'package-lock.json'),
    join(house.root, 'tools/build-program.mjs'),
  ];
  for (const [i, path] of changes.entries()) {
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n// ${i}`);
    assert.notEqual(house.ensure(), first);
    assert.equal(house.builds, 2 + i);
  }
});

describe('builds of before', () => {
  test('ensureProgram keeps the two builds before, and of those used long ago no more', () => {
    using house = new House();
    const mains = house.ensureAll(['1', '2', '3', '4', '5'], 8 * 24 * HOUR_SECS);
    assert.deepEqual(
      mains.map((path) => existsSync(path)),
      [false, false, true, true, true],
    );
    assert.deepEqual(readdirSync(house.built).length, 4); // with newest.json
  });

  test('ensureProgram removes no build that was used again lately', () => {
    using house = new House();
    const [first, second] = house.ensureAll(['1', '2', '3'], 8 * 24 * HOUR_SECS);
    writeFileSync(house.source, '1');
    assert.equal(house.ensure(), first); // as after a step back: it is there already
    house.ensureAll(['4', '5', '6'], 1);
    assert.deepEqual([existsSync(String(first)), existsSync(String(second))], [true, false]);
    assert.equal(house.builds, 6);
  });

  test('ensureProgram removes no build that a process runs, however old, and removes it when that has ended', async () => {
    using house = new House();
    const endless = 'setInterval(() => undefined, 1_000)';
    const [first] = house.ensureAll([endless], 30 * 24 * HOUR_SECS);
    const server = spawn(process.execPath, [String(first)], { stdio: 'ignore' });
    try {
      house.ensureAll(['2', '3', '4', '5'], 1);
      assert.ok(existsSync(String(first)));
    } finally {
      server.kill('SIGKILL');
    }
    await once(server, 'exit');
    house.ensureAll(['6'], 1);
    assert.equal(existsSync(String(first)), false);
  });

  test('ensureProgram keeps twenty builds of the last week, and those of the last hour', () => {
    using house = new House();
    const texts = Array.from({ length: 25 }, (_, i) => String(i));
    const old = house.ensureAll(texts, 2 * HOUR_SECS);
    assert.equal(old.filter((path) => existsSync(path)).length, 21); // the newest of all, and twenty
    assert.deepEqual(
      old.slice(0, 4).map((path) => existsSync(path)),
      [false, false, false, false],
    );
    using other = new House();
    const young = other.ensureAll(texts, HOUR_SECS / 2);
    assert.ok(young.every((path) => existsSync(path)));
  });

  test('ensureProgram removes what a build that was killed left', () => {
    using house = new House();
    house.ensure();
    const half = join(house.built, '0123456789abcdef.4194305');
    const own = join(house.built, 'program'); // made by hand, as in an image
    for (const folder of [half, own]) {
      mkdirSync(folder);
      utimesSync(folder, 1, 1);
    }
    house.ensureAll(['2'], 1);
    assert.deepEqual([existsSync(half), existsSync(own)], [false, true]);
  });
});

describe('sources that change meanwhile', { timeout: 60_000 }, () => {
  const contentOf = (main: string) => readFileSync(main, 'utf8');

  test('ensureProgram builds anew when a source was saved during the build, and keeps nothing under the old name', () => {
    using house = new House();
    writeFileSync(join(house.root, 'saves.json'), '["2"]');
    assert.equal(contentOf(house.ensure()), '2');
    assert.equal(house.builds, 2);
    assert.equal(readdirSync(house.built).length, 2); // with newest.json
    writeFileSync(house.source, '1');
    assert.equal(contentOf(house.ensure()), '1');
  });

  test('ensureProgram notices a source that was saved and is as it was again', () => {
    using house = new House();
    writeFileSync(join(house.root, 'saves.json'), '["1"]');
    assert.equal(contentOf(house.ensure()), '1');
    assert.equal(house.builds, 2);
  });

  test('ensureProgram gives up with its reason when the sources change all the while', () => {
    using house = new House();
    writeFileSync(join(house.root, 'saves.json'), '["2", "3", "4", "5"]');
    assert.throws(() => house.ensure(), /its sources changed while it was built, 3 times in a row/);
    assert.equal(house.builds, 3);
    assert.deepEqual(readdirSync(house.built), []);
  });

  test('ensureProgram builds what the sources are when its turn comes', async () => {
    using house = new House();
    const holder = alone(house.root, () => String(readdirSync(join(house.built, 'set-up.lock'))[0]));
    mkdirSync(join(house.built, 'set-up.lock'));
    writeFileSync(join(house.built, 'set-up.lock', holder), '');
    const waiting = house.start();
    const main = textOf(waiting.stdout);
    await once(waiting.stderr ?? waiting, 'data'); // it says that it waits
    writeFileSync(house.source, '2');
    rmSync(join(house.built, 'set-up.lock', holder));
    assert.equal(contentOf((await main).trim()), '2');
    assert.equal(house.builds, 1);
  });
});

test('ensureProgram says why a build failed, and tries again the next time', () => {
  using house = new House();
  writeFileSync(join(house.root, 'fails'), '');
  assert.throws(() => house.ensure(), /The program could not be built in .*: no such export/);
  rmSync(join(house.root, 'fails'));
  assert.ok(existsSync(house.ensure()));
});

describe('a folder that cannot be written', () => {
  test('ensureProgram says in one line what it found and wanted', async () => {
    using house = new House();
    chmodSync(house.root, 0o755);
    mkdirSync(house.built);
    chmodSync(house.built, 0o555);
    // as root permissions count for nothing
    const start = house.start('if (process.geteuid() === 0) process.setuid(65_534);');
    const [said, printed] = await Promise.all([textOf(start.stderr), textOf(start.stdout)]);
    assert.equal(printed, '');
    assert.match(
      said,
      /^The dependencies or the program are to be set up, and \S+ cannot be written \(EACCES; /,
    );
    assert.match(
      said,
      /this is user \d+, the folder is of user \d+\): run "npx skerry --version" once as the owner/,
    );
    assert.equal(said.trimEnd().split('\n').length, 1);
    chmodSync(house.built, 0o755);
  });

  test('ensureProgram says so of a file in its place', () => {
    using house = new House();
    writeFileSync(house.built, '');
    assert.throws(
      () => house.ensure(),
      (cause) =>
        cause instanceof Error &&
        'isPlain' in cause &&
        /cannot be written \((EEXIST|ENOTDIR)/.test(cause.message),
    );
  });

  test('ensureProgram runs what is built already for who may not write there', async () => {
    using house = new House();
    chmodSync(house.root, 0o755);
    const main = house.ensure();
    utimesSync(house.source, 1, 1); // so that newest.json would be written again
    chmodSync(house.built, 0o555);
    const start = house.start('if (process.geteuid() === 0) process.setuid(65_534);');
    assert.equal((await textOf(start.stdout)).trim(), main);
    chmodSync(house.built, 0o755);
  });

  test('ensureProgram does without newest.json', () => {
    using house = new House();
    mkdirSync(join(house.built, 'newest.json'), { recursive: true });
    const main = house.ensure();
    assert.deepEqual([house.ensure(), house.builds], [main, 1]);
  });
});

test('two first starts at once build one program, and both run it', { timeout: 80_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'skerry-start-'));
  try {
    const isNeeded = (path: string) => !/[/](node_modules|dist|built|console)$|[.]test[.]ts$/.test(path);
    for (const name of ['packages', 'tools', 'package.json', 'package-lock.json']) {
      cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: isNeeded });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const words = [join(root, 'packages/cli/bin/skerry.mjs'), '--version'];
    const starts = [0, 1].map(() => spawn(process.execPath, words));
    const said = await Promise.all(
      starts.map(({ stderr, stdout }) => Promise.all([textOf(stdout), textOf(stderr)])),
    );
    const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/cli/package.json'), 'utf8'));
    for (const [printed, faults] of said) assert.equal(printed.trim(), version, faults);
    assert.equal(said.filter(([, text]) => text.includes('Building the program…')).length, 1);
    const built = readdirSync(join(root, 'packages/cli/built'));
    assert.equal(built.filter((name) => /^[0-9a-f]{16}$/.test(name)).length, 1);
    assert.equal(built.length, 2, built.join()); // with newest.json
    const again = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.deepEqual([again.stdout.trim(), again.stderr], [version, '']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
