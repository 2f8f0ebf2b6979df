import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from './meter.ts';
import { BoundedQueue, type FullPolicy } from './queue.ts';
import { hasCode } from './testing/has-code.ts';

const aQueue = (whenFull: FullPolicy, meter = createMeter()): BoundedQueue<string> =>
  new BoundedQueue({
    name: 'test',
    countMax: 3,
    bytesMax: 10,
    whenFull,
    bytesOf: (item) => item.length,
    meter,
  });

test('BoundedQueue gives items back in order and knows its count and bytes', () => {
  const queue = aQueue('refuse');
  queue.push('ab');
  queue.push('c');
  assert.deepEqual([queue.count, queue.bytes], [2, 3]);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], ['ab', 'c', undefined]);
  assert.deepEqual([queue.count, queue.bytes], [0, 0]);
});

test('BoundedQueue refuses by count and by bytes with queue-full', () => {
  const queue = aQueue('refuse');
  for (const item of ['a', 'b', 'c']) queue.push(item);
  assert.throws(() => queue.push('d'), hasCode('queue-full'));
  const other = aQueue('refuse');
  other.push('123456');
  assert.throws(() => other.push('12345'), hasCode('queue-full'));
});

test('BoundedQueue takes an item above the byte bound when it is empty', () => {
  const queue = aQueue('refuse');
  assert.equal(queue.push('x'.repeat(100)), true);
});

test('BoundedQueue drops the oldest or the newest and counts what it dropped', () => {
  const meter = createMeter();
  const oldest = aQueue('drop-oldest', meter);
  for (const item of ['a', 'b', 'c', 'd']) oldest.push(item);
  assert.deepEqual([oldest.take(), oldest.take(), oldest.take()], ['b', 'c', 'd']);
  const newest = aQueue('drop-newest', meter);
  for (const item of ['a', 'b', 'c', 'd']) newest.push(item);
  assert.deepEqual([newest.take(), newest.count], ['a', 2]);
  const dropped = meter.snapshot().find(({ name }) => name === 'iot_queue_dropped_total');
  assert.equal(dropped?.samples[0]?.value, 2);
});

test('BoundedQueue put waits for room and serves those who wait in order', async () => {
  const queue = aQueue('wait');
  for (const item of ['a', 'b', 'c']) await queue.put(item);
  const waiting = ['d', 'e'].map((item) => queue.put(item));
  assert.equal(queue.take(), 'a');
  assert.throws(() => queue.push('early'), hasCode('queue-full'));
  queue.take();
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], ['c', 'd', 'e']);
});

test('BoundedQueue put resolves with false when aborted or closed, without the item', async () => {
  const queue = aQueue('wait');
  for (const item of ['a', 'b', 'c']) queue.push(item);
  const stop = new AbortController();
  const aborted = queue.put('d', stop.signal);
  const closed = queue.put('e');
  stop.abort();
  queue.close();
  assert.deepEqual(await Promise.all([aborted, closed]), [false, false]);
  assert.equal(queue.count, 3);
});

test('BoundedQueue drain hands out what comes, and ends after close when nothing is left', async () => {
  const queue = aQueue('wait');
  const seen: string[] = [];
  const reading = (async () => {
    for await (const item of queue.drain()) seen.push(item);
  })();
  for (let i = 0; i < 5_000; i++) await queue.put(String(i));
  queue.close();
  await reading;
  assert.deepEqual(
    seen,
    Array.from({ length: 5_000 }, (_, i) => String(i)),
  );
});
