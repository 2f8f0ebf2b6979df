import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '@skerry/kernel/testing';
import { Room, sizesFor } from './room.ts';

const MIB = 2 ** 20;

function aDisk(capacityBytes: number): SimulatedDisk {
  return new SimulatedDisk({ folders: ['j'], capacityBytes });
}

function fileOf(disk: SimulatedDisk, bytes: number): void {
  const file = disk.open('j/reserve', 'create');
  file.write(new Uint8Array(bytes), 0);
  file.close();
}

test('sizesFor takes what is configured, else the limits, scaled down on a small disk', () => {
  const large = sizesFor(aDisk(2 ** 40), 'j', {});
  assert.deepEqual(large, { journalBytesMax: 2048 * MIB, segmentBytes: 64 * MIB, reserveBytes: 64 * MIB });
  const small = sizesFor(aDisk(320 * MIB), 'j', {});
  assert.deepEqual(small, { journalBytesMax: 2048 * MIB, segmentBytes: 10 * MIB, reserveBytes: 10 * MIB });
  const tiny = sizesFor(aDisk(MIB), 'j', {});
  assert.deepEqual(tiny, { journalBytesMax: 2048 * MIB, segmentBytes: 64 * 1024, reserveBytes: 32 * 1024 });
  const wanted = { journalBytesMax: 5, segmentBytes: 3, reserveBytes: 0 };
  assert.deepEqual(sizesFor(aDisk(MIB), 'j', wanted), wanted);
});

test('Room admits up to 90 % of the size limit, or of what the journal has and the disk has left', () => {
  const disk = aDisk(1000);
  const room = new Room(disk, 'j', { journalBytesMax: 500, segmentBytes: 100, reserveBytes: 0 });
  assert.deepEqual([room.admits(400, 50), room.admits(400, 51)], [true, false]);
  assert.equal(room.shortOf(400), 'journal');
  assert.equal(room.excess(450), 50);
  disk.setCapacity(50);
  assert.equal(room.capacity(350), 400);
  assert.deepEqual([room.admits(350, 10), room.admits(350, 11)], [true, false]);
  assert.equal(room.shortOf(350), 'disk');
  assert.equal(room.excess(350), 30);
});

test('Room owes the disk the reserve while it is thrown off, and takes it on with twice as much room', () => {
  const disk = aDisk(1000);
  const room = new Room(disk, 'j', { journalBytesMax: 10_000, segmentBytes: 100, reserveBytes: 300 });
  assert.equal(room.capacity(0), 700);
  room.takeOn();
  assert.deepEqual([room.hasReserve, disk.stat('j/reserve')?.bytes, room.capacity(0)], [true, 300, 700]);
  assert.equal(room.throwOff(), true);
  assert.equal(room.throwOff(), false);
  disk.setCapacity(599);
  room.takeOn();
  assert.equal(room.hasReserve, false);
  disk.setCapacity(600);
  room.takeOn();
  assert.equal(room.hasReserve, true);
});

test('Room makes a reserve anew that a crash left in part, and gives back what a full disk took of one', () => {
  const disk = aDisk(1000);
  fileOf(disk, 20);
  const room = new Room(disk, 'j', { journalBytesMax: 10_000, segmentBytes: 100, reserveBytes: 300 });
  assert.equal(room.hasReserve, false);
  let writes = 0;
  disk.setFaults(({ kind }) => {
    if (kind !== 'write') return undefined;
    return writes++ === 0 ? { kind: 'short', bytes: 100 } : { kind: 'fail', code: 'disk-full' };
  });
  room.takeOn();
  assert.deepEqual([room.hasReserve, disk.stat('j/reserve')], [false, undefined]);
  disk.setFaults(() => undefined);
  room.takeOn();
  assert.equal(disk.stat('j/reserve')?.bytes, 300);
});
