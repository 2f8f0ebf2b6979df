import type { ReceivedCount } from '@skerry/journal';
import type { StoreState } from '@skerry/series';

/** How far a store has seen its journal, and the counts there. */
export interface SeenBase {
  readonly offset: number;
  readonly telemetry: number;
  readonly received: readonly ReceivedCount[];
}

/** What was received up to the store's position: each record has a verdict there. */
export function seenBase(state: Pick<StoreState, 'position' | 'telemetryPosition' | 'accounts'>): SeenBase {
  const projects = new Map<string, { -readonly [K in keyof ReceivedCount]: ReceivedCount[K] }>();
  for (const one of state.accounts) {
    const { tenant, project } = one;
    const key = `${tenant}\u0000${project}`;
    const row = projects.get(key) ?? { tenant, project, received: 0, receivedQos0: 0 };
    row.received +=
      one.stored + one.deduplicated + one.filtered + one.deadLettered + one.discarded + one.expired;
    projects.set(key, row);
  }
  return { offset: state.position, telemetry: state.telemetryPosition, received: [...projects.values()] };
}
