import type { JournalMemory } from './journal-marks.ts';
import { baseAt, type PartitionBase } from './partition-count.ts';
import type { Bounds } from './partition-ends.ts';

/** Where the count of a journal on Kafka goes on. */
export interface Begun {
  readonly begin: PartitionBase;
  readonly kept: JournalMemory | undefined;
}

/** Where counting begins: at counts that were kept, below what the store has seen, as far as there are any. */
export function beginning(
  kept: JournalMemory | undefined,
  seen: PartitionBase | undefined,
  { start, end }: Bounds,
): PartitionBase {
  const seenEnd = seen?.offset ?? end;
  if (seen && seenEnd > end) return seen;
  const known = kept?.marks.findLast((one) => one.offset <= seenEnd);
  if (known) return known;
  return seen && seenEnd > 0 ? seen : baseAt(start);
}
