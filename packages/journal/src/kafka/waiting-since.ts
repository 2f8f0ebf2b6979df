import { JournalError } from '../errors.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { kafkaAnswerFault } from './kafka-fault.ts';
import { listBounds } from './partition-ends.ts';
import { fetchPartition } from './partition-fetch.ts';
import { readRecordSets } from './record-set-reader.ts';
import { retentionOf } from './topic-retention.ts';
import { topicSettings } from './topics.ts';

/** A record by its place. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that waits to be read: since when, and when it is removed, as far as Kafka says it. */
export interface WaitingRecord extends RecordPlace {
  /** Latest time of a record of its batch, ms since 1970; undefined when it is not known, or when no record is there. */
  readonly sinceMs: number | undefined;
  /** Whether Kafka has removed it. */
  readonly isTrimmed: boolean;
  /** How long the topic keeps records, ms; undefined without a limit, or when it is not known. */
  readonly retentionMs: number | undefined;
  /** Why something of this is not known. */
  readonly fault: JournalError | undefined;
}

/**
 * Looks at records that wait, one small fetch each, one after the other, those of a topic together. What Kafka does not
 * say of one, with its `kafka-` code, keeps nothing of the others from being known.
 */
export async function* waitingSince(
  client: KafkaClient,
  places: readonly RecordPlace[],
): AsyncGenerator<WaitingRecord, undefined> {
  for (const [name, ofTopic] of Map.groupBy(places, ({ topic }) => topic)) {
    const topic = await told(client.topic(name));
    const settings = topic instanceof JournalError ? topic : await told(topicSettings(client, name));
    const retentionMs = settings instanceof JournalError ? undefined : retentionOf(settings);
    const ofSettings = settings instanceof JournalError ? settings : undefined;
    for (const place of ofTopic) {
      const found = topic instanceof JournalError ? topic : await told(look(client, topic, place));
      yield found instanceof JournalError
        ? { ...place, sinceMs: undefined, isTrimmed: false, retentionMs, fault: found }
        : { ...place, ...found, retentionMs, fault: ofSettings };
    }
  }
  return undefined;
}

async function look(
  client: KafkaClient,
  { name, id: topicId, partitions }: KafkaTopic,
  { partition, offset }: RecordPlace,
): Promise<Pick<WaitingRecord, 'sinceMs' | 'isTrimmed'>> {
  const { leader = -1, leaderEpoch = -1 } = partitions[partition] ?? {};
  const action = `look at record ${offset} of ${name}/${partition}`;
  if (leader < 0) throw kafkaAnswerFault(action, 'LEADER_NOT_AVAILABLE', undefined);
  // a broker hands out one batch at least
  const plan = { topicId, partition, leaderEpoch, offset, waitMs: 0, bytesMax: 1 };
  const { apiId, records } = await fetchPartition(client, leader, plan);
  if (apiId === 'OFFSET_OUT_OF_RANGE' && offset < (await listBounds(client, name, partition)).start)
    return { sinceMs: undefined, isTrimmed: true };
  if (apiId !== 'NONE') throw kafkaAnswerFault(action, apiId, undefined);
  const batch = readRecordSets(records).find(({ lastOffset }) => lastOffset >= offset);
  return { sinceMs: batch?.maxMs, isTrimmed: false };
}

/** What Kafka says, or why it does not. */
async function told<T>(asking: Promise<T>): Promise<T | JournalError> {
  try {
    return await asking;
  } catch (fault) {
    if (fault instanceof JournalError) return fault;
    throw fault;
  }
}
