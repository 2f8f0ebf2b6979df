import { DEAD_LETTER_TOPIC, type KafkaClient, type TopicRights, topicRights } from '@skerry/journal/kafka';
import type { SkerryConfig } from '../config/schema.ts';
import { layoutOf } from '../processes/kafka-way.ts';
import type { Finding } from './doctor.ts';

/** Whether the user may read and write the topics: gateways and clouds write, writers read, each writes dead letters; a journal on Kafka is written and read, and nothing else. */
export async function kafkaRightsFinding(client: KafkaClient, config: SkerryConfig): Promise<Finding> {
  const check = 'kafka rights';
  const { username } = config.kafka.sasl;
  const who = username === '' ? 'this client' : username;
  const isJournal = config.journal.engine === 'kafka';
  const topics = isJournal ? [config.journal.topic] : [...layoutOf(config).fixedTopics, DEAD_LETTER_TOPIC];
  const rights = await topicRights(client, [...new Set(topics)]);
  const needed = { read: isJournal, write: isJournal || config.sources.length > 0 };
  const lacks = rights.flatMap((one) => lacksOf(one, needed));
  if (lacks.length === 0) {
    const found = `${who} may read and write ${rights.map(({ name }) => name).join(', ')}`;
    return { check, verdict: 'ok', found, advice: '' };
  }
  const names = [...new Set(lacks.map(({ topic }) => `--topic ${topic}`))].join(' ');
  const whoNeeds = isJournal
    ? 'skerry up needs Read, Write, Describe and DescribeConfigs on its journal'
    : 'Gateways and clouds need Write, writers Read, all of them Describe and DescribeConfigs';
  const further = isJournal
    ? 'and Create on the cluster where skerry up makes the topic.'
    : `and Create on the cluster where a role makes its topics, Read on the group ${config.writer.group} for writers.`;
  return {
    check,
    verdict: lacks.some(({ isFault }) => isFault) ? 'fault' : 'warning',
    found: `${who} may not ${lacks.map(({ what, topic }) => `${what} ${topic}`).join(', ')}`,
    advice: `${whoNeeds}: kafka-acls.sh --add --allow-principal User:${username === '' ? 'NAME' : username} --operation Read --operation Write --operation Describe --operation DescribeConfigs ${names}; ${further}`,
  };
}

interface Lack {
  readonly topic: string;
  readonly what: 'see or make' | 'read' | 'write';
  /** Whether no role of this configuration can do without it. */
  readonly isFault: boolean;
}

/** `needed`: what nobody who works with this configuration can do without. A gateway, which has sources, writes; a journal is written and read. */
function lacksOf(
  { name, exists, mayRead, mayWrite, mayHave }: TopicRights,
  needed: { readonly read: boolean; readonly write: boolean },
): Lack[] {
  if (!mayHave) return [{ topic: name, what: 'see or make', isFault: true }];
  if (!exists) return [];
  const isUseless = !mayRead && !mayWrite;
  const read: Lack[] = mayRead ? [] : [{ topic: name, what: 'read', isFault: isUseless || needed.read }];
  const write: Lack[] = mayWrite ? [] : [{ topic: name, what: 'write', isFault: isUseless || needed.write }];
  return name === DEAD_LETTER_TOPIC ? write : [...read, ...write];
}
