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
import { until } from '../../e2e/condition.ts';

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

/** Sets a topic's settings, and waits until the broker that is asked goes by them: it hears of them behind the answer. */
export async function changeTopic(
  client: KafkaClient,
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const wanted = Object.entries(settings);
  const configs = wanted.map(([key, value]) => ({ name: key, value, configOperation: 0 as const }));
  const resource = { resourceType: 2 as const, resourceName: name };
  await client.admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] });
  await until(`${name} has ${JSON.stringify(settings)}`, async () => {
    const [found] = await client.admin.describeConfigs({ resources: [resource] });
    const is = new Map(found?.configs.map((one) => [one.name, one.value]));
    return wanted.every(([key, value]) => is.get(key) === value);
  });
}
