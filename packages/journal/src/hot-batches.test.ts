import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotBatches } from './hot-batches.ts';
import type { Offset, StoredBatch } from './journal.ts';

const MOST = 2 ** 20;

function batchAt(firstOffset: Offset, count = 10, bytes = 100): StoredBatch {
  const body = new Uint8Array(bytes).fill(firstOffset + 1);
  return { firstOffset, count, telemetryBefore: firstOffset, telemetryCount: count, appendedMicros: 1, body };
}

/** A reader of files that hold ten records to a batch, and what was read of them. */
function files() {
  const reads: Offset[] = [];
  return {
    reads,
    read: async (from: Offset, _bytesMax: number, end: Offset) => {
      reads.push(from);
      const found: StoredBatch[] = [];
      for (let at = Math.floor(from / 10) * 10; at < end; at += 10) found.push(batchAt(at));
      return found;
    },
  };
}

function free(bytes: ArrayBuffer): void {
  bytes.transfer(0);
}

function sizesOf(...batches: readonly StoredBatch[]): number[] {
  return batches.map(({ body }) => body.byteLength);
}

function placesOf(batches: readonly StoredBatch[]): Offset[] {
  return batches.map(({ firstOffset }) => firstOffset);
}

test('HotBatches gives from memory what was handed over where the consumer goes on', async () => {
  const rest = files();
  const hot = new HotBatches(rest, free);
  hot.offer(batchAt(0)); // nobody has read yet
  assert.deepEqual(placesOf(await hot.read(0, MOST, 10)), [0]);
  hot.offer(batchAt(10));
  hot.offer(batchAt(20));
  hot.offer(batchAt(40)); // behind a hole
  assert.deepEqual(placesOf(await hot.read(10, MOST, 50)), [10, 20]);
  assert.deepEqual(rest.reads, [0]);
  assert.deepEqual(placesOf(await hot.read(30, MOST, 50)), [30, 40], 'the rest is in the files');
});

test('HotBatches keeps to the bytes of a read and to the end, and gives at least one batch', async () => {
  const hot = new HotBatches(files(), free);
  await hot.read(0, MOST, 10);
  for (const at of [10, 20, 30]) hot.offer(batchAt(at));
  assert.deepEqual(placesOf(await hot.read(10, 1, 40)), [10]);
  assert.deepEqual(placesOf(await hot.read(20, MOST, 30)), [20]);
  assert.deepEqual(placesOf(await hot.read(30, 150, 40)), [30]);
});

test('HotBatches passes over what was read from the files and gives the batch that holds the offset', async () => {
  const hot = new HotBatches(files(), free);
  await hot.read(0, MOST, 10);
  for (const at of [10, 20]) hot.offer(batchAt(at));
  assert.deepEqual(placesOf(await hot.read(0, MOST, 15)), [0], 'earlier than what is held');
  assert.deepEqual(placesOf(await hot.read(25, MOST, 30)), [20]);
});

test('HotBatches reads in the files up to what waits, so that a consumer that fell behind is back in memory', async () => {
  const rest = files();
  const hot = new HotBatches(rest, free);
  await hot.read(0, MOST, 10);
  hot.offer(batchAt(30)); // 10 and 20 were not passed on
  hot.offer(batchAt(40));
  assert.deepEqual(placesOf(await hot.read(10, MOST, 50)), [10, 20]);
  hot.offer(batchAt(50));
  assert.deepEqual(placesOf(await hot.read(30, MOST, 60)), [30, 40, 50]);
  assert.deepEqual(rest.reads, [0, 10]);
});

test('HotBatches frees at once what the consumer is past', async () => {
  const hot = new HotBatches(files(), free);
  await hot.read(0, MOST, 30);
  const late = batchAt(10);
  hot.offer(late);
  assert.deepEqual(sizesOf(late), [0]);
});

test('HotBatches frees at once what it has no room for, and what it gave at the next read', async () => {
  const rest = files();
  const hot = new HotBatches(rest, free, 250);
  await hot.read(0, MOST, 10);
  const [first, second, third] = [batchAt(10), batchAt(20), batchAt(30)];
  for (const one of [first, second, third]) hot.offer(one);
  assert.deepEqual(sizesOf(first, second, third), [100, 100, 0], 'the third has no room');
  await hot.read(10, 1, 40);
  assert.deepEqual(sizesOf(first, second), [100, 100]);
  await hot.read(20, 1, 40);
  assert.deepEqual(sizesOf(first, second), [0, 100]);
  const fromFile = (await hot.read(30, MOST, 40))[0];
  await hot.read(40, MOST, 50);
  assert.equal(fromFile?.body.byteLength, 100, 'not its own');
});
