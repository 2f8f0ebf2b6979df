import { DEAD_LETTER_TOPIC, type KafkaClient, type TopicRights, topicRights } from '@skerry/journal/kafka';
import type { SkerryConfig } from '../config/schema.ts';
import { layoutOf } from '../processes/kafka-way.ts';
import type { Finding } from './doctor.ts';

/** Whether the user may read and write the topics: gateways and clouds write, writers read, each writes dead letters. */
export async function kafkaRightsFinding(client: KafkaClient, config: SkerryConfig): Promise<Finding> {
  const check = 'kafka rights';
  const { username } = config.kafka.sasl;
  const who = username === '' ? 'this client' : username;
  const rights = await topicRights(client, [
    ...new Set([...layoutOf(config).fixedTopics, DEAD_LETTER_TOPIC]),
  ]);
  const lacks = rights.flatMap((one) => lacksOf(one, config.sources.length > 0));
  if (lacks.length === 0) {
    const found = `${who} may read and write ${rights.map(({ name }) => name).join(', ')}`;
    return { check, verdict: 'ok', found, advice: '' };
  }
  const names = [...new Set(lacks.map(({ topic }) => `--topic ${topic}`))].join(' ');
  return {
    check,
    verdict: lacks.some(({ isFault }) => isFault) ? 'fault' : 'warning',
    found: `${who} may not ${lacks.map(({ what, topic }) => `${what} ${topic}`).join(', ')}`,
    advice: `Gateways and clouds need Write, writers Read, all of them Describe and DescribeConfigs: kafka-acls.sh --add --allow-principal User:${username === '' ? 'NAME' : username} --operation Read --operation Write --operation Describe --operation DescribeConfigs ${names}; and Create on the cluster where a role makes its topics, Read on the group ${config.writer.group} for writers.`,
  };
}

interface Lack {
  readonly topic: string;
  readonly what: 'see or make' | 'read' | 'write';
  /** Whether no role of this configuration can do without it. */
  readonly isFault: boolean;
}

/** `isGateway`: it has sources, so that a gateway works with it, which has to write. */
function lacksOf({ name, exists, mayRead, mayWrite, mayHave }: TopicRights, isGateway: boolean): Lack[] {
  if (!mayHave) return [{ topic: name, what: 'see or make', isFault: true }];
  if (!exists) return [];
  const isUseless = !mayRead && !mayWrite;
  const read: Lack[] = mayRead ? [] : [{ topic: name, what: 'read', isFault: isUseless }];
  const write: Lack[] = mayWrite ? [] : [{ topic: name, what: 'write', isFault: isUseless || isGateway }];
  return name === DEAD_LETTER_TOPIC ? write : [...read, ...write];
}
