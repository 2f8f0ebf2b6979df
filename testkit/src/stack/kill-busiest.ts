import { setTimeout as pause } from 'node:timers/promises';
import type { RoleProcess } from './role-process.ts';

/** How one of several processes of a role is killed. */
export interface KillOptions {
  readonly role: string;
  readonly roles: readonly Pick<RoleProcess, 'metric' | 'pid' | 'killWorker'>[];
  /** The counter that tells who has work. */
  readonly metric: string;
  /** From now on. */
  readonly afterSecs: number;
  /** Aborted when there is no work any more. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const LOOK_MS = 200;

/**
 * After a time, and once one of them has had work, kills the process of whom the counter grew most; undefined then. Where the
 * work was over before that came about it kills nobody and gives what is wrong in words.
 */
export async function killBusiest(options: KillOptions): Promise<string | undefined> {
  const { role, roles, metric, afterSecs, signal, say } = options;
  const counts = () => Promise.all(roles.map(async (one) => (await one.metric(metric)) ?? 0));
  const before = await counts();
  for (let waitMs = afterSecs * 1_000; ; waitMs = LOOK_MS) {
    const isOver = await pause(waitMs, false, { signal }).catch(() => true); // it was sent sooner, or is not wanted any more
    if (isOver) return `no ${role} was killed: everything was sent before one had work`;
    const grown = (await counts()).map((count, i) => count - Number(before[i]));
    const busiest = grown.indexOf(Math.max(...grown));
    const pid = roles[busiest]?.pid ?? -1;
    if (Number(grown[busiest]) <= 0 || pid < 0) continue;
    roles[busiest]?.killWorker();
    const work = grown.map((count, i) => `${role} ${i + 1}: ${count}`).join(', ');
    say(`${role} ${busiest + 1} is killed (process ${pid}); records until then: ${work}`);
    return undefined;
  }
}
