import type { KafkaClient } from './kafka-client.ts';
import { fetchPartition } from './partition-fetch.ts';
import { readRecordSets } from './record-set-reader.ts';
import { topicSettings } from './topics.ts';

/** A record by its place. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that waits to be read: since when, and when it is removed. */
export interface WaitingRecord extends RecordPlace {
  /** Latest time of a record of its batch, ms since 1970; undefined when the record is not there any more. */
  readonly sinceMs: number | undefined;
  /** How long the topic keeps records, ms; undefined without a limit. */
  readonly retentionMs: number | undefined;
}

/**
 * Looks at records that wait, one small fetch each, one after the other. Those of a partition without a leader, or of a
 * topic that is gone, are left out. Fails with the `kafka-` codes.
 */
export async function waitingSince(
  client: KafkaClient,
  places: readonly RecordPlace[],
): Promise<WaitingRecord[]> {
  const found: WaitingRecord[] = [];
  for (const [name, ofTopic] of Map.groupBy(places, ({ topic }) => topic)) {
    const topic = await client.topic(name);
    const kept = Number((await topicSettings(client, name)).get('retention.ms') ?? -1);
    for (const place of ofTopic) {
      const { leader = -1, leaderEpoch = -1 } = topic.partitions[place.partition] ?? {};
      if (leader < 0) continue;
      const { partition, offset } = place;
      // a broker hands out one batch at least
      const plan = { topicId: topic.id, partition, leaderEpoch, offset, waitMs: 0, bytesMax: 1 };
      const { records } = await fetchPartition(client, leader, plan);
      const batch = readRecordSets(records).find(({ lastOffset }) => lastOffset >= offset);
      found.push({ ...place, sinceMs: batch?.maxMs, retentionMs: kept < 0 ? undefined : kept });
    }
  }
  return found;
}
