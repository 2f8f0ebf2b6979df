import { foreignMemory } from './journal-faults.ts';
import type { KafkaClient } from './kafka-client.ts';
import { partitionJournalId } from './topics.ts';

/** Fails with `journal-foreign` when a partition is not the journal that is known by one of these ids. Fails with the `kafka-` codes. */
export async function assertOwnJournal(
  client: KafkaClient,
  place: { readonly topic: string; readonly partition: number },
  known: readonly (string | undefined)[],
): Promise<void> {
  const { topic: name, partition } = place;
  const { id: cluster } = await client.cluster();
  const topic = await client.topic(name);
  const id = partitionJournalId(cluster, topic.id, partition);
  const foreign = known.find((one) => one !== undefined && one !== id);
  if (foreign !== undefined) throw foreignMemory(foreign, id, place);
}
