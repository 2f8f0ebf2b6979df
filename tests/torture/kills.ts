import { setTimeout as pause } from 'node:timers/promises';
import type { FailpointName } from '@skerry/kernel';
import { type KillPlan, needsFewDevices, needsNewFolder, planKills } from './kill-plan.ts';
import { Life, LOAD_OF_FEW, type OtherServer } from './life.ts';
import type { Tally } from './tally.ts';

const RATE = 5_000;
const UNDER_LOAD = 1_000;
const FAILPOINT_MS = 3_000;
const ROUND_MESSAGES = 150_000;
const RETRIES_MAX = 5;
const CONNECTED_MS = 5_000;
const LIFE_KILLS = 8;
const LIFE_MESSAGES = 400_000;

/** What a campaign works with. */
export interface CampaignNeeds {
  readonly tally: Tally;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Another server than the product's, for tests of the campaign itself. */
  readonly other?: OtherServer;
  /** True when nothing new is to be begun. */
  readonly isOver: () => boolean;
}

/**
 * Kills the real server so many times, at failpoints and at random moments, and compares after each. A failpoint that
 * was not reached is tried again in place of the next random kill, up to five times.
 */
export async function runKills(count: number, needs: CampaignNeeds): Promise<void> {
  const plans = planKills(count, needs.seed);
  const again: FailpointName[] = [];
  const misses = new Map<FailpointName, number>();
  let life: Life | undefined;
  try {
    for (let i = 0; i < count && !needs.isOver(); i++) {
      // the index is below the length
      const plan = plans[i] as KillPlan;
      const name = again.length > 0 && plan.failpoint === undefined ? again.shift() : undefined;
      // a supervisor would start a server that is armed again
      const changed =
        name === undefined ? plan : { ...plan, failpoint: { name, nth: 1 }, isSupervised: false };
      const missed = await oneKill(changed, i + 1, count);
      if (missed === undefined) continue;
      const tries = (misses.get(missed) ?? 0) + 1;
      misses.set(missed, tries);
      if (tries <= RETRIES_MAX) again.push(missed);
    }
  } finally {
    await life?.[Symbol.asyncDispose]();
  }

  /** Kills once; returns the failpoint that was not reached. */
  async function oneKill(plan: KillPlan, number: number, of: number): Promise<FailpointName | undefined> {
    const startedMs = performance.now();
    const shown = `kill ${number}/${of} ${plan.failpoint ? `${plan.failpoint.name}:${plan.failpoint.nth}` : plan.isSupervised ? 'random, supervised' : 'random'}, ${plan.isUnthrottled ? 'unthrottled' : `${RATE}/s`}`;
    try {
      life = await lifeFor(plan, life, needs, number);
      const told = await killAndJudge(life, plan, needs.tally);
      needs.say(`${shown}: ${told.text}, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
      return told.missed;
    } catch (cause) {
      needs.tally.fail(`${shown}: ${cause instanceof Error ? cause.stack : String(cause)}`);
      await life?.[Symbol.asyncDispose]();
      life = undefined;
      return undefined;
    }
  }
}

/** The life that a kill falls into: the same as before, with a server armed for it, or a new one. */
async function lifeFor(
  plan: KillPlan,
  life: Life | undefined,
  { seed, other }: CampaignNeeds,
  number: number,
): Promise<Life> {
  if (life) {
    const { sent } = await life.generator.set({ isPaused: true });
    const isFit = !needsFewDevices(plan) || life.load === LOAD_OF_FEW;
    if (life.kills < LIFE_KILLS && sent < LIFE_MESSAGES && !needsNewFolder(plan) && isFit) {
      if (!plan.failpoint) return life;
      await life.server.kill();
      await life.restart(plan.failpoint);
      return life;
    }
    await life[Symbol.asyncDispose]();
  }
  return Life.begin({
    seed: seed * 1_000 + number,
    ...(other === undefined ? {} : { other }),
    ...(plan.failpoint ? { failpoint: plan.failpoint } : {}),
    ...(needsFewDevices(plan) ? { load: LOAD_OF_FEW } : {}),
  });
}

async function killAndJudge(
  life: Life,
  plan: KillPlan,
  tally: Tally,
): Promise<{ readonly text: string; readonly missed: FailpointName | undefined }> {
  const { generator } = life;
  const before = await generator.set({ isPaused: true });
  generator.unackedAtLoss = 0;
  // a failpoint may end the server while connections come
  const deadline = performance.now() + CONNECTED_MS;
  while (
    (await generator.set({})).connectionsUp < life.load.connections &&
    life.server.isAlive &&
    performance.now() < deadline
  )
    await pause(5);
  await generator.set({ rate: plan.isUnthrottled ? 0 : RATE, isPaused: false });
  const isReached = await letDie(life, plan);
  await generator.set({ isPaused: true });
  if (!isReached && plan.isSupervised) await life.server.killServer();
  else await life.server.kill();
  const remains = life.remains();
  const state = await generator.set({});
  const unacked = Math.max(generator.unackedAtLoss, state.unacked);
  life.kills += 1;
  tally.kills += 1;
  if (unacked > UNDER_LOAD) tally.killsUnderLoad += 1;
  if (isReached && plan.failpoint) tally.visited(plan.failpoint.name);
  const restartMs = performance.now();
  if (plan.isSupervised) {
    await life.server.ready();
    await generator.set({ port: life.server.mqttPort });
  } else await life.restart();
  const recoveredMs = performance.now() - restartMs;
  const report = await life.judge();
  tally.add(report);
  tally.messages += report.sent.acked - before.acked;
  const parts = [
    plan.failpoint && !isReached ? 'failpoint not reached, killed at random' : undefined,
    `unacked ${unacked}`,
    `journal end ${remains.journalEnd}`,
    `position ${remains.position}`,
    `acked ${report.sent.acked}`,
    `ready again after ${(recoveredMs / 1_000).toFixed(2)} s`,
    report.isClean ? 'clean' : 'NOT clean',
  ];
  return {
    text: parts.filter((part) => part !== undefined).join(', '),
    missed: isReached ? undefined : plan.failpoint?.name,
  };
}

/** Lets messages flow until the server has killed itself (true) or its time has come (false). */
async function letDie(life: Life, plan: KillPlan): Promise<boolean> {
  if (plan.failpoint) {
    if (await reachFailpoint(life)) return true;
  } else await pause(plan.afterMs);
  if (!plan.isUnthrottled) return false;
  await life.generator.set({ isPaused: false });
  const deadline = performance.now() + 1_000;
  while ((await life.generator.set({})).unacked <= UNDER_LOAD && performance.now() < deadline) await pause(1);
  return false;
}

/** Waits for a failpoint; what it takes beyond so many messages (a merge, a seal of what is idle) comes without more. */
async function reachFailpoint({ server, generator }: Life): Promise<boolean> {
  const { sent } = await generator.set({});
  for (let waitedMs = 0; waitedMs < FAILPOINT_MS; waitedMs += 100) {
    if (await server.dies(100)) return true;
    if ((await generator.set({})).sent - sent > ROUND_MESSAGES) await generator.set({ isPaused: true });
  }
  return false;
}
