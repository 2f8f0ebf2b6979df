import type { EncodedBatch } from '../batch.ts';
import { EndWaiters } from '../end-waiters.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Consumer, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { readProjectTable } from '../project-table.ts';
import type { DurableGroup, JournalFigures, ServedJournal } from '../served-journal.ts';
import { AppendGroups } from './append-groups.ts';
import { BatchEncoder } from './batch-encoder.ts';
import { type Begun, beginning } from './journal-beginning.ts';
import { closed, isForGood, readOnly, trimmed } from './journal-faults.ts';
import { JournalKeeper } from './journal-keeper.ts';
import { type JournalMemoryFile, raised } from './journal-marks.ts';
import type { KafkaClient } from './kafka-client.ts';
import {
  type KafkaPartition,
  type KafkaPartitionNeeds,
  type KafkaPartitionOptions,
  openKafkaPartition,
} from './kafka-partition.ts';
import { KeepTimer } from './keep-timer.ts';
import { lateBatches } from './late-batches.ts';
import { assertOwnJournal } from './own-journal.ts';
import { partitionBytes } from './partition-bytes.ts';
import { type PartitionBase, PartitionCount } from './partition-count.ts';
import { listBounds } from './partition-ends.ts';
import { forgot } from './partition-place.ts';
import { RecordProducer } from './record-producer.ts';
import { type MadeBatch, madeOf } from './stored-batches.ts';

/** Which partition is written and read, and how much may wait. */
export interface KafkaJournalOptions extends Pick<KafkaPartitionOptions, 'topic' | 'partition' | 'layout'> {
  /** Appends that Kafka has not answered yet; as `LIMITS.kafkaUnresolvedBytes` when absent. */
  readonly unresolvedBytesMax?: number;
  /** Records that are kept beyond what consumers hold back; what is above 80 % of it is given up by `trim`. Without it only Kafka's retention removes records. */
  readonly recordsMax?: number;
  /** Records after which the counts are kept again; as `LIMITS.kafkaJournalMarkRecords` when absent. */
  readonly markRecords?: number;
  /** Where counts are kept. Without it each opening counts from the oldest record on. */
  readonly memory?: JournalMemoryFile;
  /** What a store has seen of the journal, durably, with the counts there. */
  readonly seen?: PartitionBase;
  /** Id of the journal that this store has followed; undefined while it has seen none. */
  readonly followed?: string;
  /** Nothing is written: not in Kafka, and not in the memory. */
  readonly readOnly?: boolean;
}

/**
 * Opens a partition as a journal that this process alone writes, and counts what has come since the counts were kept.
 * Where Kafka has lost what the store has seen, new records get offsets behind it; what nobody has seen stays counted as
 * received, so that the ledger shows the loss. Fails as `openKafkaPartition` does, and with `journal-foreign` when the
 * memory or the store is of another journal; nothing was told of losses then.
 */
export async function openKafkaJournal(
  options: KafkaJournalOptions,
  needs: KafkaPartitionNeeds,
): Promise<KafkaJournal> {
  const { topic, partition, layout, memory, seen, followed } = options;
  const kept = memory?.read();
  await assertOwnJournal(needs.client, options, [kept?.journalId, followed]);
  const shift = kept?.shift ?? 0;
  const { start, end } = await listBounds(needs.client, topic, partition);
  const begun = beginning(kept, seen, { start: start + shift, end: end + shift });
  const base = begun.begin;
  const place = { epoch: -1, shift };
  const opened = await openKafkaPartition({ topic, partition, layout, onLost: 'void', base, place }, needs);
  const journal = new KafkaJournal(options, needs, opened, begun);
  try {
    await journal.recount();
    return journal;
  } catch (error) {
    await journal[Symbol.asyncDispose]();
    throw error;
  }
}

const COUNT_BYTES = 4 * 2 ** 20;

/**
 * A journal on one partition of Kafka; appends that wait are sent together (acks=all, idempotent). Durable is what all
 * replicas in sync have: with one replica that is no fsync, unless the topic flushes each batch. While Kafka is away
 * appends wait up to a limit, then are refused with `journal-full`; what waits stays in order. Disposing waits for it
 * for some seconds. Fails with `kafka-forgot` before anything is appended behind a hole, and with `journal-foreign` when
 * somebody else writes the partition.
 */
export class KafkaJournal implements ServedJournal {
  readonly id: string;
  readonly #options: KafkaJournalOptions;
  readonly #needs: KafkaPartitionNeeds;
  readonly #partition: KafkaPartition;
  readonly #client: KafkaClient;
  readonly #producer: RecordProducer;
  readonly #encoder = new BatchEncoder();
  readonly #stop = new AbortController();
  readonly #begun: Begun;
  readonly #shift: number;
  readonly #keeper: JournalKeeper;
  readonly #count: PartitionCount;
  #start: Offset;
  /** Where the last read ended, and the telemetry before it. */
  #lastRead = { end: -1, telemetry: 0 };
  readonly #appends: AppendGroups;
  readonly #waiters = new EndWaiters();
  #isClosed = false;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<Offset> | undefined;
  readonly #keeping: KeepTimer;
  #bytes = 0;
  #waitsFor: JournalError | undefined;
  #onDurable: (group: DurableGroup) => void = () => undefined;
  #onFailed: (fault: unknown) => void = () => undefined;
  #beforeTrim: ((upTo: Offset) => Promise<void>) | undefined;

  /** For `openKafkaJournal`. */
  constructor(
    options: KafkaJournalOptions,
    needs: KafkaPartitionNeeds,
    partition: KafkaPartition,
    begun: Begun,
  ) {
    const { begin } = begun;
    this.id = partition.id;
    this.#options = options;
    this.#needs = needs;
    this.#partition = partition;
    this.#begun = begun;
    this.#shift = partition.placeAt(begin.offset).shift;
    const file = options.readOnly ? undefined : options.memory;
    this.#keeper = new JournalKeeper({ journalId: this.id, shift: this.#shift, file }, begun, needs);
    this.#count = new PartitionCount(begin);
    this.#start = begin.offset;
    this.#appends = new AppendGroups(
      (group) => this.#send(group),
      options.unresolvedBytesMax ?? LIMITS.kafkaUnresolvedBytes.value,
      needs.clock,
    );
    this.#keeping = new KeepTimer(needs, {
      isDone: () => this.#isKept,
      keep: () => this.#look(),
    });
    this.#client = needs.client.fork();
    this.#producer = new RecordProducer(this.#client, {
      onWaiting: (reason) => this.#tell(reason),
      verify: () => this.#verify(),
      introduced: (id) => this.#keeper.introduce(Number(id), this.#counts()),
    });
  }

  get start(): Offset {
    return this.#start;
  }

  get end(): Offset {
    return this.#count.offset;
  }

  get telemetryEnd(): number {
    return this.#count.telemetry;
  }

  /** The reading side. */
  get partition(): KafkaPartition {
    return this.#partition;
  }

  /** What is added to Kafka's offsets. */
  get shift(): number {
    return this.#shift;
  }

  /** Why appends wait; undefined while Kafka takes them. */
  get waitsFor(): JournalError | undefined {
    return this.#waitsFor;
  }

  received(): ReceivedCount[] {
    return this.#count.received();
  }

  receivedBefore(): ReceivedCount[] {
    return [...(this.#keeper.marks.below(this.#start)?.received ?? [])];
  }

  /** `bytes` is what the partition takes at its leader, as last asked. */
  figures(): JournalFigures {
    const { start, end, telemetryEnd } = this;
    const none = { capacityBytes: 0, segments: 0, hasReserve: false, tornBytes: 0 };
    return { start, end, telemetryEnd, bytes: this.#bytes, ...none };
  }

  onDurable(listener: (group: DurableGroup) => void): void {
    this.#onDurable = listener;
  }

  /** Installs the one listener, called with what ends the journal though nobody waits for an answer: the disk failed, the topic is another's. */
  onFailed(listener: (fault: unknown) => void): void {
    this.#onFailed = listener;
  }

  /** Kafka gives up records by its own clock, so the hook is called some seconds after there is something to keep, and at the end. */
  onBeforeTrim(hook: (upTo: Offset) => Promise<void>): void {
    this.#beforeTrim = hook;
    this.#keeping.note();
  }

  append(batch: EncodedBatch): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(closed());
    if (this.#options.readOnly) return Promise.reject(readOnly());
    return this.#appends.append(batch);
  }

  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    if (this.#isClosed) throw closed();
    if (from < this.#start) throw trimmed(from, this.#start, this.#options);
    if (from >= this.end) return [];
    const found = await this.#partition.read(from, bytesMax);
    return found.filter(({ firstOffset }) => firstOffset < this.end).map((batch) => this.#counted(batch));
  }

  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed();
    if (this.end <= offset) await this.#waiters.wait(offset, signal);
  }

  commit(consumer: Consumer): void {
    if (this.#isClosed) throw closed();
    this.#partition.commit(consumer);
  }

  /** Batches below `start` too, as long as Kafka has them. */
  readRetained(from: Offset): AsyncIterable<StoredBatch> {
    return this.#keeper.retained.read(this.#partition, from, this.#needs.logger);
  }

  /** Takes note of what retention has removed, and lets Kafka give up records beyond `recordsMax` that every mandatory consumer is done with. Asked again within some seconds it does nothing, unless there is a `recordsMax`. */
  trim(): Promise<Offset> {
    if (this.#isClosed) return Promise.reject(closed());
    const { clock } = this.#needs;
    const isSoon = clock.monotonicMs() - this.#refreshedMs < LIMITS.kafkaLookEveryMs.value;
    if (isSoon && this.#options.recordsMax === undefined) return Promise.resolve(this.#start);
    return this.#look();
  }

  /** For `openKafkaJournal`: counts what has come since the counts were kept. */
  async recount(): Promise<void> {
    const { begin, kept, isContinued } = this.#begun;
    const { retained, moved } = this.#keeper;
    // what came behind the last counts is not in what was kept; without any it may be anywhere
    const lookedAt = kept?.marks.at(-1);
    let last = isContinued ? lookedAt : undefined;
    const retainedFrom = lookedAt ? lookedAt.offset + moved : this.#partition.start;
    const byStore = this.#options.seen && new PartitionCount({ ...this.#options.seen, received: [] });
    let lost = 0;
    await retained.lookThrough(this.#partition, retainedFrom, begin.offset, COUNT_BYTES);
    for (let at = begin.offset; at < this.#partition.end; at = this.#count.offset) {
      const batches = await this.#partition.read(at, COUNT_BYTES);
      if (batches.length === 0) break;
      for (const batch of batches) {
        const made = madeOf(batch);
        this.#count.before(made);
        if (byStore && made.firstOffset + made.count > byStore.offset) byStore.before(made);
        if (batch.firstOffset >= retainedFrom) retained.look(batch);
        // only what stands for records that are gone reaches over the place where counts were kept
        if (!last || this.end < last.offset) continue;
        lost += this.#raise(last);
        last = undefined;
      }
    }
    if (last) lost += this.#raise(last);
    if (byStore) this.#count.giveUp(Math.max(0, this.telemetryEnd - lost - byStore.telemetry));
    this.#keeper.dropAbove(this.end, begin);
    this.#moveStart();
    if (this.#options.readOnly) return;
    this.#keeper.mark(this.#counts());
    this.#keeper.keep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#appends.settled(LIMITS.kafkaJournalCloseMs.value);
    if (this.#appends.isIdle && !this.#waitsFor) await this.#keeping.end();
    this.#keeping[Symbol.dispose]();
    this.#stop.abort();
    this.#waiters.fail(closed());
    // first, since an append that is under way may read of them, and wait for an answer that does not come
    await this.#partition[Symbol.asyncDispose]();
    await this.#client[Symbol.asyncDispose]();
    await this.#appends.settled();
    if (!this.#options.readOnly && !this.#keeper.isKept(this.end)) this.#markAndKeep();
  }

  /** What was received and is not there any more stays received. Gives by how many telemetry records. */
  #raise(kept: PartitionBase): number {
    const found = raised(this.#counts(), kept);
    if (!found) return 0;
    const { topic, partition } = this.#options;
    this.#needs.logger.log('error', 'Kafka has lost records of the journal that were acknowledged', {
      topic,
      partition,
      lost: found.lost,
      until: this.end,
    });
    return this.#count.raise(found.counts);
  }

  #counts(): PartitionBase {
    return { offset: this.end, telemetry: this.telemetryEnd, received: this.received() };
  }

  #counted(batch: StoredBatch): StoredBatch {
    const { firstOffset, count, telemetryCount } = batch;
    const telemetryBefore =
      firstOffset === this.#lastRead.end
        ? this.#lastRead.telemetry
        : this.#count.before({ ...batch, body: batch.body as Uint8Array<ArrayBuffer>, counts: [] }); // below the end: only looked up
    this.#lastRead = { end: firstOffset + count, telemetry: telemetryBefore + telemetryCount };
    return { ...batch, telemetryBefore };
  }

  /** Makes appends durable as one batch of Kafka. */
  async #send(group: readonly EncodedBatch[]): Promise<AppendResult[]> {
    const { topic, partition } = this.#options;
    const set = this.#encoder.encode(group);
    const [sent] = await this.#producer.send([{ topic, partition, set }], this.#stop.signal);
    if (!sent || sent.refusal)
      throw sent?.refusal ?? new JournalError('kafka-refused', 'Cannot append: Kafka gave no answer.');
    if (this.#waitsFor) this.#needs.logger.log('info', 'Kafka takes records again', { topic, partition });
    this.#waitsFor = undefined;
    const { end } = this;
    // a batch that was taken twice and is told without its place ends where the partition does
    const first = sent.baseOffset >= 0 ? sent.baseOffset + this.#shift : (await this.#endNow()) - set.count;
    if (first < end) throw this.#forgotten(first);
    if (first > end) await this.#takeLate(first);
    return this.#taken(group);
  }

  async #takeLate(to: Offset): Promise<void> {
    const { topic, partition } = this.#options;
    const place = { topic, partition, from: this.end, to };
    const ways = { reader: this.#partition, logger: this.#needs.logger };
    for await (const batch of lateBatches(place, this.#keeper.producers, ways)) {
      const { before, totals } = this.#count.add(madeOf(batch));
      this.#keeper.retained.look(batch);
      this.#onDurable({ batches: [{ ...batch, telemetryBefore: before }], received: totals });
    }
  }

  #taken(group: readonly EncodedBatch[]): AppendResult[] {
    const appendedMicros = this.#needs.clock.nowMicros();
    const batches: StoredBatch[] = [];
    const results: AppendResult[] = [];
    const received = new Map<string, ReceivedCount>();
    if (group.some(({ hasRetained }) => hasRetained)) this.#keeper.retained.add(this.end);
    for (const { bytes, tableStart, count, telemetryCount } of group) {
      const firstOffset = this.end;
      const counts = readProjectTable(bytes, tableStart);
      const made: MadeBatch = { firstOffset, count, telemetryCount, appendedMicros, body: bytes, counts };
      const { before, totals } = this.#count.add(made);
      this.#partition.noteAppended(made);
      for (const one of totals) received.set(`${one.tenant}\u0000${one.project}`, one);
      batches.push({
        firstOffset,
        count,
        telemetryBefore: before,
        telemetryCount,
        appendedMicros,
        body: bytes,
      });
      results.push({ firstOffset, end: this.end });
    }
    this.#waiters.ring(this.end);
    this.#onDurable({ batches, received: [...received.values()] });
    const every = this.#options.markRecords ?? LIMITS.kafkaJournalMarkRecords.value;
    if (this.#keeper.isDue(this.end, every)) this.#markAndKeep();
    this.#keeping.note();
    return results;
  }

  #look(): Promise<Offset> {
    this.#refreshing ??= this.#refresh()
      .catch((error: unknown) => {
        if (isForGood(error)) this.#fail(error);
        throw error;
      })
      .finally(() => {
        this.#refreshedMs = this.#needs.clock.monotonicMs();
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  #fail(fault: unknown): void {
    this.#appends.end(fault);
    this.#needs.logger.log('error', 'The journal cannot go on.', { reason: String(fault) });
    // who closes it is told by closing
    if (!this.#isClosed) this.#onFailed(fault);
    // so that what is lost is known at the next opening
    if (fault instanceof JournalError && fault.code === 'kafka-forgot') this.#markAndKeep();
  }

  /** Everything that came is in the counts on disk, and what is retained in a snapshot. */
  get #isKept(): boolean {
    const isInSnapshot = this.#keeper.retained.list.length === 0 || !this.#beforeTrim;
    return this.#options.readOnly === true || (isInSnapshot && this.#keeper.isKept(this.end));
  }

  async #refresh(): Promise<Offset> {
    const { recordsMax, topic, partition } = this.#options;
    const excess = recordsMax === undefined ? 0 : this.end - this.#start - Math.floor(recordsMax * 0.8);
    const wanted = Math.min(this.#start + excess, this.#partition.floor);
    const upTo = excess > 0 ? this.#keeper.marks.below(wanted)?.offset : undefined;
    if (upTo !== undefined && upTo > this.#start) {
      await this.#beforeTrim?.(upTo);
      const partitions = [{ partition, offset: BigInt(upTo - this.#shift) }];
      const removing = this.#client.admin.deleteRecords({ topics: [{ name: topic, partitions }] });
      await this.#client.wrap(`give up records of ${topic}/${partition}`, removing);
    }
    await this.#partition.refresh();
    await this.#snapshot();
    this.#moveStart();
    if (!this.#options.readOnly && !this.#keeper.isKept(this.end)) this.#markAndKeep();
    this.#bytes = await partitionBytes(this.#client, topic, partition).catch(() => this.#bytes); // only shown
    return this.#start;
  }

  /** What is retained is in a snapshot long before Kafka gives it up. */
  async #snapshot(): Promise<void> {
    const { retained } = this.#keeper;
    if (!this.#beforeTrim || retained.list.length === 0 || this.#options.readOnly) return;
    const upTo = this.end;
    await this.#beforeTrim(upTo);
    retained.dropBelow(upTo);
    this.#markAndKeep();
  }

  /** The journal begins at counts that are known, at or above Kafka's oldest record; lower while a consumer is not done. */
  #moveStart(): void {
    const held = this.#partition.start;
    const { marks } = this.#keeper;
    const floor = Math.max(this.#partition.floor, this.#begun.begin.offset);
    if (held > marks.last.offset && this.end > marks.last.offset) this.#keeper.mark(this.#counts());
    const found = marks.above(held) ?? marks.last;
    const mark = found.offset <= floor ? found : (marks.below(floor) ?? marks.list[0]);
    this.#start = Math.max(this.#start, mark?.offset ?? 0);
    marks.dropBelow(this.#start);
  }

  #markAndKeep(): void {
    this.#keeper.markAndKeep(this.#counts());
  }

  /** Kafka has to have what it acknowledged before anything is appended behind it. */
  async #verify(): Promise<void> {
    const { topic, partition } = this.#options;
    const { end } = await listBounds(this.#client, topic, partition);
    if (end + this.#shift < this.end) throw this.#forgotten(end + this.#shift);
  }

  /** The counts are kept first, as by `#fail`. */
  #forgotten(end: Offset): JournalError {
    this.#markAndKeep();
    const { topic, partition } = this.#options;
    return forgot({ topic, topicId: '', partition }, this.end, end);
  }

  async #endNow(): Promise<Offset> {
    await this.#partition.refresh();
    return this.#partition.end;
  }

  #tell(reason: JournalError): void {
    const { topic, partition } = this.#options;
    const what =
      reason.code === 'journal-full'
        ? 'The disk is full; records wait'
        : 'Kafka does not take records; they wait';
    if (this.#waitsFor?.message !== reason.message)
      this.#needs.logger.log('warn', what, { topic, partition, reason: reason.message });
    this.#waitsFor = reason;
  }
}
