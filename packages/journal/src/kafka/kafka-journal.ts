import type { EncodedBatch } from '../batch.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Consumer, Journal, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { readProjectTable } from '../project-table.ts';
import { BatchEncoder } from './batch-encoder.ts';
import type { KafkaClient } from './kafka-client.ts';
import {
  type KafkaPartition,
  type KafkaPartitionNeeds,
  type KafkaPartitionOptions,
  openKafkaPartition,
} from './kafka-partition.ts';
import { RecordProducer } from './record-producer.ts';

/** Which partition is written and read, and how much may wait. */
export interface KafkaJournalOptions extends KafkaPartitionOptions {
  /** Appends that Kafka has not answered yet; as `LIMITS.kafkaUnresolvedBytes` when absent. */
  readonly unresolvedBytesMax?: number;
  /** Records that are kept beyond what consumers hold back; what is above 80 % of it is given up by `trim`. Without it only Kafka's retention removes records. */
  readonly recordsMax?: number;
}

/** Opens a partition as a journal that this process alone writes. Fails as `openKafkaPartition` does. */
export async function openKafkaJournal(
  options: KafkaJournalOptions,
  needs: KafkaPartitionNeeds,
): Promise<KafkaJournal> {
  const partition = await openKafkaPartition(options, needs);
  return new KafkaJournal(options, needs, partition);
}

interface Waiting {
  readonly batch: EncodedBatch;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/**
 * A journal on one partition of Kafka, each append one batch there (acks=all, idempotent). Durable is what all replicas
 * in sync have: with one replica that is no fsync. While Kafka is away appends wait up to a limit, then are refused with
 * `journal-full`; what waits is not lost and stays in order. Disposing waits for it.
 */
export class KafkaJournal implements Journal {
  readonly id: string;
  readonly #options: KafkaJournalOptions;
  readonly #needs: KafkaPartitionNeeds;
  readonly #partition: KafkaPartition;
  readonly #client: KafkaClient;
  readonly #producer: RecordProducer;
  readonly #encoder: BatchEncoder;
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  #unresolvedBytes = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** For `openKafkaJournal`. */
  constructor(options: KafkaJournalOptions, needs: KafkaPartitionNeeds, partition: KafkaPartition) {
    this.id = partition.id;
    this.#options = options;
    this.#needs = needs;
    this.#partition = partition;
    this.#client = needs.client.fork();
    this.#producer = new RecordProducer(this.#client, { onWaiting: (reason) => this.#tell(reason) });
    this.#encoder = new BatchEncoder();
  }

  get start(): Offset {
    return this.#partition.start;
  }

  get end(): Offset {
    return this.#partition.end;
  }

  get telemetryEnd(): number {
    return this.#partition.telemetryEnd;
  }

  /** The reading side. */
  get partition(): KafkaPartition {
    return this.#partition;
  }

  received(): ReceivedCount[] {
    return this.#partition.received();
  }

  append(batch: EncodedBatch): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(closed());
    const most = this.#options.unresolvedBytesMax ?? LIMITS.kafkaUnresolvedBytes.value;
    const { byteLength } = batch.bytes;
    if (this.#unresolvedBytes > 0 && this.#unresolvedBytes + byteLength > most)
      return Promise.reject(full(this.#unresolvedBytes, most, batch));
    this.#unresolvedBytes += byteLength;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    return this.#partition.read(from, bytesMax);
  }

  waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    return this.#partition.waitBeyond(offset, signal);
  }

  commit(consumer: Consumer): void {
    this.#partition.commit(consumer);
  }

  /** Lets Kafka give up records beyond `recordsMax` that every mandatory consumer is done with, and takes note of what retention has removed. */
  async trim(): Promise<Offset> {
    if (this.#isClosed) throw closed();
    const { recordsMax, topic, partition } = this.#options;
    const excess = recordsMax === undefined ? 0 : this.end - this.start - Math.floor(recordsMax * 0.8);
    const upTo = Math.min(this.start + excess, this.#partition.floor);
    if (excess > 0 && upTo > this.start) {
      const partitions = [{ partition, offset: BigInt(upTo) }];
      const removing = this.#client.admin.deleteRecords({ topics: [{ name: topic, partitions }] });
      await this.#client.wrap(`give up records of ${topic}/${partition}`, removing);
    }
    return this.#partition.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#running;
    this.#stop.abort();
    await this.#client[Symbol.asyncDispose]();
    await this.#partition[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    await undefined;
    for (let one = this.#waiting.shift(); one; one = this.#waiting.shift()) {
      try {
        one.resolve(await this.#send(one.batch));
      } catch (error) {
        one.reject(error);
      } finally {
        this.#unresolvedBytes -= one.batch.bytes.byteLength;
      }
    }
    // in the same step as the last look at what waits
    this.#running = undefined;
  }

  async #send(batch: EncodedBatch): Promise<AppendResult> {
    const { topic, partition } = this.#options;
    const set = this.#encoder.encode(batch);
    const [sent] = await this.#producer.send([{ topic, partition, set }], this.#stop.signal);
    if (!sent || sent.refusal)
      throw sent?.refusal ?? new JournalError('kafka-refused', 'Cannot append: Kafka gave no answer.');
    // a batch that was taken twice and is told without its place ends where the partition does
    const firstOffset = sent.baseOffset >= 0 ? sent.baseOffset : (await this.#endNow()) - batch.count;
    const { bytes, tableStart, count, telemetryCount } = batch;
    const counts = readProjectTable(bytes, tableStart);
    const appendedMicros = this.#needs.clock.nowMicros();
    this.#partition.noteAppended({ firstOffset, count, telemetryCount, appendedMicros, body: bytes, counts });
    return { firstOffset, end: firstOffset + count };
  }

  async #endNow(): Promise<Offset> {
    await this.#partition.refresh();
    return this.#partition.end;
  }

  #tell(reason: JournalError): void {
    const { topic, partition } = this.#options;
    this.#needs.logger.log('warn', 'Kafka does not take records; they wait', {
      topic,
      partition,
      reason: reason.message,
    });
  }
}

function full(bytes: number, most: number, batch: EncodedBatch): JournalError {
  return new JournalError(
    'journal-full',
    `Cannot append: ${bytes} bytes wait for Kafka, and ${most} may.`,
    { full: 'backlog', bytes },
    undefined,
    batch,
  );
}

function closed(): JournalError {
  return new JournalError('journal-closed', 'Cannot use the journal: it has been closed.');
}
