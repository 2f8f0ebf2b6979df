import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../clock.ts';

/** A clock under test, and a way to let its time pass. */
export interface ClockUnderTest {
  readonly clock: Clock;
  /** Resolves when `isTrue` holds; lets the clock's time pass meanwhile. */
  until(isTrue: () => boolean): Promise<void>;
}

/** What every `Clock` promises. Registers its tests under `name`. */
export function clockSuite(name: string, openClock: () => ClockUnderTest): void {
  test(`${name} tells wall time in whole microseconds and monotonic time that does not go back`, () => {
    const { clock } = openClock();
    assert.ok(Number.isSafeInteger(clock.nowMicros()) && clock.nowMicros() > 1_600_000_000_000_000);
    const first = clock.monotonicMs();
    assert.ok(clock.monotonicMs() >= first);
  });
  test(`${name} startTimer fires once, not inside the call, timers of one delay in order`, async () => {
    const { clock, until } = openClock();
    const fired: string[] = [];
    const begun = clock.monotonicMs();
    clock.startTimer(5, () => fired.push('late'));
    clock.startTimer(1, () => fired.push('one'));
    clock.startTimer(1, () => fired.push('two'));
    assert.deepEqual(fired, []);
    await until(() => fired.length === 3);
    assert.deepEqual(fired, ['one', 'two', 'late']);
    assert.ok(clock.monotonicMs() - begun >= 4);
  });
  test(`${name} startTimer does not fire after it was disposed of, twice being harmless`, async () => {
    const { clock, until } = openClock();
    let isFired = false;
    let isOther = false;
    const timer = clock.startTimer(1, () => {
      isFired = true;
    });
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    clock.startTimer(5, () => {
      isOther = true;
    });
    await until(() => isOther);
    assert.equal(isFired, false);
  });
  test(`${name} startTicker fires again and again until disposed of, also by its own callback`, async () => {
    const { clock, until } = openClock();
    let ticks = 0;
    let isOther = false;
    const ticker = clock.startTicker(1, () => {
      if (++ticks === 3) {
        ticker[Symbol.dispose]();
        clock.startTimer(8, () => {
          isOther = true;
        });
      }
    });
    await until(() => isOther);
    assert.equal(ticks, 3);
  });
  test(`${name} sleep resolves after its delay, and early without an error when aborted`, async () => {
    const { clock, until } = openClock();
    const done: string[] = [];
    const stop = new AbortController();
    void clock.sleep(2).then(() => done.push('slept'));
    void clock.sleep(2 ** 40, stop.signal).then(() => done.push('aborted'));
    void clock.sleep(5, AbortSignal.abort()).then(() => done.push('never began'));
    stop.abort();
    await until(() => done.length === 3);
    assert.deepEqual(done.toSorted(), ['aborted', 'never began', 'slept']);
  });
}
