import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.ts';

test('FakeClock jumpWall moves wall time alone', () => {
  const clock = new FakeClock();
  const before = clock.nowMicros();
  let isFired = false;
  clock.startTimer(10, () => {
    isFired = true;
  });
  clock.jumpWall(-5_000_000);
  assert.equal(clock.nowMicros(), before - 5_000_000);
  assert.deepEqual([clock.monotonicMs(), isFired], [0, false]);
  clock.advance(10);
  assert.deepEqual([clock.nowMicros(), isFired], [before - 4_990_000, true]);
});

test('FakeClock advance fires timers at their own time, those armed meanwhile too', () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.startTimer(3, () => {
    fired.push(clock.monotonicMs());
    clock.startTimer(2, () => fired.push(clock.monotonicMs()));
  });
  clock.advance(10);
  assert.deepEqual([fired, clock.monotonicMs()], [[3, 5], 10]);
});

test('FakeClock fireNext goes to the next timer that is not disposed of', () => {
  const clock = new FakeClock();
  clock.startTimer(1, () => undefined)[Symbol.dispose]();
  clock.startTimer(5, () => undefined);
  assert.equal(clock.nextDueMs, 5);
  assert.deepEqual([clock.fireNext(), clock.monotonicMs(), clock.fireNext()], [true, 5, false]);
});
