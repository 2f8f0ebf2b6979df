import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disk, DiskFile } from '../disk.ts';
import type { KernelFault } from '../errors.ts';
import { hasCode } from './has-code.ts';

/** A disk under test and an empty folder on it. */
export interface DiskUnderTest extends AsyncDisposable {
  readonly disk: Disk;
  readonly folder: string;
}

/** What every `Disk` promises. Registers its tests under `name`; each opens a disk of its own. */
export function diskSuite(name: string, openDisk: () => DiskUnderTest | Promise<DiskUnderTest>): void {
  const check = (fact: string, prove: (disk: Disk, folder: string) => void): void => {
    test(`${name} ${fact}`, async () => {
      await using under = await openDisk();
      prove(under.disk, under.folder);
    });
  };
  checkContents(check);
  checkNames(check);
  checkFaults(check);
}

type Check = (fact: string, prove: (disk: Disk, folder: string) => void) => void;

function checkContents(check: Check): void {
  check('reads back what was written, by any handle', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    assert.equal(file.handle.write(bytesOf('hello world'), 0), 11);
    assert.equal(file.handle.write(bytesOf('HELLO'), 0), 5);
    file.handle.sync();
    using other = opened(disk, `${folder}/a`, 'read');
    assert.equal(textOf(other.handle), 'HELLO world');
  });
  check('reads fewer bytes only at the end of a file, and 0 behind it', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    file.handle.write(bytesOf('abcdef'), 0);
    const into = new Uint8Array(4);
    assert.equal(file.handle.read(into, 0), 4);
    assert.equal(file.handle.read(into, 4), 2);
    assert.equal(file.handle.read(into, 6), 0);
    assert.equal(file.handle.read(into, 100), 0);
  });
  check('fills the room before a write behind the end with zeros', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    file.handle.write(bytesOf('z'), 3);
    assert.equal(textOf(file.handle), '\0\0\0z');
    assert.equal(file.handle.size(), 4);
  });
  check('truncates to a shorter and to a longer length, the new bytes being zeros', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    file.handle.write(bytesOf('abcdef'), 0);
    file.handle.truncate(2);
    assert.equal(textOf(file.handle), 'ab');
    file.handle.truncate(4);
    assert.equal(textOf(file.handle), 'ab\0\0');
    file.handle.sync();
  });
  check('keeps a handle usable while its file is renamed and removed', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    disk.rename(`${folder}/a`, `${folder}/b`);
    file.handle.write(bytesOf('x'), 0);
    disk.remove(`${folder}/b`);
    file.handle.write(bytesOf('y'), 1);
    assert.equal(textOf(file.handle), 'xy');
  });
}

function checkNames(check: Check): void {
  check('lists names sorted, folders among them', (disk, folder) => {
    for (const name of ['b', 'a', 'c']) opened(disk, `${folder}/${name}`, 'create')[Symbol.dispose]();
    disk.makeFolder(`${folder}/bb/deep`);
    assert.deepEqual(disk.list(folder), ['a', 'b', 'bb', 'c']);
    assert.deepEqual(disk.list(`${folder}/bb`), ['deep']);
    disk.syncFolder(folder);
  });
  check('tells kind and length of a name, and undefined without one', (disk, folder) => {
    using file = opened(disk, `${folder}/a`, 'create');
    file.handle.write(bytesOf('abc'), 0);
    assert.deepEqual(disk.stat(`${folder}/a`), { kind: 'file', bytes: 3 });
    assert.equal(disk.stat(folder)?.kind, 'folder');
    assert.equal(disk.stat(`${folder}/none`), undefined);
    assert.equal(disk.stat(`${folder}/a/below`), undefined);
  });
  check('makes a folder that exists without a fault', (disk, folder) => {
    disk.makeFolder(`${folder}/x`);
    disk.makeFolder(`${folder}/x`);
    assert.deepEqual(disk.list(folder), ['x']);
  });
  check('replaces the target of a rename', (disk, folder) => {
    for (const name of ['a', 'b']) {
      using file = opened(disk, `${folder}/${name}`, 'create');
      file.handle.write(bytesOf(name), 0);
    }
    disk.rename(`${folder}/a`, `${folder}/b`);
    assert.deepEqual(disk.list(folder), ['b']);
    using file = opened(disk, `${folder}/b`, 'read');
    assert.equal(textOf(file.handle), 'a');
  });
  check('removes a name', (disk, folder) => {
    opened(disk, `${folder}/a`, 'create')[Symbol.dispose]();
    disk.remove(`${folder}/a`);
    assert.deepEqual(disk.list(folder), []);
  });
  check('measures the file system', (disk, folder) => {
    const { freeBytes, totalBytes } = disk.space(folder);
    assert.ok(freeBytes > 0 && totalBytes >= freeBytes);
  });
}

function checkFaults(check: Check): void {
  const faults: readonly (readonly [string, KernelFault, (disk: Disk, folder: string) => unknown])[] = [
    ['opening a missing file to read', 'not-found', (disk, folder) => disk.open(`${folder}/none`, 'read')],
    ['opening a missing file to write', 'not-found', (disk, folder) => disk.open(`${folder}/none`, 'write')],
    ['creating in a missing folder', 'not-found', (disk, folder) => disk.open(`${folder}/no/a`, 'create')],
    [
      'creating a name that exists',
      'already-exists',
      (disk, folder) => disk.open(`${folder}/there`, 'create'),
    ],
    ['listing a missing folder', 'not-found', (disk, folder) => disk.list(`${folder}/none`)],
    ['renaming a missing name', 'not-found', (disk, folder) => disk.rename(`${folder}/none`, `${folder}/b`)],
    ['removing a missing name', 'not-found', (disk, folder) => disk.remove(`${folder}/none`)],
    ['syncing a missing folder', 'not-found', (disk, folder) => disk.syncFolder(`${folder}/none`)],
    ['a folder where a file is', 'already-exists', (disk, folder) => disk.makeFolder(`${folder}/there`)],
    ['measuring a missing path', 'not-found', (disk, folder) => disk.space(`${folder}/none`)],
  ];
  for (const [action, code, act] of faults) {
    check(`answers ${action} with ${code}`, (disk, folder) => {
      opened(disk, `${folder}/there`, 'create')[Symbol.dispose]();
      assert.throws(() => act(disk, folder), hasCode(code));
    });
  }
  check('refuses to write through a handle opened to read', (disk, folder) => {
    opened(disk, `${folder}/a`, 'create')[Symbol.dispose]();
    using file = opened(disk, `${folder}/a`, 'read');
    assert.throws(() => file.handle.write(bytesOf('x'), 0));
  });
}

function opened(
  disk: Disk,
  path: string,
  mode: 'read' | 'write' | 'create',
): Disposable & { readonly handle: DiskFile } {
  const handle = disk.open(path, mode);
  return { handle, [Symbol.dispose]: () => handle.close() };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(file: DiskFile): string {
  const into = new Uint8Array(file.size());
  file.read(into, 0);
  return new TextDecoder().decode(into);
}
