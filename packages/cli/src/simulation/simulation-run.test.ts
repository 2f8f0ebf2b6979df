import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@skerry/kernel/testing';
import { WORLDS } from './open-world.ts';
import { type RunFigures, type RunPlan, runWorld } from './simulation-run.ts';

const START = 1_700_000_000_000_000;
const PLAN: RunPlan = { startMicros: START, stepSecs: 1, speed: 1, steps: 5, mayJump: false };
const aWorld = (seed = 1) =>
  WORLDS['wind-farm'].open({ seed, devices: 3, tenant: 't', project: 'p', epoch: 1, startMicros: START });

/** A publisher that takes what it has room for. */
class Taker {
  readonly taken: { readonly topic: string; readonly timestamp: number }[] = [];
  room: () => Promise<void> = () => Promise.resolve();
  roomFor = Number.POSITIVE_INFINITY;

  publish(topic: string, payload: Uint8Array): boolean {
    if (this.taken.length >= this.roomFor) return false;
    this.taken.push({ topic, timestamp: JSON.parse(new TextDecoder().decode(payload)).timestamp });
    return true;
  }
}

/** Runs a world to its end, firing the clock whenever it is waited for. */
async function run(plan: Partial<RunPlan>, clock: FakeClock, taker = new Taker(), seed = 1) {
  const signal = new AbortController().signal;
  let isDone = false;
  const waits: number[] = [];
  const startedMs = clock.monotonicMs();
  const onStep = () => void waits.push(Math.round(clock.monotonicMs() - startedMs));
  const running = runWorld(
    aWorld(seed),
    { ...PLAN, ...plan },
    { publisher: taker, clock, signal, onStep },
  ).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isDone && clock.nextDueMs !== undefined) clock.fireNext();
  }
  return { figures: await running, waits, taker };
}

test('runWorld publishes each step at its time, divided by the speed', async () => {
  const { figures, waits, taker } = await run({ speed: 10 }, new FakeClock(START + 3_600e6));
  assert.deepEqual(waits, [100, 200, 300, 400, 500]);
  assert.equal(figures.published, 15);
  assert.equal(taker.taken.at(-1)?.timestamp, START / 1e3 + 5_000);
  assert.equal(figures.simulatedMicros, START + 5e6);
});

test('runWorld never runs ahead of the present, however fast it may', async () => {
  const clock = new FakeClock(START + 3e6);
  const { waits } = await run({ speed: Number.POSITIVE_INFINITY }, clock);
  assert.deepEqual(waits, [0, 0, 0, 1_000, 2_000]);
});

test('runWorld gives the same digest for the same seed at any speed, and another one for another seed', async () => {
  const late = () => new FakeClock(START + 3_600e6);
  const [slow, fast, other] = [
    await run({ speed: 2 }, late()),
    await run({ speed: Number.POSITIVE_INFINITY }, late()),
    await run({}, late(), new Taker(), 2),
  ];
  assert.equal(slow.figures.digest, fast.figures.digest);
  assert.notEqual(slow.figures.digest, other.figures.digest);
});

test('runWorld jumps to the present after a halt where it may, else catches up', async () => {
  const after = async (mayJump: boolean) => {
    const { taker } = await run({ mayJump }, new FakeClock(START + 600e6));
    return taker.taken.map(({ timestamp }) => timestamp - START / 1e3).filter((_, at) => at % 3 === 0);
  };
  assert.deepEqual(await after(false), [1_000, 2_000, 3_000, 4_000, 5_000]);
  assert.deepEqual(await after(true), [600_000, 601_000, 602_000, 603_000, 604_000]);
});

test('runWorld waits while the publisher has no room, loses nothing, and ends when aborted', async () => {
  const clock = new FakeClock(START + 3_600e6);
  const taker = new Taker();
  taker.roomFor = 4;
  taker.room = async () => {
    taker.roomFor += 4;
  };
  assert.equal((await run({ speed: Number.POSITIVE_INFINITY }, clock, taker)).figures.published, 15);
  const stop = new AbortController();
  const told: RunFigures[] = [];
  const running = runWorld(
    aWorld(),
    { ...PLAN, steps: Number.POSITIVE_INFINITY, speed: Number.POSITIVE_INFINITY },
    {
      publisher: new Taker(),
      clock,
      signal: stop.signal,
      onStep: (figures) => {
        told.push(figures);
        if (figures.steps === 7) stop.abort();
      },
    },
  );
  assert.equal((await running).steps, 7);
  assert.equal(told.length, 7);
});
