import { createHash } from 'node:crypto';
import { JournalError } from '../errors.ts';
import { clusterTopics } from './cluster-topics.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import { DEAD_LETTER_TOPIC } from './topic-layout.ts';

const TOPIC_RESOURCE = 2;
/** Tries to see a topic that was just made, and the pause between them. */
const SEEN_TRIES = 100;
const SEEN_PAUSE_MS = 100;

/** A topic as it should be. */
export interface TopicWish {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly minInSync: number;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  /** Whether its broker makes each batch durable before it acknowledges it (`flush.messages=1`). */
  readonly syncsEach?: boolean;
  /** Bytes that one of our records may come to: of a topic of dead letters that takes less it is told; what is too large for others goes there. */
  readonly recordBytesMax?: number;
}

/** Bytes that a dead letter may have at least. */
const DEAD_LETTER_BYTES = 64 * 2 ** 20;

/** The topic of what Kafka refuses for good, beside what others are made like: one partition, since it is for little and needs no order, and room for the largest record. */
export function deadLetterWish(wish: Omit<TopicWish, 'name'>): TopicWish {
  const maxMessageBytes = Math.max(DEAD_LETTER_BYTES, wish.maxMessageBytes);
  return { ...wish, name: DEAD_LETTER_TOPIC, partitions: 1, maxMessageBytes };
}

/** A setting of an existing topic that keeps less than was wished. */
export interface TopicWeakness {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
}

/** A topic as it is, beside what was wished. */
export interface EnsuredTopic extends KafkaTopic {
  readonly isNew: boolean;
  readonly maxMessageBytes: number;
  readonly minInSync: number;
  /** Milliseconds; undefined without a limit. */
  readonly retentionMs: number | undefined;
  /** Whether its brokers sync each batch before they acknowledge it. */
  readonly syncsEach: boolean;
  readonly weaknesses: readonly TopicWeakness[];
}

/** The id of the journal that a partition is: a topic made anew is another journal, whatever its name. 32 hex digits. */
export function partitionJournalId(clusterId: string, topicId: string, partition: number): string {
  const hash = createHash('sha256').update(`${clusterId}/${topicId}/${partition}`).digest('hex');
  return hash.slice(0, 32);
}

/**
 * Makes the topics that do not exist and tells what existing ones keep weaker than wished; nothing of an existing topic
 * is changed. Fails with the `kafka-` codes, `kafka-refused` among them when the cluster has too few brokers.
 */
export async function ensureTopics(
  client: KafkaClient,
  wishes: readonly TopicWish[],
): Promise<EnsuredTopic[]> {
  const ensured: EnsuredTopic[] = [];
  for (const wish of wishes) ensured.push(await ensureTopic(client, wish));
  return ensured;
}

async function ensureTopic(client: KafkaClient, wish: TopicWish): Promise<EnsuredTopic> {
  const existing = await findTopic(client, wish.name);
  if (existing) return describe(client, existing, wish, false);
  const isNew = await makeTopic(client, wish);
  for (let i = 0; i < SEEN_TRIES; i++) {
    const made = await findTopic(client, wish.name);
    if (made) return describe(client, made, wish, isNew);
    await client.needs.clock.sleep(SEEN_PAUSE_MS);
  }
  throw new JournalError(
    'kafka-unsteady',
    `Cannot use the Kafka topic ${wish.name}: it was made and is not seen.`,
  );
}

/** A topic, or undefined when it does not exist. Fails with the other `kafka-` codes. */
export async function findTopic(client: KafkaClient, name: string): Promise<KafkaTopic | undefined> {
  try {
    return await client.topic(name);
  } catch (error) {
    const { code } = kafkaFault('find a topic', error);
    // a topic that is being made has no leader yet
    if (code === 'kafka-topic-missing') return undefined;
    throw error;
  }
}

/** A setting of topics since Kafka 3.6; before, a clock that is ahead was always allowed. */
const CLOCK_AHEAD = 'message.timestamp.after.max.ms';

/** False when somebody else made it meanwhile. */
async function makeTopic(client: KafkaClient, wish: TopicWish): Promise<boolean> {
  const settings = settingsOfNew(wish);
  try {
    return await create(client, wish, settings);
  } catch (error) {
    if (!(error instanceof JournalError) || error.facts.kafka !== 'INVALID_CONFIG') throw error;
    const { [CLOCK_AHEAD]: _, ...older } = settings;
    return await create(client, wish, older);
  }
}

function settingsOfNew(wish: TopicWish): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(wish.retentionMs),
    'min.insync.replicas': String(wish.minInSync),
    'max.message.bytes': String(wish.maxMessageBytes),
    // a publisher's or gateway's clock that is ahead must not make Kafka refuse the record
    [CLOCK_AHEAD]: String(Number.MAX_SAFE_INTEGER),
    'unclean.leader.election.enable': 'false',
    ...(wish.syncsEach ? { 'flush.messages': '1' } : {}),
  };
}

async function create(
  client: KafkaClient,
  { name, partitions, replication }: TopicWish,
  settings: Readonly<Record<string, string>>,
): Promise<boolean> {
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const topics = [{ topic: name, partitions, replicas: replication }];
  try {
    const action = `make the Kafka topic ${name} with ${replication} replicas`;
    await client.wrap(action, client.admin.createTopics({ topics, configs }));
    return true;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    const { kafka } = error.facts;
    if (kafka === 'TOPIC_ALREADY_EXISTS') return false;
    if (kafka !== 'INVALID_CONFIG' && kafka !== 'POLICY_VIOLATION') throw error;
    const wanted = configs.map((one) => `${one.name}=${one.value}`).join(', ');
    throw new JournalError(
      error.code,
      `${error.message} Wanted were the settings ${wanted}. A topic that is made by hand, with what the cluster allows of them, is used as it is.`,
      error.facts,
      error,
    );
  }
}

async function describe(
  client: KafkaClient,
  topic: KafkaTopic,
  wish: TopicWish,
  isNew: boolean,
): Promise<EnsuredTopic> {
  const settings = await topicSettings(client, topic.name);
  const retention = Number(settings.get('retention.ms') ?? -1);
  return {
    ...topic,
    isNew,
    maxMessageBytes: Number(settings.get('max.message.bytes') ?? wish.maxMessageBytes),
    minInSync: minInSyncOf(settings),
    syncsEach: settings.get('flush.messages') === '1',
    retentionMs: retention < 0 ? undefined : retention,
    weaknesses: isNew ? [] : weaknessesOf(topic, settings, wish),
  };
}

/**
 * An existing topic beside what was wished, and how many of its partitions have replicas that lag; undefined when it does
 * not exist. Nothing is made or changed. Fails with the `kafka-` codes.
 */
export async function examineTopic(
  client: KafkaClient,
  wish: TopicWish,
): Promise<(EnsuredTopic & { readonly lagging: number }) | undefined> {
  const topic = await findTopic(client, wish.name);
  if (!topic) return undefined;
  const found = await describe(client, topic, wish, false);
  return { ...found, lagging: topic.partitions.filter((one) => one.inSync < one.replicas).length };
}

/** The settings of a topic by name, as texts. */
export async function topicSettings(client: KafkaClient, name: string): Promise<ReadonlyMap<string, string>> {
  return (await settingsOf(client, [name])).get(name) ?? new Map();
}

/** How much of a cluster has to be lost before a topic loses what it acknowledged. */
export interface TopicStrength {
  readonly name: string;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  readonly minInSync: number;
}

/** The strength of topics, by two requests; what does not exist is left out. Fails with the `kafka-` codes. */
export async function topicStrengths(
  client: KafkaClient,
  names: readonly string[],
): Promise<TopicStrength[]> {
  const topics = await clusterTopics(client, names);
  if (topics.length === 0) return [];
  const settings = await settingsOf(
    client,
    topics.map(({ name }) => name),
  );
  return topics.map((topic) => strengthOf(topic, minInSyncOf(settings.get(topic.name) ?? new Map())));
}

/** The strength of a topic that is known already. */
export function strengthOf({ name, partitions }: KafkaTopic, minInSync: number): TopicStrength {
  return { name, replicas: Math.min(...partitions.map((one) => one.replicas)), minInSync };
}

async function settingsOf(
  client: KafkaClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const resources = names.map((resourceName) => ({ resourceType: TOPIC_RESOURCE, resourceName }) as const);
  const what = names.length === 1 ? `topic ${names[0]}` : 'topics';
  const asking = client.admin.describeConfigs({ resources });
  const found = await client.wrap(`read the settings of the Kafka ${what}`, asking);
  return new Map(
    found.map(({ resourceName, configs }) => [
      resourceName,
      new Map(configs.map((one) => [one.name, String(one.value)])),
    ]),
  );
}

function minInSyncOf(settings: ReadonlyMap<string, string>): number {
  return Number(settings.get('min.insync.replicas') ?? 1);
}

function weaknessesOf(
  topic: KafkaTopic,
  settings: ReadonlyMap<string, string>,
  wish: TopicWish,
): TopicWeakness[] {
  const { replicas } = strengthOf(topic, 0);
  const bytesLeast = topic.name === DEAD_LETTER_TOPIC ? (wish.recordBytesMax ?? 0) : 0;
  const least = (setting: string, found: number, wanted: number, unlimited = false) =>
    found >= wanted || (unlimited && found < 0)
      ? []
      : [{ setting, found: String(found), wanted: `at least ${wanted}` }];
  const number = (name: string, otherwise: number): number => Number(settings.get(name) ?? otherwise);
  const policy = settings.get('cleanup.policy') ?? 'delete';
  const bytes = settings.get('retention.bytes') ?? '-1';
  const unclean = settings.get('unclean.leader.election.enable') ?? 'false';
  return [
    ...least('partitions', topic.partitions.length, wish.partitions),
    ...least('replicas', replicas, wish.replication),
    ...least('min.insync.replicas', minInSyncOf(settings), wish.minInSync),
    ...least('retention.ms', number('retention.ms', -1), wish.retentionMs, true),
    ...least('max.message.bytes', number('max.message.bytes', bytesLeast), bytesLeast),
    ...(wish.syncsEach && settings.get('flush.messages') !== '1'
      ? [{ setting: 'flush.messages', found: settings.get('flush.messages') ?? 'none', wanted: '1' }]
      : []),
    ...(policy === 'delete' ? [] : [{ setting: 'cleanup.policy', found: policy, wanted: 'delete' }]),
    ...(bytes === '-1' ? [] : [{ setting: 'retention.bytes', found: bytes, wanted: '-1' }]),
    ...(unclean === 'false'
      ? []
      : [{ setting: 'unclean.leader.election.enable', found: unclean, wanted: 'false' }]),
  ].map((one) => ({ topic: topic.name, ...one }));
}
