import { randomUUID } from 'node:crypto';
import {
  ensureTopics,
  type KafkaClient,
  type KafkaClientOptions,
  openKafkaClient,
  type TopicWish,
} from '@skerry/journal/kafka';
import { createMeter, type LogEntry, loggerTo, type Meter } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import type { Kafka } from '@skerry/testkit/engines';

/** What everything that talks to Kafka works with here, with its log. */
export interface Tools {
  readonly clock: ReturnType<typeof nodeClock>;
  readonly disk: ReturnType<typeof nodeDisk>;
  readonly random: ReturnType<typeof nodeRandom>;
  readonly meter: Meter;
  readonly log: LogEntry[];
  readonly logger: ReturnType<typeof loggerTo>;
}

/** Real ports, and a log that is kept. */
export function tools(): Tools {
  const log: LogEntry[] = [];
  return {
    clock: nodeClock(),
    disk: nodeDisk(),
    random: nodeRandom(),
    meter: createMeter(),
    log,
    logger: loggerTo((entry) => log.push(entry)),
  };
}

/** A client of a cluster. */
export function aClient(
  kafka: Pick<Kafka, 'brokers'>,
  needs: Tools,
  options: Partial<KafkaClientOptions> = {},
): Promise<KafkaClient> {
  return openKafkaClient({ brokers: kafka.brokers, clientId: 'test', ...options }, needs);
}

/** Settings of topics of one replica. */
export const PLAIN: Omit<TopicWish, 'name'> = {
  partitions: 3,
  replication: 1,
  minInSync: 1,
  retentionMs: 259_200_000,
  maxMessageBytes: 4 * 2 ** 20,
};

/** A new topic with a name of its own. */
export async function aTopic(client: KafkaClient, wish: Partial<TopicWish> = {}): Promise<string> {
  const name = wish.name ?? `t-${randomUUID()}`;
  await ensureTopics(client, [{ ...PLAIN, ...wish, name }]);
  return name;
}
