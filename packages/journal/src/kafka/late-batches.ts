import type { Logger } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset, StoredBatch } from '../journal.ts';
import { shared } from './journal-faults.ts';
import type { KafkaPartition } from './kafka-partition.ts';

/** What lies before a batch that Kafka has just taken. */
export interface LatePlace {
  readonly topic: string;
  readonly partition: number;
  readonly from: Offset;
  readonly to: Offset;
}

/**
 * Batches that nobody knew of when the journal was opened: a process before this one had sent them, and Kafka took them up
 * late, since replicas were away or the broker stood still. Nobody was told that they are durable, and they are. Fails with
 * `journal-foreign` when another producer than `own` wrote any of them.
 */
export async function* lateBatches(
  { topic, partition, from, to }: LatePlace,
  own: readonly number[],
  { reader, logger }: { readonly reader: KafkaPartition; readonly logger: Logger },
): AsyncGenerator<StoredBatch, void, void> {
  await reader.refresh();
  for (const writer of await reader.writers(from, to))
    if (!own.includes(writer)) throw shared({ topic, partition }, from, to);
  const facts = { topic, partition, from, records: to - from };
  logger.log('warn', 'Kafka has taken records late that an earlier process had sent', facts);
  for (let at = from; at < to; ) {
    const [batch] = await reader.read(at, 1);
    if (!batch)
      throw new JournalError('kafka-unsteady', `Cannot read ${topic}/${partition} from ${at} on.`, facts);
    at = batch.firstOffset + batch.count;
    yield batch;
  }
}
