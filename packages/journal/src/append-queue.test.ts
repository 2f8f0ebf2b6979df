import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { AppendQueue, type CountedBatch } from './append-queue.ts';
import type { EncodedBatch } from './batch.ts';
import { JournalError } from './errors.ts';
import { aBatch } from './testing/records.ts';

function aQueue(groupBytesMax = Number.POSITIVE_INFINITY) {
  const groups: number[][] = [];
  let end = 0;
  const queue = new AppendQueue((group: readonly CountedBatch[]) => {
    groups.push(group.map(({ batch }) => batch.count));
    return group.map(({ batch: { count } }) => {
      end += count;
      return { firstOffset: end - count, end };
    });
  }, groupBytesMax);
  return { queue, groups };
}

/** A batch that claims so many records. */
function aBatchOf(count: number): EncodedBatch {
  return { ...aBatch(), count };
}

test('AppendQueue commits together what was appended in one task', async () => {
  const { queue, groups } = aQueue();
  await Promise.all([queue.append(aBatchOf(1)), queue.append(aBatchOf(2))]);
  await queue.append(aBatchOf(3));
  assert.deepEqual(groups, [[1, 2], [3]]);
});

test('AppendQueue commits once for what was appended since the last time, however many appends there were then', async () => {
  const { queue, groups } = aQueue();
  const later: Promise<unknown>[] = [];
  const appendSoon = (count: number): void =>
    queueMicrotask(() => void later.push(queue.append(aBatchOf(count))));
  later.push(queue.append(aBatchOf(1)));
  appendSoon(3);
  later.push(queue.append(aBatchOf(2)));
  appendSoon(4);
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(later);
  assert.deepEqual(groups, [
    [1, 2],
    [3, 4],
  ]);
});

test('AppendQueue begins another group before the records before a batch exceed what its header can say', async () => {
  const { queue, groups } = aQueue();
  await Promise.all([60_000, 5_535, 9, 65_535, 1, 1].map((count) => queue.append(aBatchOf(count))));
  assert.deepEqual(groups, [[60_000, 5_535, 9], [65_535, 1], [1]]);
});

test('AppendQueue begins another group before its bytes exceed the bound, one batch at least', async () => {
  const { byteLength } = aBatch().bytes;
  const { queue, groups } = aQueue(byteLength * 2);
  const large = { ...aBatch({ payload: 'x'.repeat(1000) }), count: 9 };
  await Promise.all(
    [aBatchOf(1), aBatchOf(2), aBatchOf(3), large, aBatchOf(4)].map((one) => queue.append(one)),
  );
  assert.deepEqual(groups, [[1, 2], [3], [9], [4]]);
});

test('AppendQueue rejects a batch whose project table is malformed, and takes the others', async () => {
  const { queue, groups } = aQueue();
  const outcomes = [queue.append({ ...aBatch(), tableStart: 3 }), queue.append(aBatchOf(2))];
  await assert.rejects(Promise.resolve(outcomes[0]), hasCode('batch-malformed'));
  await outcomes[1];
  assert.deepEqual(groups, [[2]]);
});

test('AppendQueue refuses what is appended before a refusal can be known, and not what comes after', async () => {
  let isFull = true;
  const taken: number[] = [];
  const queue = new AppendQueue((group) => {
    if (isFull) throw new JournalError('journal-full', 'Cannot append: full.');
    taken.push(...group.map(({ batch }) => batch.count));
    return group.map(() => ({ firstOffset: 0, end: 1 }));
  }, Number.POSITIVE_INFINITY);
  const first = queue.append(aBatchOf(1));
  const second = Promise.resolve().then(() => {
    isFull = false;
    return queue.append(aBatchOf(2));
  });
  await assert.rejects(first, hasCode('journal-full'));
  await assert.rejects(second, (error) => error instanceof JournalError && error.refused?.count === 2);
  await new Promise((resolve) => setImmediate(resolve));
  await queue.append(aBatchOf(3));
  assert.deepEqual(taken, [3]);
});
