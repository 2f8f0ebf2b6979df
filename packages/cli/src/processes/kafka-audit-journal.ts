import type { Offset, ReceivedCount, StoredBatch } from '@skerry/journal';
import { type KafkaPartition, openKafkaPartition, TopicLayout } from '@skerry/journal/kafka';
import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import type { AuditFinding, AuditJournal } from '@skerry/pipeline';
import type { SkerryConfig } from '../config/schema.ts';
import { countUpTo } from './audit-counts.ts';
import type { JournalFacts, StoreFacts } from './audit-journal.ts';
import { openConfiguredKafka } from './kafka-way.ts';

/** A journal on Kafka as an audit is told of it. */
export interface KafkaAuditOptions {
  readonly config: Pick<SkerryConfig, 'kafka' | 'journal'>;
  /** What is added to Kafka's offsets. */
  readonly shift: number;
}

/** What it works with. */
export interface KafkaAuditNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

const COUNT_BYTES = 4 * 2 ** 20;

/** A journal on Kafka as an audit reads it, up to the end that was told. What lies before where points are is counted from the counts that were kept and the records in between. */
export class KafkaAuditJournal implements AuditJournal, AsyncDisposable {
  readonly id: string;
  readonly end: Offset;
  readonly telemetryEnd: number;
  readonly #facts: JournalFacts;
  readonly #partition: KafkaPartition;
  readonly #way: AsyncDisposable;
  readonly #breathe: () => Promise<void>;
  readonly #findings: AuditFinding[] = [];
  #start: Offset;
  #before: readonly ReceivedCount[] = [];

  private constructor(
    facts: JournalFacts,
    partition: KafkaPartition,
    way: AsyncDisposable,
    breathe: () => Promise<void>,
  ) {
    this.id = facts.id;
    this.end = facts.end;
    this.telemetryEnd = facts.telemetryEnd;
    this.#facts = facts;
    this.#partition = partition;
    this.#way = way;
    this.#breathe = breathe;
    this.#start = facts.start;
  }

  /** Opens the partition. Fails with the `kafka-` codes, and with `offset-trimmed` where Kafka gives records up meanwhile. */
  static async open(
    { config, shift }: KafkaAuditOptions,
    facts: JournalFacts,
    store: StoreFacts,
    needs: KafkaAuditNeeds,
    breathe: () => Promise<void>,
  ): Promise<KafkaAuditJournal> {
    await using stack = new AsyncDisposableStack();
    const client = stack.use(await openConfiguredKafka('skerry-audit', config, needs));
    const { topic } = config.journal;
    const base = { offset: facts.start, telemetry: 0, received: [] };
    const partition = stack.use(
      await openKafkaPartition(
        { topic, partition: 0, layout: new TopicLayout({ topic }), base, place: { epoch: -1, shift } },
        { ...needs, client },
      ),
    );
    const journal = new KafkaAuditJournal(facts, partition, stack.move(), breathe);
    try {
      await journal.#begin(store);
      return journal;
    } catch (fault) {
      await journal[Symbol.asyncDispose]();
      throw fault;
    }
  }

  get start(): Offset {
    return this.#start;
  }

  /** What is wrong with the journal itself. */
  findings(): AuditFinding[] {
    return [...this.#findings];
  }

  received(): ReceivedCount[] {
    return [...this.#facts.received];
  }

  receivedBefore(): readonly ReceivedCount[] {
    return this.#before;
  }

  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    await this.#breathe();
    if (from >= this.end) return [];
    const batches = await this.#partition.read(from, bytesMax);
    return batches.filter(({ firstOffset }) => firstOffset < this.end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#way[Symbol.asyncDispose]();
  }

  async #begin(store: StoreFacts): Promise<void> {
    const { start, end } = this;
    const { id } = this.#partition;
    if (id !== this.id) this.#find(`The journal says that it is ${this.id}; the topic is ${id}.`, -1);
    if (this.#partition.end < end)
      this.#find(`The journal says that it ends at ${end}; Kafka ends at ${this.#partition.end}.`, end);
    if (store.position > end)
      this.#find(`The store has seen records up to ${store.position}; the journal ends at ${end}.`, end);
    const from = Math.min(Math.max(start, store.pointsFrom), end);
    const before = this.#facts.receivedBefore;
    this.#before = await countUpTo((at) => this.read(at, COUNT_BYTES), { start, from, before });
    this.#start = from;
  }

  #find(detail: string, offset: Offset): void {
    this.#findings.push({ tenant: '', project: '', device: '', offset, detail });
  }
}
