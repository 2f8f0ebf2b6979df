import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import { ConsumerBook } from '../consumer-book.ts';
import { EndWaiters } from '../end-waiters.ts';
import { JournalError, type JournalFault } from '../errors.ts';
import type { Consumer, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { closed } from './journal-faults.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { kafkaAnswerFault, kafkaFault } from './kafka-fault.ts';
import { LossBook } from './loss-book.ts';
import { baseAt, type PartitionBase, PartitionCount } from './partition-count.ts';
import { type Bounds, listBounds } from './partition-ends.ts';
import { FETCH_BYTES, type FetchAnswer, fetchPartition } from './partition-fetch.ts';
import { type PartitionLag, PartitionLagMeters } from './partition-lag.ts';
import { partitionMeters } from './partition-meters.ts';
import { findPlace, forgot, type KafkaPlace, PlaceBook } from './partition-place.ts';
import { readRecordSets } from './record-set-reader.ts';
import { Retry } from './retry.ts';
import { BatchMaker, type MadeBatch } from './stored-batches.ts';
import type { TopicLayout } from './topic-layout.ts';
import { retentionOf, TopicRetention } from './topic-retention.ts';
import { partitionJournalId, topicSettings } from './topics.ts';

const FOR_GOOD: readonly JournalFault[] = ['journal-damaged', 'journal-foreign', 'kafka-forgot'];

/** Which partition is read, and what is known of it. */
export interface KafkaPartitionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly layout: TopicLayout;
  /** What the reader has kept: its position and the counts there. Without it reading and counting begin at the oldest record. */
  readonly base?: PartitionBase;
  /** What the reader has kept of `placeAt` with its position. */
  readonly place?: KafkaPlace;
  /** What happens when Kafka's retention has passed the position: `fail` (the default), or `void` for records of that kind in the place of the lost ones. Either way it is logged as an error and counted. */
  readonly onLost?: 'fail' | 'void';
  /** While records come, whoever waits for more is given them at multiples of this time, all that have come by then; at once when it is absent. */
  readonly gatherMs?: number;
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
    const id = partitionJournalId(cluster, topic.id, partition);
    const kept = options.place ?? { epoch: -1, shift: 0 };
    const of = { topic: name, topicId: topic.id, partition };
    const place = options.base
      ? await findPlace(of, { position: options.base.offset, kept, end: bounds.end }, { ...needs, client })
      : kept;
    const opened = { id, topic, bounds, place, retentionMs: retentionOf(settings) };
    return new KafkaPartition(options, { ...needs, client }, opened);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

interface OpenedPartition {
  readonly id: string;
  readonly topic: KafkaTopic;
  readonly place: KafkaPlace;
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
  readonly #losses: LossBook;
  readonly #topicId: string;
  readonly #places: PlaceBook;
  readonly #maker: BatchMaker;
  readonly #count: PartitionCount;
  readonly #consumers = new ConsumerBook();
  readonly #waiters = new EndWaiters();
  readonly #stop = new AbortController();
  readonly #lag: PartitionLagMeters;
  readonly #retention: TopicRetention;
  #leader: number;
  #leaderEpoch: number;
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
    const { id, topic, bounds, place, retentionMs } = opened;
    const { shift } = place;
    this.id = id;
    this.#options = options;
    this.#needs = needs;
    this.#topicId = topic.id;
    const { leader = -1, leaderEpoch = -1 } = topic.partitions[options.partition] ?? {};
    this.#leader = leader;
    this.#leaderEpoch = leaderEpoch;
    this.#start = bounds.start + shift;
    this.#end = bounds.end + shift;
    const { topic: name, partition } = options;
    const { lost, bounded } = partitionMeters(needs.meter, options);
    this.#losses = new LossBook({ topic: name, partition, logger: needs.logger, lost });
    const base = options.base ?? baseAt(bounds.start);
    this.#places = new PlaceBook({ topic: name, topicId: topic.id, partition }, base.offset, place);
    this.#maker = new BatchMaker(name, options.layout, shift, {
      nowMicros: () => needs.clock.nowMicros(),
      timeBounded: () => bounded.add(1),
    });
    this.#count = new PartitionCount(base);
    if (base.offset < this.#start) this.#lose(base.offset, this.#start);
    this.#retention = new TopicRetention(options.topic, retentionMs, needs);
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

  /** What has to be kept with a position, and given back as `place`. */
  placeAt(position: Offset): KafkaPlace {
    return this.#places.at(position);
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

  /** When retention removes the first record that waits, microseconds since 1970; undefined while that is far away. */
  retentionDueMicros(): number | undefined {
    return this.#lag.retentionDueMicros(this.#end);
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

  /** Ids of the producers that wrote what lies from an offset to before another; -1 for one without. */
  async writers(from: Offset, to: Offset): Promise<Set<number>> {
    const { shift } = this.#places;
    const found = new Set<number>();
    for (let at = from; at < to; ) {
      const answer = await this.#fetch(at, 0, FETCH_BYTES);
      const sets = answer ? readRecordSets(answer.records) : [];
      for (const one of sets) if (one.baseOffset + shift < to) found.add(Number(one.producerId));
      at = (sets.at(-1)?.lastOffset ?? to) + shift + 1;
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
    this.#lag.read(batch);
    this.#moveEnd(batch.firstOffset + batch.count);
  }

  /** Asks for the bounds as they are now, and returns the new `start`. */
  async refresh(): Promise<Offset> {
    if (this.#stop.signal.aborted) throw closed();
    const bounds = await this.#patiently(() => this.#bounds());
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
    const sets = readRecordSets(answer.records);
    this.#places.note(sets);
    const batches = this.#maker.make(sets, answer.aborted, from);
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
    const { shift } = this.#places;
    const plan = { topicId: this.#topicId, partition, offset: offset - shift, waitMs, bytesMax };
    const answer = await this.#patiently(async (topic) => {
      const found = await fetchPartition(client, this.#leader, { ...plan, leaderEpoch: this.#leaderEpoch });
      if (found.apiId === 'NONE' || found.apiId === 'OFFSET_OUT_OF_RANGE') return found;
      throw kafkaAnswerFault(`fetch from ${topic}/${partition}`, found.apiId, undefined);
    });
    if (this.#stop.signal.aborted) throw closed();
    this.#hasFetched = true;
    if (answer.apiId === 'OFFSET_OUT_OF_RANGE') {
      await this.#outOfRange(offset);
      return undefined;
    }
    const logStart = answer.logStart + shift;
    this.#start = Math.max(this.#start, this.#options.onLost === 'void' ? this.#start : logStart);
    this.#moveEnd(answer.end + shift);
    return answer;
  }

  async #outOfRange(offset: Offset): Promise<void> {
    const { topic, partition } = this.#options;
    const bounds = await this.#patiently(() => this.#bounds());
    if (offset < bounds.start) {
      this.#lose(offset, bounds.start);
      return;
    }
    if (offset <= bounds.end) return;
    throw forgot({ topic, topicId: this.#topicId, partition }, offset, bounds.end);
  }

  #lostUntil: Offset = 0;

  /** Retention took records that were not read: nobody may overlook that. */
  #lose(from: Offset, to: Offset): void {
    const { topic, partition, onLost } = this.#options;
    this.#losses.tell(from, to);
    const lost = to - from;
    const facts = { topic, partition, from, start: to, lost };
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
        const isNews = answer !== undefined && answer.records.length > 0 && this.#end > from;
        if (isNews) this.#held = this.#made(answer, from);
        this.#waiters.ring(this.#end);
        if (isNews) await this.#gather();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#waiters.fail(kafkaFault('read from Kafka', error));
    }
    // in the same step as the last look at who waits
    this.#polling = undefined;
  }

  /** Lets records gather at the broker: a request for each few of them costs both sides more than what is in it. */
  async #gather(): Promise<void> {
    const { gatherMs = 0 } = this.#options;
    const { clock } = this.#needs;
    if (gatherMs > 0) await clock.sleep(gatherMs - (clock.monotonicMs() % gatherMs), this.#stop.signal);
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
        if (FOR_GOOD.includes(fault.code)) throw fault;
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
    const { leader = -1, leaderEpoch = -1 } = found.partitions[partition] ?? {};
    this.#leader = leader;
    this.#leaderEpoch = leaderEpoch;
    await this.#checkPlace();
  }

  /** Whoever leads the partition now has to have what was read; fails with `kafka-forgot`. */
  async #checkPlace(): Promise<void> {
    const { topic, partition } = this.#options;
    try {
      const { end } = await this.#bounds();
      await this.#places.check(this.#needs.client, this.#end, end);
    } catch (error) {
      const fault = kafkaFault(`read ${topic}/${partition}`, error);
      if (fault.code === 'kafka-forgot') throw fault;
      this.#condition = { is: 'waiting', reason: fault.message, code: fault.code };
    }
  }

  /** The bounds as they are now. */
  async #bounds(): Promise<Bounds> {
    const { topic, partition } = this.#options;
    const { start, end } = await listBounds(this.#needs.client, topic, partition);
    const { shift } = this.#places;
    return { start: start + shift, end: end + shift };
  }

  /** Keeps the end fresh for metrics while nobody fetches, and the topic's retention in any case: people change it when it is near. */
  async #look(): Promise<Offset> {
    if (this.#stop.signal.aborted) return this.#end;
    if (this.#condition.is === 'connected') this.#lag.keptFor(await this.#retention.now());
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
    const { topic, partition, onLost } = this.#options;
    if (onLost === 'void' || from >= this.#count.offset) this.#lose(from, this.#start);
    if (onLost === 'void') return;
    throw new JournalError(
      'offset-trimmed',
      `Cannot read ${topic}/${partition} from ${from}: it begins at ${this.#start}, so ${this.#start - from} records are lost.`,
      { from, start: this.#start, lost: this.#start - from },
    );
  }
}
