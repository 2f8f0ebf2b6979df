import type { KafkaClient } from './kafka-client.ts';
import { findTopic, partitionJournalId } from './topics.ts';

const LATEST = -1n;
const ONLY_COMMITTED = 1;

/** Where a partition ends now. */
export interface PartitionEnd {
  readonly topic: string;
  readonly partition: number;
  /** Id of the journal that the partition is: `partitionJournalId`. */
  readonly journalId: string;
  /** Offset behind the last record that all replicas in sync have. */
  readonly end: number;
}

/**
 * Ends of all partitions of topics, asked for by one request to each broker that leads some of them; topics that do not
 * exist are left out. Whatever Kafka had acknowledged before the call lies below. Fails with the `kafka-` codes.
 */
export async function partitionEnds(
  client: KafkaClient,
  topics: readonly string[],
): Promise<readonly PartitionEnd[]> {
  const { id: cluster } = await client.cluster();
  const found = await Promise.all(topics.map((name) => findTopic(client, name)));
  const known = new Map(found.flatMap((topic) => (topic ? [[topic.name, topic] as const] : [])));
  if (known.size === 0) return [];
  const asked = [...known.values()].map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp: LATEST })),
  }));
  const asking = client.admin.listOffsets({ topics: asked, isolationLevel: ONLY_COMMITTED });
  const answers = await client.wrap(`find the ends of ${topics.join(', ')}`, asking);
  return answers.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partitionIndex: partition, offset }) => ({
      topic,
      partition,
      journalId: partitionJournalId(cluster, known.get(topic)?.id ?? '', partition),
      end: Number(offset),
    })),
  );
}
