import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECORD_KIND, RecordAppender, type RecordInput } from '@skerry/journal';
import { parseOrigin } from '@skerry/journal/kafka';
import { openSegmentJournal, type SegmentJournal } from '@skerry/journal/segment';
import { noFailpoints } from '@skerry/kernel';
import type { Kafka as Cluster } from '@skerry/testkit/engines';
import { Kafka, logLevel } from 'kafkajs';
import type { Tools } from './scene.ts';

const encoder = new TextEncoder();

/** A folder that goes with its block. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'skerry-kafka-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The journal in a folder. */
export function openJournal(folder: string, needs: Tools): Promise<SegmentJournal> {
  return openSegmentJournal(
    { folder: join(folder, 'journal'), reserveBytes: 0 },
    { ...needs, failpoint: noFailpoints },
  );
}

/** What a test says of a record that is appended. */
export type Sample = Partial<Omit<RecordInput, 'project' | 'topic' | 'payload'>> & {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  readonly payload?: string;
};

/** Appends records durably. */
export async function append(
  journal: SegmentJournal,
  needs: Tools,
  samples: Iterable<Sample>,
): Promise<void> {
  const appender = new RecordAppender((batch) => journal.append(batch), needs);
  let count = 0;
  for (const sample of samples) {
    const { tenant = 'tenant-1', project = 'project-1', device = 'd', payload = '{}', ...rest } = sample;
    appender.add({
      kind: RECORD_KIND.telemetry,
      qos: 1,
      retain: false,
      receivedMicros: needs.clock.nowMicros(),
      client: encoder.encode('client'),
      headers: new Uint8Array(0),
      ...rest,
      project: appender.project(tenant, project),
      topic: encoder.encode(`iot/${tenant}/${project}/${device}/telemetry`),
      payload: encoder.encode(payload),
    });
    if (++count % 5000 === 0) await appender.flush();
  }
  await appender.flush();
}

/** Numbered records of some devices. */
export function* numbered(count: number, devices: number): Iterable<Sample> {
  for (let i = 0; i < count; i++)
    yield { device: `device-${i % devices}`, payload: JSON.stringify({ n: i }) };
}

/** A record as another's client reads it. */
export interface SeenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything in topics, by another's client, in the order of each partition. */
export async function readAll({ brokers }: Cluster, topics: readonly string[]): Promise<SeenRecord[]> {
  const client = new Kafka({
    clientId: 'reader',
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries: 60 },
  });
  const admin = client.admin();
  await admin.connect();
  const ends = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) ends.set(`${topic}/${partition}`, Number(high));
  await admin.disconnect();
  const seen: SeenRecord[] = [];
  if (ends.size === 0) return seen;
  const consumer = client.consumer({ groupId: `reader-${process.pid}-${performance.now()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const eachBatch = async ({ batch }: { batch: import('kafkajs').Batch }): Promise<void> => {
        for (const message of batch.messages) seen.push(seenOf(batch.topic, batch.partition, message));
        const place = `${batch.topic}/${batch.partition}`;
        if (Number(batch.lastOffset()) + 1 >= (ends.get(place) ?? 0)) ends.delete(place);
        if (ends.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return seen;
}

function seenOf(topic: string, partition: number, message: import('kafkajs').KafkaMessage): SeenRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    topic,
    partition,
    key: String(message.key),
    value: String(message.value),
    headers: Object.fromEntries(headers),
  };
}

/** What the origins in the partitions say: every fault in words, and how many records came again. */
export function judgeOrigins(records: readonly SeenRecord[]): {
  readonly faults: string[];
  readonly repeated: number;
  /** Offsets in the journal, each once. */
  readonly offsets: Set<number>;
} {
  const faults: string[] = [];
  const offsets = new Set<number>();
  const highest = new Map<string, { offset: number; number: number }>();
  let repeated = 0;
  for (const { topic, partition, headers } of records) {
    const origin = parseOrigin(headers.origin ?? '');
    const place = `${topic}/${partition}`;
    if (!origin) {
      faults.push(`${place} holds a record with the origin ${headers.origin}`);
      continue;
    }
    const known = highest.get(place) ?? { offset: -1, number: -1 };
    if (origin.offset <= known.offset) {
      repeated++;
      if (origin.number > known.number) faults.push(`${place} repeats ${origin.offset} with a new number`);
      continue;
    }
    if (origin.number !== known.number + 1)
      faults.push(`${place} goes from number ${known.number} to ${origin.number}`);
    if (offsets.has(origin.offset)) faults.push(`${origin.offset} stands in two partitions`);
    offsets.add(origin.offset);
    highest.set(place, { offset: origin.offset, number: origin.number });
  }
  return { faults, repeated, offsets };
}

/** The first appearance of each record, by its origin. */
export function firstOnes(records: readonly SeenRecord[]): SeenRecord[] {
  const seen = new Set<string>();
  return records.filter(({ topic, headers }) => {
    const text = `${topic} ${headers.origin?.split('/').slice(0, 2).join('/')}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
