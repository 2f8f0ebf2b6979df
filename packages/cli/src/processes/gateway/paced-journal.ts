import type { UplinkNeeds } from '@skerry/journal/kafka';
import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../../limits.ts';

type Read = UplinkNeeds['journal'];

/**
 * Shows the end of a journal in steps of some milliseconds, so that Kafka gets fewer and larger batches: what each costs
 * here and there is more than what a record costs. Everything else is the journal's own.
 */
export function pacedJournal(journal: Read, clock: Pick<Clock, 'monotonicMs' | 'sleep'>): Read {
  const stepMs = LIMITS.gatewayPaceMs.value;
  let end = journal.end;
  let nextMs = 0;
  const look = (): number => {
    const now = clock.monotonicMs();
    if (now >= nextMs && journal.end > end) {
      end = journal.end;
      nextMs = now + stepMs;
    }
    return end;
  };
  return {
    get id() {
      return journal.id;
    },
    get start() {
      return journal.start;
    },
    get end() {
      return look();
    },
    read: (from, bytesMax) => journal.read(from, bytesMax),
    waitBeyond: async (offset, signal) => {
      await journal.waitBeyond(offset, signal);
      while (look() <= offset && !signal.aborted) await clock.sleep(nextMs - clock.monotonicMs(), signal);
    },
    commit: (consumer) => journal.commit(consumer),
  };
}
