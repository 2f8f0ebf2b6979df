import assert from 'node:assert/strict';
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
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { ensureProgram } from './program.mjs';

/** A build that fails on demand, and says how often it was asked. */
const BUILD = `
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
appendFileSync('builds.log', 'x');
if (existsSync('fails')) { console.error('no such export'); process.exit(1); }
mkdirSync(process.argv[2], { recursive: true });
writeFileSync(process.argv[2] + '/main.mjs', '');
`;

class House implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'skerry-program-'));
  readonly source = join(this.root, 'packages', 'cli', 'src', 'deep', 'one.ts');

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

  get builds(): number {
    return readFileSync(join(this.root, 'builds.log'), 'utf8').length;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
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

test('ensureProgram keeps the two builds before, which processes may load from still', () => {
  using house = new House();
  const mains: string[] = [];
  for (const text of ['1', '2', '3', '4', '5']) {
    writeFileSync(house.source, text);
    mains.push(house.ensure());
    utimesSync(dirname(String(mains.at(-1))), mains.length, mains.length); // in this order, however quick it was
  }
  assert.deepEqual(
    mains.map((path) => existsSync(path)),
    [false, false, true, true, true],
  );
  const folders = readdirSync(join(house.root, 'packages/cli/built'), { withFileTypes: true });
  assert.equal(folders.filter((entry) => entry.isDirectory()).length, 3);
});

test('ensureProgram says why a build failed, and tries again the next time', () => {
  using house = new House();
  writeFileSync(join(house.root, 'fails'), '');
  assert.throws(() => house.ensure(), /The program could not be built in .*: no such export/);
  rmSync(join(house.root, 'fails'));
  assert.ok(existsSync(house.ensure()));
});
