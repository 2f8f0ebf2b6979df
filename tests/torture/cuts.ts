import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '@skerry/kernel/testing';
import { freeze, LoopDisk, memoryFolder } from '@skerry/testkit';
import type { CampaignNeeds } from './kills.ts';
import { Life } from './life.ts';

const RATE = 5_000;
const DISK_MIB = 512;

/**
 * So many power cuts: the server's data folder lies on an ext4 file system of its own; at a random moment the server
 * stands still, the disk below the page cache is copied, and a server on the copy must have everything that was
 * acknowledged. Every third cut falls right after a kill and a restart, while nothing but the recovery has synced.
 */
export async function runCuts(count: number, needs: CampaignNeeds): Promise<void> {
  const random = new SeededRandom(`cuts ${needs.seed}`);
  for (let i = 0; i < count && !needs.isOver(); i++) {
    const plan = {
      isUnthrottled: i % 2 === 0,
      isAfterKill: i % 3 === 2,
      afterMs: random.between(100, 1_500),
      restMs: random.between(0, 200),
    };
    const startedMs = performance.now();
    const shown = `cut ${i + 1}/${count} ${plan.isUnthrottled ? 'unthrottled' : `${RATE}/s`}${plan.isAfterKill ? ', after a kill' : ''}`;
    try {
      const told = await oneCut(plan, needs, needs.seed * 1_000 + 500_000 + i);
      needs.say(`${shown}: ${told}, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    } catch (cause) {
      needs.tally.fail(`${shown}: ${cause instanceof Error ? cause.stack : String(cause)}`);
    }
  }
}

interface CutPlan {
  readonly isUnthrottled: boolean;
  readonly isAfterKill: boolean;
  readonly afterMs: number;
  readonly restMs: number;
}

async function oneCut(plan: CutPlan, { tally, other }: CampaignNeeds, seed: number): Promise<string> {
  using place = memoryFolder('cut');
  using disk = LoopDisk.create(place.path, 'disk', DISK_MIB);
  await using life = await Life.begin({
    seed,
    dataDir: join(disk.path, 'data'),
    ...(other === undefined ? {} : { other }),
  });
  const { generator } = life;
  await generator.set({ rate: plan.isUnthrottled ? 0 : RATE, isPaused: false });
  await pause(plan.afterMs);
  if (plan.isAfterKill) {
    await generator.set({ isPaused: true });
    await life.server.kill();
    await life.restart();
    await pause(plan.restMs);
  }
  const { pids } = life.server;
  await freeze([pids.server, pids.supervisor]);
  using copy = disk.cut(place.path, 'copy');
  const { unacked, acked } = await generator.set({ isPaused: true });
  await life.server.kill();
  const dataDir = join(copy.path, 'data');
  const remains = life.remains(dataDir);
  await life.restart(undefined, dataDir);
  const report = await life.judge(dataDir);
  await life.server.kill();
  tally.cuts += 1;
  tally.add(report);
  tally.messages += report.sent.acked;
  return `unacked ${unacked}, acked ${acked}, journal end ${remains.journalEnd}, position ${remains.position}, ${report.isClean ? 'clean' : 'NOT clean'}`;
}
