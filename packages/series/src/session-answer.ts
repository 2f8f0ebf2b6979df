import type { SessionEvent } from '@skerry/model';
import type { SessionQuery } from './store.ts';

/**
 * The answer to a query from events that were found in any order: the newest `limit` of the range, and of each client
 * the last before the range; oldest first.
 */
export function answerSessions(
  found: readonly SessionEvent[],
  { fromMicros, toMicros, limit }: SessionQuery,
): SessionEvent[] {
  const sorted = [...found].sort((a, b) => a.offset - b.offset || a.timeMicros - b.timeMicros);
  const last = new Map<string, SessionEvent>();
  for (const one of sorted) {
    if (one.timeMicros < fromMicros) last.set(JSON.stringify([one.client, one.user]), one);
  }
  const inside = sorted.filter(({ timeMicros }) => timeMicros >= fromMicros && timeMicros < toMicros);
  return [...last.values(), ...inside.slice(-limit)];
}
