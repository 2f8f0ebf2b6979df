import { type metadataV12, protocolErrorsCodesById } from '@platformatic/kafka';
import { JournalError } from '../errors.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { kafkaAnswerFault } from './kafka-fault.ts';

type Request = metadataV12.MetadataRequest;
type Response = metadataV12.MetadataResponse;

/**
 * The topics of a cluster by one request, those of Kafka itself left out; of `names` where they are given, and what does
 * not exist or may not be seen is left out. A partition without a leader has the leader -1. Fails with the `kafka-` codes.
 */
export async function clusterTopics(client: KafkaClient, names?: readonly string[]): Promise<KafkaTopic[]> {
  return topicsOf(await askTopics(client, names));
}

/** As `clusterTopics`, of names; fails for one that is there, or may be, and of which Kafka tells nothing. */
export async function namedTopics(client: KafkaClient, names: readonly string[]): Promise<KafkaTopic[]> {
  const topics = await askTopics(client, names);
  for (const { name, errorCode } of topics) {
    const apiId = String(protocolErrorsCodesById[errorCode]);
    if (apiId !== 'NONE' && apiId !== 'UNKNOWN_TOPIC_OR_PARTITION')
      throw kafkaAnswerFault(`find the Kafka topic ${name}`, apiId, undefined);
  }
  return topicsOf(topics);
}

async function askTopics(client: KafkaClient, names?: readonly string[]): Promise<Response['topics']> {
  if (names?.length === 0) return [];
  const api = await client.api<Request, Response>('Metadata');
  const connection = await client.connection(undefined);
  const asking = api.async(connection, names ? [...names] : null, false, false);
  return (await client.wrap('list the Kafka topics', asking).catch(answerInside)).topics;
}

function topicsOf(topics: Response['topics']): KafkaTopic[] {
  return topics.flatMap(({ name, topicId: id, isInternal, partitions }) =>
    !name || isInternal || partitions.length === 0 ? [] : { name, id, partitions: placesOf(partitions) },
  );
}

function placesOf(partitions: Response['topics'][number]['partitions']): KafkaTopic['partitions'] {
  return partitions
    .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ leaderId: leader, leaderEpoch, replicaNodes, isrNodes }) => ({
      leader,
      leaderEpoch,
      replicas: replicaNodes.length,
      inSync: isrNodes.length,
    }));
}

/** The library takes a partition without a leader, or a topic that is missing, for a failure of the whole request. */
export function answerInside(fault: unknown): Response {
  if (!(fault instanceof JournalError)) throw fault;
  for (let one: unknown = fault.cause; one instanceof Error; one = one.cause) {
    const { response } = one as { readonly response?: Response }; // a member that the library's answers have
    if (response) return response;
  }
  throw fault;
}
