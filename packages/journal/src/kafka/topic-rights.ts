import type { describeClusterV1, metadataV12 } from '@platformatic/kafka';
import { answerInside } from './cluster-topics.ts';
import type { KafkaClient } from './kafka-client.ts';

/** What the user of a client may do with a topic. */
export interface TopicRights {
  readonly name: string;
  /** False too where the user may not even know whether it exists. */
  readonly exists: boolean;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  /** Whether it is there, or may be made. */
  readonly mayHave: boolean;
}

/** https://github.com/apache/kafka: AclOperation; a bit of the answer for each. */
const OPERATION = { read: 3, write: 4, create: 5 } as const;
/** What a broker answers that was not asked for rights, or has no authorizer that says them. */
const UNKNOWN = -(2 ** 31);
const UNKNOWN_TOPIC = 3;

/** The rights of the client's user, as the brokers' authorizer says them; all of them without one. Fails with the `kafka-` codes. */
export async function topicRights(client: KafkaClient, names: readonly string[]): Promise<TopicRights[]> {
  const api = await client.api<metadataV12.MetadataRequest, metadataV12.MetadataResponse>('Metadata');
  const connection = await client.connection(undefined);
  const asking = api.async(connection, [...names], false, true);
  const { topics } = await client.wrap('ask Kafka for rights', asking).catch(answerInside);
  const mayMake = await mayMakeTopics(client);
  return names.map((name) => {
    const found = topics.find((one) => one.name === name);
    const exists = found?.errorCode === 0;
    const isMissing = found?.errorCode === UNKNOWN_TOPIC;
    const may = (operation: number) => exists && includes(found.topicAuthorizedOperations, operation);
    return {
      name,
      exists,
      mayRead: may(OPERATION.read),
      mayWrite: may(OPERATION.write),
      mayHave: exists || (isMissing && mayMake),
    };
  });
}

async function mayMakeTopics(client: KafkaClient): Promise<boolean> {
  type Request = describeClusterV1.DescribeClusterRequest;
  const api = await client.api<Request, describeClusterV1.DescribeClusterResponse>('DescribeCluster');
  const connection = await client.connection(undefined);
  const asking = api.async(connection, true, 1); // endpoints of brokers
  const { clusterAuthorizedOperations } = await client.wrap('ask Kafka for rights', asking);
  return includes(clusterAuthorizedOperations, OPERATION.create);
}

function includes(operations: number, operation: number): boolean {
  return operations === UNKNOWN || (operations & (1 << operation)) !== 0;
}
