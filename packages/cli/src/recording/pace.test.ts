import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@skerry/kernel/testing';
import { Pace } from './pace.ts';

const never = new AbortController().signal;

test('Pace makes a row due after the recorded time, divided by the speed', async () => {
  const clock = new FakeClock();
  const pace = new Pace(10, clock);
  await pace.wait(5_000_000, never);
  const startedMs = clock.monotonicMs();
  const waits: number[] = [];
  for (const micros of [6_000_000, 5_500_000, 8_000_000]) {
    const wait = pace.wait(micros, never);
    if (clock.nextDueMs !== undefined) clock.fireNext();
    await wait;
    waits.push(Math.round(clock.monotonicMs() - startedMs));
  }
  assert.deepEqual(waits, [100, 100, 300]);
});

test('Pace waits for nothing at infinite speed, and ends its wait when aborted', async () => {
  const clock = new FakeClock();
  const free = new Pace(Number.POSITIVE_INFINITY, clock);
  await free.wait(0, never);
  await free.wait(1e12, never);
  const stop = new AbortController();
  const pace = new Pace(1, clock);
  await pace.wait(0, never);
  const wait = pace.wait(1e12, stop.signal);
  stop.abort();
  await wait;
  assert.equal(clock.nextDueMs, undefined);
});
