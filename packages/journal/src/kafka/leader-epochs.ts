import type { offsetForLeaderEpochV4 } from '@platformatic/kafka';
import { namedTopics } from './cluster-topics.ts';
import type { KafkaClient } from './kafka-client.ts';

type Request = offsetForLeaderEpochV4.OffsetForLeaderEpochRequest;
type Response = offsetForLeaderEpochV4.OffsetForLeaderEpochResponse;

const A_CLIENT = -1;
const ANY_EPOCH = -1;

/** Something that a partition is known to have had. */
export interface KnownEnd {
  readonly topic: string;
  /** Given at the topic's creation. */
  readonly topicId: string;
  readonly partition: number;
  /** Offset behind the last record, and the epoch of the leader that had it. */
  readonly offset: number;
  readonly epoch: number;
}

/** Where a partition has lost what it had. */
export interface LogCut {
  readonly topic: string;
  readonly partition: number;
  /** Offset from which on it has, or will have, other records. */
  readonly end: number;
  /** The topic has been made anew, or has gone. */
  readonly isOther: boolean;
}

/**
 * Which partitions do not have any more what they are known to have had: a replica that was alone has lost the end of its
 * log in a power cut, or the topic was made anew. Epochs of leaders tell it also when other records stand there by now.
 * Fails with the `kafka-` codes, `kafka-unsteady` among them while a partition has no leader.
 */
export async function findCuts(client: KafkaClient, known: readonly KnownEnd[]): Promise<LogCut[]> {
  if (known.length === 0) return [];
  const names = [...new Set(known.map(({ topic }) => topic))];
  // numbers of brokers are looked up in what the client knows of the cluster
  await client.cluster();
  const topics = new Map((await namedTopics(client, names)).map((one) => [one.name, one]));
  const cuts: LogCut[] = [];
  const byLeader = new Map<number, KnownEnd[]>();
  for (const one of known) {
    const { topic, partition } = one;
    const found = topics.get(topic);
    const place = found?.partitions[partition];
    if (!found || found.id !== one.topicId || !place) cuts.push({ topic, partition, end: 0, isOther: true });
    else byLeader.set(place.leader, [...(byLeader.get(place.leader) ?? []), one]);
  }
  const asked = await Promise.all(
    [...byLeader].map(([leader, ofLeader]) => cutsAt(client, leader, ofLeader)),
  );
  return [...cuts, ...asked.flat()];
}

async function cutsAt(client: KafkaClient, leader: number, known: readonly KnownEnd[]): Promise<LogCut[]> {
  const api = await client.api<Request, Response>('OffsetForLeaderEpoch');
  const asked = [...Map.groupBy(known, ({ topic }) => topic)].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, epoch }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: ANY_EPOCH,
      leaderEpoch: epoch,
    })),
  }));
  const connection = await client.connection(leader);
  const asking = api.async(connection, A_CLIENT, asked);
  const { topics } = await client.wrap('ask Kafka what it has', asking);
  const ends = new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, endOffset }) => [`${topic}/${partition}`, Number(endOffset)] as const),
    ),
  );
  return known.flatMap(({ topic, partition, offset }) => {
    const end = ends.get(`${topic}/${partition}`) ?? -1;
    // an epoch that the leader has never heard of: its whole history is another
    if (end < 0) return [{ topic, partition, end: 0, isOther: false }];
    return end < offset ? [{ topic, partition, end, isOther: false }] : [];
  });
}
