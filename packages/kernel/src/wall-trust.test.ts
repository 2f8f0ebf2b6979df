import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from './limits.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { WallTrust } from './wall-trust.ts';

const HOUR_MS = 3_600_000;
const YEAR_MICROS = 365 * 24 * HOUR_MS * 1000;

/** A machine that records all the time it is awake: its log time is its wall time. */
function aMachine() {
  const clock = new FakeClock();
  const trust = new WallTrust(clock, clock.nowMicros());
  const isTrusted = () => trust.look(clock.nowMicros()).isTrusted;
  /** Runs on, a look a minute; false when the clock was not believed at the end. */
  const runMs = (ms: number): boolean => {
    let last = isTrusted();
    for (let at = 0; at < ms; at += 60_000) {
      clock.advance(60_000);
      last = isTrusted();
    }
    return last;
  };
  return { clock, trust, isTrusted, runMs };
}

test('WallTrust believes a machine again that slept, every night of a month, ten minutes after it woke', () => {
  const { clock, isTrusted, runMs } = aMachine();
  for (let night = 0; night < 30; night++) {
    clock.jumpWall(8 * HOUR_MS * 1000);
    assert.equal(isTrusted(), false, 'a night is more than an hour');
    assert.equal(runMs(LIMITS.clockAgreeMs.value - 60_000), false);
    assert.equal(runMs(60_000), true);
    assert.equal(runMs(15 * HOUR_MS), true);
  }
});

test('WallTrust tells the healing once, with the drift it healed', () => {
  const { clock, trust } = aMachine();
  clock.jumpWall(8 * HOUR_MS * 1000);
  trust.look(clock.nowMicros());
  clock.advance(LIMITS.clockAgreeMs.value);
  const look = () => trust.look(clock.nowMicros());
  assert.deepEqual(look(), { isTrusted: true, isHealed: true, driftMs: 8 * HOUR_MS });
  assert.deepEqual(look(), { isTrusted: true, isHealed: false, driftMs: 0 });
});

test('WallTrust never believes a clock that jumped to 2038, and believes it at once when it came back', () => {
  const machine = aMachine();
  machine.clock.jumpWall(12 * YEAR_MICROS);
  assert.equal(machine.runMs(200 * HOUR_MS), false);
  machine.clock.jumpWall(-12 * YEAR_MICROS);
  assert.equal(machine.isTrusted(), true);
});

test('WallTrust heals a clock set right after a start in 1970, measured by the log of before', () => {
  const clock = new FakeClock(0);
  const known = 56 * YEAR_MICROS;
  const trust = new WallTrust(clock, known);
  clock.jumpWall(known + HOUR_MS * 1000);
  assert.equal(trust.look(known).isTrusted, false);
  clock.advance(LIMITS.clockAgreeMs.value);
  assert.equal(trust.look(known).isTrusted, true);
});

test('WallTrust does not believe a clock that keeps jumping, nor one behind the log', () => {
  const { clock, isTrusted, trust } = aMachine();
  for (let i = 0; i < 50; i++) {
    clock.jumpWall(2 * HOUR_MS * 1000);
    clock.advance(LIMITS.clockAgreeMs.value - 1);
    assert.equal(isTrusted(), false);
  }
  const log = clock.nowMicros();
  clock.jumpWall(-300 * HOUR_MS * 1000);
  assert.equal(trust.look(log).isTrusted, false);
  clock.advance(2 * LIMITS.clockAgreeMs.value);
  assert.equal(trust.look(log).isTrusted, false, 'the log is ahead by more than an hour');
});
