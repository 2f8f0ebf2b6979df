import { FAILPOINTS, type FailpointName } from '@skerry/kernel';
import { SeededRandom } from '@skerry/kernel/testing';

/** One kill as it is meant to happen. */
export interface KillPlan {
  /** The server kills itself at this passage; without one it is killed from outside. */
  readonly failpoint?: { readonly name: FailpointName; readonly nth: number };
  /** Windows are all that bounds the sender; else 5,000 messages a second. */
  readonly isUnthrottled: boolean;
  /** How long messages flow before a kill from outside. */
  readonly afterMs: number;
  /** Only the server is killed and its supervisor starts the next one; else both are. */
  readonly isSupervised: boolean;
}

/** Passages within which the nth is drawn: often passed ones late, rare ones early. */
const NTH_MAX: Readonly<Record<FailpointName, number>> = {
  'publish-read': 400,
  'journal-before-write': 150,
  'journal-after-write': 150,
  'journal-after-sync': 150,
  'puback-before-send': 400,
  'puback-after-send': 400,
  'segment-roll-before-sync': 3,
  'segment-roll-after-sync': 3,
  'pipeline-after-decode': 100,
  'seal-before-commit': 4,
  'seal-after-commit': 4,
  'rollup-before-commit': 3,
  'merge-before-commit': 1,
  'trim-before-remove': 2,
  'day-file-after-create': 1,
};

/** Failpoints that only a new data folder passes. */
export function needsNewFolder(plan: KillPlan): boolean {
  return plan.failpoint?.name === 'day-file-after-create';
}

/** Failpoints that only a store of few series passes: neighbouring series with few points each share rows that are not merged. */
export function needsFewDevices(plan: KillPlan): boolean {
  return plan.failpoint?.name === 'merge-before-commit';
}

/** `count` kills: half at failpoints, which take turns, half at random moments; of both, two of three unthrottled. */
export function planKills(count: number, seed: number): KillPlan[] {
  const random = new SeededRandom(seed);
  let turn = seed;
  return Array.from({ length: count }, (_, i) => {
    const isUnthrottled = i % 3 !== 1;
    const afterMs = 50 + random.int(isUnthrottled ? 450 : 900);
    if (i % 4 >= 2) return { isUnthrottled, afterMs, isSupervised: random.int(5) === 0 };
    // the index is below the length
    const name = FAILPOINTS[turn++ % FAILPOINTS.length] as FailpointName;
    return {
      failpoint: { name, nth: random.between(1, NTH_MAX[name]) },
      isUnthrottled,
      afterMs,
      isSupervised: false,
    };
  });
}
