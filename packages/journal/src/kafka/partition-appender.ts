import type { RecordInput } from '../batch.ts';
import { BatchBuilder } from '../batch-builder.ts';
import { JournalError } from '../errors.ts';
import type { Offset } from '../journal.ts';
import { BatchEncoder } from './batch-encoder.ts';
import type { KafkaClient } from './kafka-client.ts';
import { partitionEnds } from './partition-ends.ts';
import { RecordProducer } from './record-producer.ts';

/** Which partition is meant. */
export interface AppendedPartition {
  readonly topic: string;
  readonly partition: number;
  /** `partitionJournalId`: a topic that was made anew is another journal, and is refused. */
  readonly journalId: string;
}

/** Puts single records into partitions that others write and read: what is asked of the pipeline that judges a partition. */
export class PartitionAppender implements AsyncDisposable {
  readonly #client: KafkaClient;
  readonly #producer: RecordProducer;
  readonly #encoder = new BatchEncoder();
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: KafkaClient) {
    this.#client = client.fork();
    this.#producer = new RecordProducer(this.#client, { onWaiting: () => undefined });
  }

  /**
   * Appends records, which name no project, as one batch (acks=all, idempotent), in the order of the calls; resolves with
   * the offset of the first. It is tried until `signal` is aborted: then it fails with the reason of the last try, and
   * the records may have been taken. Fails with `journal-foreign` when the partition is another by now, with
   * `kafka-refused` when Kafka will never take them, and with `record-too-large`.
   */
  append(place: AppendedPartition, records: readonly RecordInput[], signal: AbortSignal): Promise<Offset> {
    const appending = this.#last.then(() => this.#append(place, records, signal));
    this.#last = appending.catch(() => undefined); // the caller is told
    return appending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#client[Symbol.asyncDispose]();
  }

  async #append(
    { topic, partition, journalId }: AppendedPartition,
    records: readonly RecordInput[],
    signal: AbortSignal,
  ): Promise<Offset> {
    const ends = await partitionEnds(this.#client, [topic]);
    const found = ends.find((one) => one.partition === partition);
    if (found?.journalId !== journalId)
      throw new JournalError(
        'journal-foreign',
        `Cannot append to ${topic}/${partition}: it is the journal ${found?.journalId ?? '(none)'} now, and ${journalId} was meant.`,
        { topic, partition },
      );
    const builder = new BatchBuilder();
    for (const record of records) builder.add(record);
    const batch = builder.close();
    if (!batch) return found.end;
    const set = this.#encoder.encode([batch]);
    const [sent] = await this.#producer.send([{ topic, partition, set }], signal);
    if (!sent || sent.refusal)
      throw sent?.refusal ?? new JournalError('kafka-refused', 'Cannot append: Kafka gave no answer.');
    if (sent.baseOffset >= 0) return sent.baseOffset;
    // it was taken twice and is told without its place: at the end by now at the latest
    const [now] = (await partitionEnds(this.#client, [topic])).filter((one) => one.partition === partition);
    return (now?.end ?? found.end) - records.length;
  }
}
