import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compactHeap } from './compact-heap.ts';

const THREADS = 4;
const TIMES = 25;

/** Compacts when all are there, so that their flags meet, and tells how often it could. */
function compactOften(gate: Int32Array): void {
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < THREADS);
  for (let i = 0; i < TIMES; i++) compactHeap();
  parentPort?.postMessage(TIMES);
}

if (isMainThread) {
  test('compactHeap gives back what is garbage, and leaves no function for it behind', () => {
    let held: unknown[] | undefined = Array.from({ length: 200_000 }, (_, i) => ({ i }));
    assert.equal(held.length, 200_000);
    const { heapUsed } = process.memoryUsage();
    held = undefined;
    compactHeap();
    assert.ok(process.memoryUsage().heapUsed < heapUsed - 5_000_000);
    assert.equal('gc' in globalThis, false);
  });

  test('compactHeap works in threads that do it at one time, whose flag is one', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const workers = Array.from(
      { length: THREADS },
      () => new Worker(new URL(import.meta.url), { workerData: gate }),
    );
    const told = await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(
      told.map(([times]) => times),
      Array.from({ length: THREADS }, () => TIMES),
    );
  });
} else compactOften(workerData);
