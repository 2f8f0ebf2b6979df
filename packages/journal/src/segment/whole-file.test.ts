import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '@skerry/kernel';
import { SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { makeDurableFolder } from './whole-file.ts';

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
