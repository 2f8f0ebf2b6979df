import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '@skerry/kernel';
import { SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { makeDurableFolder, readWhole, replaceFile, writeAll } from './whole-file.ts';

test('makeDurableFolder makes durable what a process that was killed had made and not synced', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new SeededRandom(seed);
    let disk = new SimulatedDisk({ folders: ['/data'] });
    // the process ends at any of its steps
    let left = random.int(4);
    disk.setFaults(({ kind }) => {
      if (kind === 'sync-folder' && left-- === 0) return { kind: 'fail', code: 'disk-failed' };
      return undefined;
    });
    try {
      makeDurableFolder(disk, '/data/a/journal');
    } catch (error) {
      assert.ok(error instanceof KernelError);
    }
    disk.setFaults(() => undefined);
    disk = disk.kill();
    makeDurableFolder(disk, '/data/a/journal');
    disk = disk.powerCut(random);
    assert.equal(disk.stat('/data/a/journal')?.kind, 'folder', `seed ${seed}`);
  }
});

test('makeDurableFolder passes over a parent that this user may not read', () => {
  const disk = new SimulatedDisk({ folders: ['/data/journal'] });
  disk.setFaults(({ kind }) => (kind === 'sync-folder' ? { kind: 'fail', code: 'disk-denied' } : undefined));
  makeDurableFolder(disk, '/data/journal');
  assert.throws(() => makeDurableFolder(disk, '/data/journal/deeper'), { code: 'disk-denied' });
});

test('makeDurableFolder fails as the disk does where the folder that is there cannot be made durable', () => {
  const disk = new SimulatedDisk({ folders: ['/data/journal'] });
  disk.setFaults(({ kind }) => (kind === 'sync-folder' ? { kind: 'fail', code: 'disk-failed' } : undefined));
  assert.throws(() => makeDurableFolder(disk, '/data/journal'), { code: 'disk-failed' });
  const broken = Object.create(disk, {
    syncFolder: {
      value: () => {
        throw Object.assign(new TypeError('a bug'), { code: 'disk-denied' });
      },
    },
    stat: { value: (path: string) => disk.stat(path) },
  }) as SimulatedDisk; // a disk whose own code fails
  assert.throws(() => makeDurableFolder(broken, '/data/journal'), TypeError);
});

const put = (disk: SimulatedDisk, text: string): void =>
  replaceFile(disk, '/data', 'f', (file) => writeAll(file, new TextEncoder().encode(text), 0));
const held = (disk: SimulatedDisk): string => new TextDecoder().decode(readWhole(disk, '/data/f'));

test('replaceFile has made the new contents durable when it returns, under their name', () => {
  for (let seed = 0; seed < 40; seed++) {
    let disk = new SimulatedDisk({ folders: ['/data'] });
    for (const text of ['one', 'two']) {
      put(disk, text);
      disk = disk.powerCut(new SeededRandom(seed));
      assert.equal(held(disk), text, `seed ${seed}`);
    }
    assert.deepEqual(disk.list('/data'), ['f']);
  }
});

test('writeAll writes all bytes in as many steps as the disk takes, and gives up where it takes none', () => {
  const disk = new SimulatedDisk({ folders: ['/data'] });
  const file = disk.open('/data/f', 'create');
  file.write(new TextEncoder().encode('head'), 0);
  let steps = 0;
  disk.setFaults(({ kind }) => (kind === 'write' && ++steps < 4 ? { kind: 'short', bytes: 2 } : undefined));
  writeAll(file, new TextEncoder().encode('0123456789'), 4);
  assert.deepEqual([held(disk), steps], ['head0123456789', 4]);
  const taken = [3, 0];
  const stuck = { ...file, write: () => taken.shift() ?? assert.fail('written on after no byte was taken') };
  assert.throws(() => writeAll(stuck, new Uint8Array(5), 4), { code: 'disk-full', facts: { at: 7 } });
});

test('replaceFile on a full disk leaves the old contents and nothing beside them', () => {
  const disk = new SimulatedDisk({ folders: ['/data'], capacityBytes: 10 });
  put(disk, 'old');
  assert.throws(() => put(disk, 'much too long'), { code: 'disk-full' });
  assert.deepEqual([held(disk), disk.list('/data')], ['old', ['f']]);
  put(disk, 'new');
  assert.equal(held(disk), 'new');
});
