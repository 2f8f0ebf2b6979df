import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disk, DiskFile } from '../disk.ts';
import { failAt } from './disk-faults.ts';
import { hasCode } from './has-code.ts';
import { RunLog } from './run-log.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

function aDisk(options: ConstructorParameters<typeof SimulatedDisk>[0] = {}): SimulatedDisk {
  return new SimulatedDisk({ folders: ['/d'], ...options });
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function contentOf(disk: Disk, path: string): string | undefined {
  if (!disk.stat(path)) return undefined;
  const file = disk.open(path, 'read');
  const into = new Uint8Array(file.size());
  file.read(into, 0);
  file.close();
  return new TextDecoder().decode(into);
}

/** A new file, its name and contents as durable as asked for. */
function aFile(disk: Disk, path: string, text: string, durable: { name: boolean; bytes: boolean }): DiskFile {
  const file = disk.open(path, 'create');
  file.write(bytesOf(text), 0);
  if (durable.bytes) file.sync();
  if (durable.name) disk.syncFolder('/d');
  return file;
}

/** What is found after a power cut, over many seeds. */
function outcomes<T>(prepare: (disk: SimulatedDisk) => void, look: (disk: Disk) => T): Set<T> {
  const found = new Set<T>();
  for (const seed of SEEDS) {
    const disk = aDisk();
    prepare(disk);
    found.add(look(disk.powerCut(new SeededRandom(seed))));
  }
  return found;
}

test('SimulatedDisk keeps what was synced, bytes and name, through every power cut', () => {
  const found = outcomes(
    (disk) => aFile(disk, '/d/a', 'kept', { name: true, bytes: true }),
    (disk) => contentOf(disk, '/d/a'),
  );
  assert.deepEqual([...found], ['kept']);
});

test('SimulatedDisk may lose the name of a synced file whose folder was not synced', () => {
  const found = outcomes(
    (disk) => aFile(disk, '/d/a', 'kept', { name: false, bytes: true }),
    (disk) => contentOf(disk, '/d/a'),
  );
  assert.deepEqual([...found].sort(), ['kept', undefined]);
});

test('SimulatedDisk may lose the bytes of a named file that was not synced, or its length', () => {
  const found = outcomes(
    (disk) => aFile(disk, '/d/a', 'gone', { name: true, bytes: false }),
    (disk) => contentOf(disk, '/d/a'),
  );
  assert.ok(found.has('') && found.has('gone') && found.has('\0\0\0\0') && found.has('go'));
  assert.ok(!found.has(undefined));
});

test('SimulatedDisk tears an unsynced write by sectors, in any order', () => {
  const found = outcomes(
    (disk) => {
      const file = aFile(disk, '/d/a', '1'.repeat(2048), { name: true, bytes: true });
      file.write(bytesOf('2'.repeat(2048)), 0);
    },
    (disk) => [...(contentOf(disk, '/d/a') ?? '')].filter((_, index) => index % 512 === 0).join(''),
  );
  assert.ok(['1111', '2222', '1112', '2111', '1212', '2121'].every((pattern) => found.has(pattern)));
  const whole = outcomes(
    (disk) =>
      aFile(disk, '/d/a', 'x'.repeat(512), { name: true, bytes: true }).write(bytesOf('y'.repeat(512)), 0),
    (disk) => contentOf(disk, '/d/a'),
  );
  assert.deepEqual([...whole].sort(), ['x'.repeat(512), 'y'.repeat(512)]);
});

test('SimulatedDisk may bring back an overwritten version that was never synced', () => {
  const found = outcomes(
    (disk) => {
      const file = aFile(disk, '/d/a', 'AAAA', { name: true, bytes: true });
      file.write(bytesOf('BBBB'), 0);
      file.write(bytesOf('CCCC'), 0);
    },
    (disk) => contentOf(disk, '/d/a'),
  );
  assert.deepEqual([...found].sort(), ['AAAA', 'BBBB', 'CCCC']);
});

test('SimulatedDisk does or undoes an unsynced rename as a whole, and leaves no second name', () => {
  const found = outcomes(
    (disk) => {
      aFile(disk, '/d/new', 'new', { name: true, bytes: true });
      aFile(disk, '/d/final', 'old', { name: true, bytes: true });
      disk.rename('/d/new', '/d/final');
    },
    (disk) => `${disk.list('/d')}: ${contentOf(disk, '/d/final')}`,
  );
  assert.deepEqual([...found].sort(), ['final,new: old', 'final: new']);
});

test('SimulatedDisk keeps one name per file when an earlier change of its name is lost', () => {
  const found = outcomes(
    (disk) => {
      aFile(disk, '/d/a', 'x', { name: true, bytes: true });
      disk.rename('/d/a', '/d/b');
      disk.rename('/d/b', '/d/c');
    },
    (disk) => disk.list('/d').join(),
  );
  assert.deepEqual([...found].sort(), ['a', 'b', 'c']);
});

test('SimulatedDisk may bring back a removed name until the folder is synced', () => {
  const remove = (disk: SimulatedDisk): void => {
    aFile(disk, '/d/a', 'x', { name: true, bytes: true });
    disk.remove('/d/a');
  };
  assert.deepEqual([...outcomes(remove, (disk) => disk.list('/d').length)].sort(), [0, 1]);
  const removeAndSync = (disk: SimulatedDisk): void => {
    remove(disk);
    disk.syncFolder('/d');
  };
  assert.deepEqual([...outcomes(removeAndSync, (disk) => disk.list('/d').length)], [0]);
});

test('SimulatedDisk kill keeps the unsynced tail readable, and a later cut still loses it', () => {
  const found = new Set<string | undefined>();
  for (const seed of SEEDS) {
    const disk = aDisk();
    const file = aFile(disk, '/d/a', 'synced', { name: true, bytes: true });
    file.write(bytesOf('tail'), 6);
    const next = disk.kill();
    assert.equal(contentOf(next, '/d/a'), 'syncedtail');
    assert.throws(() => file.write(bytesOf('x'), 0), hasCode('disk-failed'));
    assert.throws(() => disk.list('/d'), hasCode('disk-failed'));
    found.add(contentOf(next.powerCut(new SeededRandom(seed)), '/d/a'));
  }
  assert.ok(found.has('synced') && found.has('syncedtail'));
});

test('SimulatedDisk begins a full disk with a short write, then answers disk-full, and heals', () => {
  const disk = aDisk({ capacityBytes: 100 });
  const file = disk.open('/d/a', 'create');
  assert.equal(file.write(new Uint8Array(150), 0), 100);
  assert.throws(() => file.write(new Uint8Array(1), 100), hasCode('disk-full'));
  assert.equal(file.write(new Uint8Array(50), 10), 50);
  assert.equal(disk.space('/d').freeBytes, 0);
  file.truncate(40);
  assert.equal(disk.space('/d').freeBytes, 60);
  file.close();
  disk.remove('/d/a');
  assert.equal(disk.usedBytes, 0);
});

test('SimulatedDisk takes bytes of a failed sync for clean: a second sync does not save them', () => {
  const found = new Set<string | undefined>();
  for (const seed of SEEDS) {
    const disk = aDisk({ random: new SeededRandom(seed) });
    const file = aFile(disk, '/d/a', 'old', { name: true, bytes: true });
    file.write(bytesOf('new'), 0);
    disk.setFaults(failAt(disk.operationCount + 1));
    assert.throws(() => file.sync(), hasCode('sync-failed'));
    file.sync();
    assert.equal(contentOf(disk, '/d/a'), 'new');
    found.add(contentOf(disk.powerCut(new SeededRandom(seed)), '/d/a'));
  }
  assert.deepEqual([...found].sort(), ['new', 'old']);
});

test('SimulatedDisk fails the n-th operation with the planned code', () => {
  const disk = aDisk({ faults: failAt(2) });
  const file = disk.open('/d/a', 'create');
  assert.throws(() => file.write(bytesOf('x'), 0), hasCode('disk-failed'));
  assert.equal(file.write(bytesOf('x'), 0), 1);
});

test('SimulatedDisk isDurable tells whether a power cut would lose anything', () => {
  const disk = aDisk();
  assert.equal(disk.isDurable, true);
  const file = aFile(disk, '/d/a', 'x', { name: false, bytes: true });
  assert.equal(disk.isDurable, false);
  disk.syncFolder('/d');
  assert.equal(disk.isDurable, true);
  file.truncate(0);
  assert.equal(disk.isDurable, false);
});

test('SimulatedDisk does the same twice for the same seed', () => {
  const run = (seed: number): string => {
    const log = new RunLog();
    const random = new SeededRandom(seed);
    let disk = aDisk({ log, random: random.fork('disk') });
    for (let life = 0; life < 5; life++) {
      for (let i = 0; i < 20; i++) {
        const path = `/d/${random.int(4)}`;
        const file = disk.open(path, disk.stat(path) ? 'write' : 'create');
        file.write(random.bytes(random.between(1, 2000)), random.int(3000));
        if (random.chance(0.3)) file.sync();
        if (random.chance(0.3)) disk.rename(path, `/d/${random.int(4)}`);
        if (random.chance(0.2)) disk.syncFolder('/d');
        log.add(disk.list('/d').join());
      }
      disk = random.chance(0.5) ? disk.kill() : disk.powerCut(random.fork('cut'));
      for (const name of disk.list('/d')) log.add(contentOf(disk, `/d/${name}`) ?? '');
    }
    return log.digest;
  };
  assert.equal(run(7), run(7));
  assert.notEqual(run(7), run(8));
});
