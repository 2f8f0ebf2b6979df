import { LIMITS } from './limits.ts';
import type { DedupeEntries } from './store.ts';

/** The entries that the windows of their devices still need at this log time; oldest first, as they come. */
export function withinWindow(all: readonly DedupeEntries[], logMicros: number): DedupeEntries[] {
  const newer = new Map<string, number>();
  const kept: DedupeEntries[] = [];
  for (const one of [...all].reverse()) {
    const count = newer.get(keyOf(one)) ?? 0;
    const isOld = one.newestMicros < logMicros - LIMITS.dedupeMicros.value;
    const isOver = count >= LIMITS.dedupeIdsMin.value && isOld;
    if (!isOver && count < LIMITS.dedupeIdsMax.value) kept.push(one);
    newer.set(keyOf(one), count + one.count);
  }
  return kept.reverse();
}

function keyOf({ tenant, project, device }: DedupeEntries): string {
  return `${tenant}\u0000${project}\u0000${device}`;
}
