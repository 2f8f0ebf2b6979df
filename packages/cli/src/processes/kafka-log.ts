import { JournalError } from '@skerry/journal';
import {
  type EnsuredTopic,
  ensureTopics,
  journalMemoryFile,
  type KafkaClient,
  type KafkaJournal,
  openKafkaJournal,
  TopicLayout,
  type TopicWish,
} from '@skerry/journal/kafka';
import type { Clock, Disk, Logger, Meter, Random } from '@skerry/kernel';
import { DIRECT_LEAST } from '../config/role-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { KAFKA_MEMORY } from './journal-folder.ts';
import { openConfiguredKafka, topicWishOf } from './kafka-way.ts';
import type { SeenBase } from './seen-base.ts';

/** A journal on Kafka as the log's thread is told of it. */
export interface KafkaLogOptions {
  readonly config: Pick<SkerryConfig, 'kafka' | 'mqtt' | 'journal'>;
  /** How far the store has seen it. */
  readonly seen?: SeenBase;
  /** Id of the journal that the store has followed. */
  readonly followed?: string;
}

/** What it works with. */
export interface KafkaLogNeeds {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** A batch of Kafka holds several of the journal, each with headers of its own. */
const BATCH_BYTES = 32 * 2 ** 20;
const RETRY_MS = 1_000;

/**
 * Opens the journal of `skerry up` on Kafka, and makes its topic where it does not exist. Waits for Kafka, and says so;
 * fails for what does not pass, with `config-invalid` for a topic that cannot be the journal, or is missing where nothing
 * is to be made.
 */
export async function openKafkaLog(
  folder: string,
  isReadOnly: boolean,
  { config, ...store }: KafkaLogOptions,
  needs: KafkaLogNeeds,
): Promise<{ readonly journal: KafkaJournal; readonly client: KafkaClient }> {
  const { topic } = config.journal;
  const client = await openConfiguredKafka('skerry-up', config, needs);
  const memory = journalMemoryFile(needs.disk, { folder, name: KAFKA_MEMORY });
  const layout = new TopicLayout({ topic });
  let told = '';
  for (;;) {
    try {
      if (!isReadOnly) await ensureJournalTopic(client, config);
      const journal = await openKafkaJournal(
        { topic, partition: 0, layout, memory, readOnly: isReadOnly, ...store },
        { ...needs, client },
      );
      return { journal, client };
    } catch (fault) {
      const isMissing = isReadOnly && fault instanceof JournalError && fault.code === 'kafka-topic-missing';
      if (isMissing || !(fault instanceof JournalError) || fault.advice !== 'retry') {
        await client[Symbol.asyncDispose]();
        throw isMissing ? missing(topic, fault) : fault;
      }
      if (fault.message !== told) needs.logger.log('warn', 'Waits for Kafka', { reason: fault.message });
      told = fault.message;
    }
    await needs.clock.sleep(RETRY_MS);
  }
}

function missing(topic: string, cause: unknown): CliError {
  return new CliError(
    'config-invalid',
    `journal.topic: found no Kafka topic ${topic}, wanted the one that this data folder was written with: nothing is made by a process that only reads.`,
    {},
    cause,
  );
}

/** What the topic of a journal is made like: with fewer replicas than survive a power cut each batch is synced before it is acknowledged. */
export function journalWish(config: KafkaLogOptions['config']): TopicWish {
  const { kafka, journal } = config;
  const { replicas, minInSync } = DIRECT_LEAST;
  return {
    ...topicWishOf(config),
    name: journal.topic,
    partitions: 1,
    maxMessageBytes: BATCH_BYTES,
    syncsEach: kafka.replication < replicas || kafka.minInSync < minInSync,
  };
}

async function ensureJournalTopic(client: KafkaClient, config: KafkaLogOptions['config']): Promise<void> {
  const { logger } = client.needs;
  const [topic] = await ensureTopics(client, [journalWish(config)]);
  if (!topic) return;
  const unfit = unfitAsJournal(topic);
  if (unfit)
    throw new CliError(
      'config-invalid',
      `journal.topic: found the Kafka topic ${topic.name} with ${unfit.found}, wanted ${unfit.wanted}.`,
    );
  for (const weakness of topic.weaknesses)
    logger.log('warn', 'A Kafka topic keeps less than configured', { ...weakness });
}

/** Why a power cut takes nothing of a journal that Kafka has acknowledged, by the topic as it is, or as it will be made; undefined when it may take some. */
export function journalSafety(
  topic: Pick<EnsuredTopic, 'partitions' | 'minInSync' | 'syncsEach'> | undefined,
  wish: Pick<TopicWish, 'syncsEach'>,
): string | undefined {
  if (topic ? topic.syncsEach : wish.syncsEach)
    return "the journal's broker syncs each batch before it acknowledges";
  if (!topic || isWeak(topic)) return undefined;
  return `the journal's topic has ${replicasOf(topic)} replicas of which ${topic.minInSync} have to be in sync`;
}

/** Why a topic cannot be a journal; undefined when it can. */
export function unfitAsJournal(
  topic: Pick<EnsuredTopic, 'partitions' | 'minInSync' | 'maxMessageBytes' | 'syncsEach'>,
): { readonly found: string; readonly wanted: string } | undefined {
  const { partitions, minInSync, maxMessageBytes, syncsEach } = topic;
  const replicas = replicasOf(topic);
  if (partitions.length !== 1) return { found: `${partitions.length} partitions`, wanted: 'one partition' };
  if (!syncsEach && isWeak(topic))
    return {
      found: `${replicas === 1 ? 'one replica' : `${replicas} replicas`}, min.insync.replicas ${minInSync} and no flush.messages=1`,
      wanted:
        'flush.messages=1, or 3 replicas of which 2 are in sync: a power cut must take nothing that was acknowledged',
    };
  if (maxMessageBytes < BATCH_BYTES)
    return { found: `max.message.bytes ${maxMessageBytes}`, wanted: `at least ${BATCH_BYTES}` };
  return undefined;
}

/** What it acknowledges can be lost with one machine, unless that syncs. */
function isWeak(topic: Pick<EnsuredTopic, 'partitions' | 'minInSync'>): boolean {
  return replicasOf(topic) < DIRECT_LEAST.replicas || topic.minInSync < DIRECT_LEAST.minInSync;
}

function replicasOf({ partitions }: Pick<EnsuredTopic, 'partitions'>): number {
  return Math.min(...partitions.map(({ replicas }) => replicas));
}
