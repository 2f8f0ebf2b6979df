import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchEventLoop } from './event-loop-watch.ts';
import { LIMITS } from './limits.ts';
import { createMeter } from './meter.ts';

test('watchEventLoop counts a tick on time as no delay and a late one by how late it is', () => {
  const meter = createMeter();
  let nowMs = 1_000;
  let tick = (): void => undefined;
  const clock = {
    monotonicMs: () => nowMs,
    startTicker: (_: number, callback: () => void) => {
      tick = callback;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  watchEventLoop('main', { clock, meter });
  nowMs += LIMITS.eventLoopLookMs.value;
  tick();
  nowMs += LIMITS.eventLoopLookMs.value + 300;
  tick();
  const [sample] = meter.snapshot()[0]?.samples ?? [];
  assert.deepEqual(sample?.labels, { thread: 'main' });
  assert.equal(sample?.value, 2);
  assert.equal(sample?.sum, 0.3);
  assert.equal(sample?.buckets?.find(({ le }) => le === 0.001)?.count, 1);
  assert.equal(sample?.buckets?.find(({ le }) => le === 0.25)?.count, 1);
  assert.equal(sample?.buckets?.find(({ le }) => le === 0.5)?.count, 2);
});
