import { type JournalMemory, larger } from './journal-marks.ts';
import { baseAt, type PartitionBase } from './partition-count.ts';
import type { Bounds } from './partition-ends.ts';

/** Where the count of a journal on Kafka goes on. */
export interface Begun {
  readonly begin: PartitionBase;
  readonly kept: JournalMemory | undefined;
  /** Counts that were kept above it are of the same count: what they have more was lost. */
  readonly isContinued: boolean;
}

/**
 * Where counting begins: at the newest counts that were kept below what the store has seen, as far as Kafka has what
 * lies in between; else at what the store has seen, which has counted all of it. Offsets of both are shifted.
 */
export function beginning(
  kept: JournalMemory | undefined,
  seen: PartitionBase | undefined,
  { start, end }: Bounds,
): Begun {
  const known = kept?.marks.findLast((one) => one.offset <= (seen?.offset ?? end));
  const isWhole = known !== undefined && known.offset >= start && (seen?.offset ?? 0) <= end;
  if (known && (isWhole || !seen || seen.offset === known.offset))
    return { begin: known, kept, isContinued: true };
  if (!seen || seen.offset === 0) return { begin: baseAt(start), kept, isContinued: false };
  const begin = {
    offset: seen.offset,
    telemetry: Math.max(seen.telemetry, known?.telemetry ?? 0),
    received: larger(seen.received, known?.received ?? []),
  };
  return { begin, kept, isContinued: true };
}
