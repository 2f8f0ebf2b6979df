import type { Clock, Counter, Logger, Meter, Random } from '@skerry/kernel';
import { ConsumerBook } from '../consumer-book.ts';
import { EndWaiters } from '../end-waiters.ts';
import { JournalError } from '../errors.ts';
import type { Consumer, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { kafkaAnswerFault, kafkaFault } from './kafka-fault.ts';
import { baseAt, type PartitionBase, PartitionCount } from './partition-count.ts';
import { FETCH_BYTES, type FetchAnswer, fetchPartition } from './partition-fetch.ts';
import { type PartitionLag, PartitionLagMeters } from './partition-lag.ts';
import { readRecordSets } from './record-set-reader.ts';
import { Retry } from './retry.ts';
import { BatchMaker, type MadeBatch } from './stored-batches.ts';
import type { TopicLayout } from './topic-layout.ts';
import { partitionJournalId, topicSettings } from './topics.ts';

const EARLIEST = -2n;
const LATEST = -1n;

/** Which partition is read, and what is known of it. */
export interface KafkaPartitionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly layout: TopicLayout;
  /** What the reader has kept: its position and the counts there. Without it reading and counting begin at the oldest record. */
  readonly base?: PartitionBase;
  /** What happens when Kafka's retention has passed the position: `fail` (the default), or `void` for records of that kind in the place of the lost ones. Either way it is logged as an error and counted. */
  readonly onLost?: 'fail' | 'void';
}

/** What the reader of a partition works with. */
export interface KafkaPartitionNeeds {
  readonly client: KafkaClient;
  readonly clock: Clock;
  readonly random: Pick<Random, 'float'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Whether fetches get through: while they do not, `reason` says why. */
export type PartitionCondition =
  | { readonly is: 'connected' }
  | { readonly is: 'waiting'; readonly reason: string; readonly code: string };

/** The oldest and the newest offset of a partition. */
interface Bounds {
  readonly start: Offset;
  readonly end: Offset;
}

/**
 * Opens the reading side of a partition as a journal. Fails with the `kafka-` codes, and with `offset-trimmed` when
 * retention has passed the position, told with how many records are lost.
 */
export async function openKafkaPartition(
  options: KafkaPartitionOptions,
  needs: KafkaPartitionNeeds,
): Promise<KafkaPartition> {
  const { topic: name, partition } = options;
  const client = needs.client.fork();
  try {
    const { id: cluster } = await client.cluster();
    const topic = await client.topic(name);
    const bounds = await listBounds(client, name, partition);
    const settings = await topicSettings(client, name);
    const retentionMs = Number(settings.get('retention.ms') ?? -1);
    const id = partitionJournalId(cluster, topic.id, partition);
    const opened = { id, topic, bounds, retentionMs: retentionMs < 0 ? undefined : retentionMs };
    return new KafkaPartition(options, { ...needs, client }, opened);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

interface OpenedPartition {
  readonly id: string;
  readonly topic: KafkaTopic;
  readonly bounds: Bounds;
  readonly retentionMs: number | undefined;
}

/**
 * A partition as a journal to be read: Kafka's offsets are the offsets, `end` is what all replicas in sync have. Reads
 * and waits while Kafka is away. What has been read in order is counted; what has not is told by `unread`.
 */
export class KafkaPartition implements AsyncDisposable {
  readonly id: string;
  readonly #options: KafkaPartitionOptions;
  readonly #needs: KafkaPartitionNeeds;
  readonly #lost: Counter;
  readonly #topicId: string;
  readonly #maker: BatchMaker;
  readonly #count: PartitionCount;
  readonly #consumers = new ConsumerBook();
  readonly #waiters = new EndWaiters();
  readonly #stop = new AbortController();
  readonly #lag: PartitionLagMeters;
  #leader: number;
  #start: Offset;
  #end: Offset;
  #condition: PartitionCondition = { is: 'connected' };
  /** Batches that were fetched and not handed out, in order. */
  #held: MadeBatch[] = [];
  #polling: Promise<void> | undefined;
  #waitingCount = 0;
  #hasFetched = false;

  /** For `openKafkaPartition`. */
  constructor(options: KafkaPartitionOptions, needs: KafkaPartitionNeeds, opened: OpenedPartition) {
    const { id, topic, bounds, retentionMs } = opened;
    this.id = id;
    this.#options = options;
    this.#needs = needs;
    this.#topicId = topic.id;
    this.#leader = topic.partitions[options.partition]?.leader ?? -1;
    this.#start = bounds.start;
    this.#end = bounds.end;
    this.#lost = needs.meter.counter(
      'iot_kafka_lost_records_total',
      'Records that retention removed before they were read.',
      { topic: options.topic, partition: String(options.partition) },
    );
    const base = options.base ?? baseAt(bounds.start);
    this.#maker = new BatchMaker(options.topic, options.layout);
    this.#count = new PartitionCount(base);
    if (base.offset < bounds.start) this.#lose(base.offset, bounds.start);
    this.#lag = new PartitionLagMeters(options, needs, retentionMs, () => this.#look());
    this.#lag.commit(base.offset);
  }

  /** First offset that can be read. */
  get start(): Offset {
    return this.#start;
  }

  /** Offset behind the last record that all replicas in sync have, as of the last answer. */
  get end(): Offset {
    return this.#end;
  }

  /** Telemetry records below `countedEnd`: those of the base and those read in order since, so that it agrees with `received`. */
  get telemetryEnd(): number {
    return this.#count.telemetry;
  }

  /** Offset up to which records have been read and counted. */
  get countedEnd(): Offset {
    return this.#count.offset;
  }

  /** Records between `countedEnd` and `end`: at most so many telemetry records have not been read. */
  get unread(): number {
    return Math.max(0, this.#end - this.#count.offset);
  }

  /** Whether fetches get through. */
  get condition(): PartitionCondition {
    return this.#condition;
  }

  /** How far the consumer with the lowest position is behind, and when retention reaches it. */
  lag(): PartitionLag {
    return this.#lag.lag(this.#end);
  }

  /** Received records per project below `countedEnd`. */
  received(): ReceivedCount[] {
    return this.#count.received();
  }

  /** As `Journal.read`. Waits while Kafka is away. Fails with `journal-foreign` when the topic has been made anew too. */
  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    this.#assertReadable(from);
    if (from >= this.#end) return [];
    const batches = this.#takeHeld(from) ?? (await this.#fetchBatches(from, bytesMax));
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const [i, batch] of batches.entries()) {
      bytes += batch.body.byteLength;
      if (i > 0 && bytes > bytesMax) {
        this.#held = batches.slice(i);
        break;
      }
      found.push(this.#stored(batch));
    }
    return found;
  }

  /** As `Journal.waitBeyond`: the broker is asked to answer as soon as there is something. */
  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) throw closed();
    if (this.#end > offset || signal.aborted) return;
    this.#waitingCount++;
    this.#polling ??= this.#poll();
    try {
      await this.#waiters.wait(offset, signal);
    } finally {
      this.#waitingCount--;
    }
  }

  /** As `Journal.commit`; only for `lag`, since the position is kept by the consumer. */
  commit(consumer: Consumer): void {
    if (this.#stop.signal.aborted) throw closed();
    this.#consumers.commit({ ...consumer, position: Math.min(consumer.position, this.#end) });
    this.#lag.commit(this.#consumers.floor);
  }

  /** Offset below which every mandatory consumer is done. */
  get floor(): Offset {
    return this.#consumers.floor;
  }

  /** Takes note of a batch that this process has appended. */
  noteAppended(batch: MadeBatch): void {
    this.#count.before(batch);
    this.#moveEnd(batch.firstOffset + batch.count);
  }

  /** Asks for the bounds as they are now, and returns the new `start`. */
  async refresh(): Promise<Offset> {
    if (this.#stop.signal.aborted) throw closed();
    const bounds = await this.#patiently((topic) =>
      listBounds(this.#needs.client, topic, this.#options.partition),
    );
    if (this.#stop.signal.aborted) throw closed();
    this.#start = Math.max(this.#start, bounds.start);
    this.#moveEnd(bounds.end);
    return this.#start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#waiters.fail(closed());
    this.#lag[Symbol.dispose]();
    await this.#needs.client[Symbol.asyncDispose]();
    await this.#polling;
  }

  #stored(batch: MadeBatch): StoredBatch {
    const { firstOffset, count, telemetryCount, appendedMicros, body } = batch;
    this.#lag.read(batch);
    const telemetryBefore = this.#count.before(batch);
    return { firstOffset, count, telemetryBefore, telemetryCount, appendedMicros, body };
  }

  #takeHeld(from: Offset): MadeBatch[] | undefined {
    const held = this.#held;
    this.#held = [];
    const first = held[0];
    return first && first.firstOffset <= from && from < first.firstOffset + first.count ? held : undefined;
  }

  async #fetchBatches(from: Offset, bytesMax: number): Promise<MadeBatch[]> {
    const lostUntil = this.#options.onLost === 'void' ? this.#lostUntil : 0;
    if (from < lostUntil)
      return this.#maker.voids(from, Math.min(lostUntil, from + LIMITS.kafkaVoidsMax.value));
    const answer = await this.#fetch(from, 0, bytesMax);
    return answer ? this.#made(answer, from) : [];
  }

  #made(answer: FetchAnswer, from: Offset): MadeBatch[] {
    const batches = this.#maker.make(readRecordSets(answer.records), answer.aborted, from);
    const last = batches.at(-1);
    // what lies above the end is part of a transaction that is open
    return last && last.firstOffset + last.count > this.#end
      ? batches.filter(({ firstOffset, count }) => firstOffset + count <= this.#end)
      : batches;
  }

  /** An answer that holds what was asked for; undefined when it was closed meanwhile. */
  async #fetch(offset: Offset, waitMs: number, bytesMax: number): Promise<FetchAnswer | undefined> {
    const { partition } = this.#options;
    const { client } = this.#needs;
    const plan = { topicId: this.#topicId, partition, offset, waitMs, bytesMax };
    const answer = await this.#patiently(async (topic) => {
      const found = await fetchPartition(client, this.#leader, plan);
      if (found.apiId === 'NONE' || found.apiId === 'OFFSET_OUT_OF_RANGE') return found;
      throw kafkaAnswerFault(`fetch from ${topic}/${partition}`, found.apiId, undefined);
    });
    if (this.#stop.signal.aborted) throw closed();
    this.#hasFetched = true;
    if (answer.apiId === 'OFFSET_OUT_OF_RANGE') {
      await this.#outOfRange(offset);
      return undefined;
    }
    this.#start = Math.max(this.#start, this.#options.onLost === 'void' ? this.#start : answer.logStart);
    this.#moveEnd(answer.end);
    return answer;
  }

  async #outOfRange(offset: Offset): Promise<void> {
    const { topic, partition } = this.#options;
    const { client } = this.#needs;
    const bounds = await this.#patiently((name) => listBounds(client, name, partition));
    if (offset < bounds.start) {
      this.#lose(offset, bounds.start);
      return;
    }
    if (offset <= bounds.end) return;
    throw new JournalError(
      'journal-damaged',
      `Cannot read ${topic}/${partition} from ${offset}: Kafka has it up to ${bounds.end} only, so records were lost there.`,
      { offset, end: bounds.end },
    );
  }

  #lostUntil: Offset = 0;

  /** Retention took records that were not read: nobody may overlook that. */
  #lose(from: Offset, to: Offset): void {
    const { topic, partition, onLost } = this.#options;
    const { logger } = this.#needs;
    const lost = to - from;
    const facts = { topic, partition, from, start: to, lost };
    logger.log('error', 'Kafka has removed records that were not read', facts);
    this.#lost.add(lost);
    if (onLost === 'void') {
      this.#lostUntil = to;
      this.#start = Math.min(this.#start, from);
      return;
    }
    this.#start = Math.max(this.#start, to);
    throw new JournalError(
      'offset-trimmed',
      `Cannot read ${topic}/${partition} from ${from}: Kafka begins at ${to}, so ${lost} records are lost.`,
      facts,
    );
  }

  /** Fetches at the end while somebody waits; what comes is held for them. */
  async #poll(): Promise<void> {
    await undefined;
    try {
      while (this.#waitingCount > 0 && !this.#stop.signal.aborted) {
        const from = this.#end;
        const answer = await this.#fetch(from, LIMITS.kafkaFetchWaitMs.value, FETCH_BYTES);
        if (answer && answer.records.length > 0 && this.#end > from) this.#held = this.#made(answer, from);
        this.#waiters.ring(this.#end);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#waiters.fail(kafkaFault('read from Kafka', error));
    }
    // in the same step as the last look at who waits
    this.#polling = undefined;
  }

  /** Tries until it works or the partition is closed, with a look at where the partition is after each fault. */
  async #patiently<T>(work: (topic: string) => Promise<T>): Promise<T> {
    const { topic, partition } = this.#options;
    const { signal } = this.#stop;
    const retry = new Retry(this.#needs);
    for (;;) {
      try {
        const result = await work(topic);
        this.#condition = { is: 'connected' };
        return result;
      } catch (error) {
        if (signal.aborted) throw closed();
        const fault = kafkaFault(`read ${topic}/${partition}`, error);
        if (fault.code === 'journal-damaged' || fault.code === 'journal-foreign') throw fault;
        if (this.#condition.is === 'connected')
          this.#needs.logger.log('warn', 'A Kafka partition cannot be read; it is tried again', {
            topic,
            partition,
            reason: fault.message,
          });
        this.#condition = { is: 'waiting', reason: fault.message, code: fault.code };
      }
      await retry.pause(signal);
      if (signal.aborted) throw closed();
      await this.#findLeader();
    }
  }

  async #findLeader(): Promise<void> {
    const { topic: name, partition } = this.#options;
    let found: KafkaTopic;
    try {
      found = await this.#needs.client.topic(name);
    } catch (error) {
      const { message, code } = kafkaFault(`read ${name}/${partition}`, error);
      this.#condition = { is: 'waiting', reason: message, code };
      return;
    }
    if (found.id !== this.#topicId)
      throw new JournalError(
        'journal-foreign',
        `The Kafka topic ${name} has been made anew: its id is ${found.id}, and ${this.#topicId} was read.`,
        { topic: name, partition },
      );
    this.#leader = found.partitions[partition]?.leader ?? -1;
  }

  /** Keeps the end fresh for metrics while nobody fetches. */
  async #look(): Promise<Offset> {
    if (!this.#hasFetched && !this.#stop.signal.aborted && this.#condition.is === 'connected')
      await this.refresh();
    this.#hasFetched = false;
    return this.#end;
  }

  #moveEnd(end: Offset): void {
    if (end <= this.#end) return;
    this.#end = end;
    this.#waiters.ring(end);
  }

  #assertReadable(from: Offset): void {
    if (this.#stop.signal.aborted) throw closed();
    if (from >= this.#start) return;
    const { topic, partition } = this.#options;
    if (from >= this.#count.offset) this.#lose(from, this.#start);
    throw new JournalError(
      'offset-trimmed',
      `Cannot read ${topic}/${partition} from ${from}: it begins at ${this.#start}, so ${this.#start - from} records are lost.`,
      { from, start: this.#start, lost: this.#start - from },
    );
  }
}

async function listBounds(client: KafkaClient, name: string, partition: number): Promise<Bounds> {
  const ask = async (timestamp: bigint): Promise<Offset> => {
    const partitions = [{ partitionIndex: partition, timestamp }];
    const asking = client.admin.listOffsets({ topics: [{ name, partitions }], isolationLevel: 1 });
    const [topic] = await client.wrap(`find the ends of ${name}/${partition}`, asking);
    return Number(topic?.partitions[0]?.offset ?? 0);
  };
  return { start: await ask(EARLIEST), end: await ask(LATEST) };
}

function closed(): JournalError {
  return new JournalError('journal-closed', 'Cannot use the journal: it has been closed.');
}
