import type { listOffsetsV9 } from '@platformatic/kafka';
import { clusterTopics } from './cluster-topics.ts';
import { type KafkaClient, NO_LEADER } from './kafka-client.ts';
import { partitionJournalId } from './topics.ts';

const EARLIEST = -2n;
const LATEST = -1n;
const ONLY_COMMITTED = 1;
const A_CLIENT = -1;
const ANY_EPOCH = -1;

type Request = listOffsetsV9.ListOffsetsRequest;
type Response = listOffsetsV9.ListOffsetsResponse;

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
  const known = new Map((await clusterTopics(client, topics)).map((topic) => [topic.name, topic]));
  if (known.size === 0) return [];
  const asked = [...known.values()].map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp: LATEST })),
  }));
  const asking = client.admin.listOffsets({ topics: asked, isolationLevel: ONLY_COMMITTED });
  const answers = await client.wrap(`find the ends of ${known.size} topics`, asking);
  return answers.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partitionIndex: partition, offset }) => ({
      topic,
      partition,
      journalId: partitionJournalId(cluster, known.get(topic)?.id ?? '', partition),
      end: Number(offset),
    })),
  );
}

/** The oldest and the newest offset of a partition. */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The bounds of a partition as its leader has them now, whatever is the matter with other partitions of the topic. Fails with the `kafka-` codes. */
export async function listBounds(client: KafkaClient, name: string, partition: number): Promise<Bounds> {
  const { leader = NO_LEADER } = (await client.topic(name)).partitions[partition] ?? {};
  const api = await client.api<Request, Response>('ListOffsets');
  const connection = await client.connection(leader);
  const ask = async (timestamp: bigint): Promise<number> => {
    const partitions = [{ partitionIndex: partition, currentLeaderEpoch: ANY_EPOCH, timestamp }];
    const asking = api.async(connection, A_CLIENT, ONLY_COMMITTED, [{ name, partitions }]);
    const { topics } = await client.wrap(`find the ends of ${name}/${partition}`, asking);
    return Number(topics[0]?.partitions[0]?.offset ?? 0);
  };
  return { start: await ask(EARLIEST), end: await ask(LATEST) };
}
