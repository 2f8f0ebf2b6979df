import {
  type Connection,
  type initProducerIdV5,
  protocolErrorsCodesById,
  type Reader,
  Writer,
} from '@platformatic/kafka';
import { CodedError } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import { type KafkaClient, type KafkaTopic, NO_LEADER } from './kafka-client.ts';
import { kafkaAnswerFault, kafkaFault } from './kafka-fault.ts';
import { type RecordSet, stampRecordSet } from './record-set-writer.ts';
import { Retry } from './retry.ts';

const PRODUCE = 0;
/** The request is the same from 9 (Kafka 2.8) to 11, which Kafka 3.7 added. */
const PRODUCE_LEAST = 9;
const PRODUCE_MOST = 11;
const ALL_IN_SYNC = -1;
const ANSWER_MS = 10_000;
const SEQUENCES = 2 ** 31;
const REFUSALS: readonly string[] = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
];
const PRODUCER_LOST: readonly string[] = [
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED',
];

/** A batch for one partition. */
export interface ProducePart {
  readonly topic: string;
  readonly partition: number;
  readonly set: RecordSet;
}

/** What became of a batch. */
export interface ProducedPart {
  readonly part: ProducePart;
  /** Offset of its first record; -1 where Kafka took it and does not tell any more. */
  readonly baseOffset: number;
  /** Of the topic, and the epoch of the leader that has it at least. */
  readonly topicId: string;
  readonly leaderEpoch: number;
  /** Why Kafka will never take it. */
  readonly refusal: JournalError | undefined;
  /** Indexes of the records that are the reason, where Kafka says so. */
  readonly refusedIndexes: readonly number[];
}

/** What a producer tells while it tries. */
export interface ProducerListener {
  /** A try failed; it is made again. */
  onWaiting(reason: JournalError): void;
  /** Called for a topic that does not exist, before the next try. Gives why it will never exist, where that is so: its parts are refused then. */
  makeTopic?(name: string): Promise<JournalError | undefined>;
  /** What somebody has to do when a topic refuses a batch that may go nowhere else: it is tried again for ever. Undefined for topics that may refuse. */
  cureOf?(topic: string): string | undefined;
  /**
   * Called before a try when the broker may not be what it was: at first, over a new connection, after a try that failed.
   * `send` makes the try again when it fails with another code than `kafka-forgot`, and fails with that one and with
   * what is no fault of the journal.
   */
  verify?(): Promise<void>;
  /** Called with the id that Kafka gave, before anything is sent by it; with the same one again while it fails. As `verify`. */
  introduced?(producerId: bigint): void;
}

interface Answer {
  readonly topic: string;
  readonly partition: number;
  readonly apiId: string;
  readonly message: string | undefined;
  readonly baseOffset: number;
  readonly refusedIndexes: readonly number[];
}

interface Producer {
  readonly id: bigint;
  readonly epoch: number;
}

interface Sequenced {
  readonly part: ProducePart;
  sequence: number;
  /** The producer id that the batch bears. */
  stampedBy: bigint | undefined;
}

/**
 * Produces with acks=all as an idempotent producer: a batch that is sent again after a lost answer stands in the
 * partition once, unless the broker lost what it knows of the producer. One `send` at a time, at most one batch for each
 * partition in it, so nothing overtakes. Sequence numbers wrap as in Kafka's own client.
 */
export class RecordProducer {
  readonly #client: KafkaClient;
  readonly #listener: ProducerListener;
  readonly #topics = new Map<string, KafkaTopic>();
  readonly #next = new Map<string, number>();
  #producer: Producer | undefined;
  /** What Kafka gave and the listener has not taken. */
  #given: Producer | undefined;
  /** By broker: the connection over which it was last verified. */
  readonly #verified = new Map<number, Connection>();

  constructor(client: KafkaClient, listener: ProducerListener) {
    this.#client = client;
    this.#listener = listener;
  }

  /** Forgets who it is: the next try begins as another producer, whose sequence numbers begin anew. */
  forget(): void {
    this.#producer = undefined;
    this.#verified.clear();
    this.#topics.clear();
  }

  /**
   * Resolves when Kafka has taken or refused every part; tries for ever otherwise. Fails with the reason of the last try
   * when `signal` is aborted: some parts may have been taken then; with `kafka-forgot`; and as the listener does.
   */
  async send(parts: readonly ProducePart[], signal: AbortSignal): Promise<ProducedPart[]> {
    const done: ProducedPart[] = [];
    const { clock, random } = this.#client.needs;
    const retry = new Retry({ clock, random });
    let left: Sequenced[] = parts.map((part) => ({ part, sequence: 0, stampedBy: undefined }));
    while (left.length > 0) {
      const { settled, open, reason } = await this.#attempt(left);
      done.push(...settled);
      left = open;
      if (left.length === 0) break;
      const why = reason ?? kafkaAnswerFault('send records to Kafka', 'REQUEST_TIMED_OUT', undefined);
      if (signal.aborted) throw why;
      this.#listener.onWaiting(why);
      const never = await this.#mend(left, why);
      for (const one of left) this.#refuse(one, never.get(one.part.topic), [], done);
      left = left.filter(({ part }) => !never.has(part.topic));
      if (left.length === 0) break;
      await retry.pause(signal);
      if (signal.aborted) throw why;
    }
    return done;
  }

  async #attempt(parts: Sequenced[]): Promise<{
    readonly settled: ProducedPart[];
    readonly open: Sequenced[];
    readonly reason: JournalError | undefined;
  }> {
    let reason: JournalError | undefined;
    const open: Sequenced[] = [];
    const settled: ProducedPart[] = [];
    try {
      const { groups, ways } = await this.#verifiedGroups(parts);
      await this.#stamp(parts);
      const asked = await Promise.all(
        [...groups].map(([node, group]) => this.#tryOne(ways.get(node), group)),
      );
      for (const { group, outcome } of asked) {
        for (const one of group) {
          const fault = outcome instanceof JournalError ? outcome : this.#settle(one, outcome, settled);
          if (!fault) continue;
          reason = fault;
          open.push(one);
        }
      }
    } catch (error) {
      if (isFinal(error)) throw error;
      const known = new Set(settled.map(({ part }) => part));
      return {
        settled,
        open: parts.filter(({ part }) => !known.has(part)),
        reason: kafkaFault('send records to Kafka', error),
      };
    }
    return { settled, open, reason };
  }

  /** The parts by the broker that leads their partitions, with a connection to each that is verified. */
  async #verifiedGroups(parts: readonly Sequenced[]): Promise<{
    readonly groups: ReadonlyMap<number, Sequenced[]>;
    readonly ways: ReadonlyMap<number, Connection>;
  }> {
    const groups = await this.#byLeader(parts);
    const ways = await this.#connections(groups);
    if (!this.#listener.verify) return { groups, ways };
    if ([...ways].every(([node, way]) => this.#verified.get(node) === way)) return { groups, ways };
    // a broker that was started again leads by another epoch, which what is sent from now on is remembered with
    this.#topics.clear();
    const groupsNow = await this.#byLeader(parts);
    const waysNow = await this.#connections(groupsNow);
    await this.#listener.verify();
    for (const [node, way] of waysNow) this.#verified.set(node, way);
    return { groups: groupsNow, ways: waysNow };
  }

  async #connections(groups: ReadonlyMap<number, unknown>): Promise<Map<number, Connection>> {
    const ways = new Map<number, Connection>();
    for (const node of groups.keys())
      if (node !== NO_LEADER) ways.set(node, await this.#client.connection(node));
    return ways;
  }

  /** What a broker answers, or why it does not. */
  async #tryOne(
    way: Connection | undefined,
    group: readonly Sequenced[],
  ): Promise<{ readonly group: readonly Sequenced[]; readonly outcome: Answer[] | JournalError }> {
    try {
      return { group, outcome: await this.#ask(way, group) };
    } catch (error) {
      return { group, outcome: kafkaFault('send records to Kafka', error) };
    }
  }

  /** Undefined when the part is settled, else why it is not. */
  #settle(one: Sequenced, answers: readonly Answer[], settled: ProducedPart[]): JournalError | undefined {
    const { part } = one;
    const answer = answers.find((a) => a.topic === part.topic && a.partition === part.partition);
    const apiId = answer?.apiId ?? 'UNKNOWN_SERVER_ERROR';
    if (answer && (apiId === 'NONE' || apiId === 'DUPLICATE_SEQUENCE_NUMBER')) {
      const taken = { part, baseOffset: answer.baseOffset, ...this.#placeOf(part) };
      settled.push({ ...taken, refusal: undefined, refusedIndexes: [] });
      return undefined;
    }
    const action = `send records to ${part.topic}/${part.partition}`;
    const fault = kafkaAnswerFault(action, apiId, answer?.message);
    if (answer && REFUSALS.includes(apiId)) {
      const cure = this.#listener.cureOf?.(part.topic);
      // it bears the same numbers the next time
      if (cure !== undefined)
        return new JournalError(fault.code, `${fault.message} ${cure}`, fault.facts, fault);
      this.#refuse(one, fault, answer.refusedIndexes, settled);
      return undefined;
    }
    if (PRODUCER_LOST.includes(apiId)) {
      this.#producer = undefined;
      return new JournalError('kafka-unsteady', fault.message, fault.facts);
    }
    return fault;
  }

  #refuse(
    one: Sequenced,
    refusal: JournalError | undefined,
    refusedIndexes: readonly number[],
    settled: ProducedPart[],
  ): void {
    if (!refusal) return;
    const { part } = one;
    // a refused batch has not used up its numbers
    this.#next.set(keyOf(part), one.sequence);
    settled.push({ part, baseOffset: -1, ...this.#placeOf(part), refusal, refusedIndexes });
  }

  async #stamp(parts: readonly Sequenced[]): Promise<void> {
    if (!this.#producer) {
      this.#next.clear();
      this.#given ??= await this.#askWho();
      this.#listener.introduced?.(this.#given.id);
      this.#producer = this.#given;
      this.#given = undefined;
    }
    const { id, epoch } = this.#producer;
    for (const one of parts) {
      if (one.stampedBy === id) continue;
      const key = keyOf(one.part);
      one.sequence = this.#next.get(key) ?? 0;
      one.stampedBy = id;
      this.#next.set(key, (one.sequence + one.part.set.count) % SEQUENCES);
      stampRecordSet(one.part.set, { producerId: id, producerEpoch: epoch, sequence: one.sequence });
    }
  }

  async #askWho(): Promise<Producer> {
    type Request = initProducerIdV5.InitProducerIdRequest;
    type Response = initProducerIdV5.InitProducerIdResponse;
    const api = await this.#client.api<Request, Response>('InitProducerId');
    const connection = await this.#client.connection(undefined);
    const asking = api.async(connection, null, ANSWER_MS, undefined, undefined);
    const { producerId, producerEpoch } = await this.#client.wrap('become a producer of Kafka', asking);
    return { id: producerId, epoch: producerEpoch };
  }

  async #byLeader(parts: readonly Sequenced[]): Promise<Map<number, Sequenced[]>> {
    const groups = new Map<number, Sequenced[]>();
    for (const one of parts) {
      const { topic: name, partition } = one.part;
      const topic = this.#topics.get(name) ?? (await this.#client.topic(name));
      this.#topics.set(name, topic);
      const leader = topic.partitions[partition]?.leader ?? NO_LEADER;
      groups.set(leader, [...(groups.get(leader) ?? []), one]);
    }
    return groups;
  }

  async #ask(way: Connection | undefined, group: readonly Sequenced[]): Promise<Answer[]> {
    const version = await this.#client.version('Produce', PRODUCE_LEAST, PRODUCE_MOST);
    const parts = group.map(({ part }) => part);
    const connection = way ?? (await this.#client.connection(NO_LEADER));
    const api = { key: PRODUCE, version };
    return this.#client.requestOn(connection, api, () => requestOf(parts), readAnswers);
  }

  #placeOf({ topic, partition }: ProducePart): Pick<ProducedPart, 'topicId' | 'leaderEpoch'> {
    const known = this.#topics.get(topic);
    return { topicId: known?.id ?? '', leaderEpoch: known?.partitions[partition]?.leaderEpoch ?? -1 };
  }

  /** Forgets where things were, and has a topic made that is not there. Gives the topics that never will be, and why. */
  async #mend(left: readonly Sequenced[], reason: JournalError): Promise<ReadonlyMap<string, JournalError>> {
    const never = new Map<string, JournalError>();
    this.#verified.clear();
    const names = [...new Set(left.map(({ part }) => part.topic))];
    for (const name of names) this.#topics.delete(name);
    if (reason.code !== 'kafka-topic-missing' || !this.#listener.makeTopic) return never;
    for (const name of names) {
      try {
        const why = await this.#listener.makeTopic(name);
        if (why) never.set(name, why);
      } catch (error) {
        this.#listener.onWaiting(kafkaFault(`make the Kafka topic ${name}`, error));
      }
    }
    return never;
  }
}

/** Trying again does not help, or is not for the producer to decide. */
function isFinal(error: unknown): boolean {
  return error instanceof JournalError ? error.code === 'kafka-forgot' : error instanceof CodedError;
}

function keyOf({ topic, partition }: ProducePart): string {
  return `${topic}/${partition}`;
}

/*
  Produce Request (9 to 11) => transactional_id acks timeout_ms [topic_data] TAG_BUFFER
    topic_data => name [partition_data] TAG_BUFFER
      partition_data => index records TAG_BUFFER
*/
function requestOf(parts: readonly ProducePart[]): Writer {
  const topics = Map.groupBy(parts, ({ topic }) => topic);
  return Writer.create()
    .appendString(null)
    .appendInt16(ALL_IN_SYNC)
    .appendInt32(ANSWER_MS)
    .appendArray([...topics], (writer, [name, ofTopic]) => {
      writer.appendString(name).appendArray(ofTopic, (inner, { partition, set }) => {
        inner
          .appendInt32(partition)
          .appendUnsignedVarInt(set.bytes.length + 1)
          .append(set.bytes);
      });
    })
    .appendTaggedFields();
}

/*
  Produce Response (9 to 11) => [responses] throttle_time_ms TAG_BUFFER
    responses => name [partition_responses] TAG_BUFFER
      partition_responses => index error_code base_offset log_append_time_ms log_start_offset [record_errors] error_message TAG_BUFFER
        record_errors => batch_index batch_index_error_message TAG_BUFFER
*/
function readAnswers(reader: Reader): Answer[] {
  return reader
    .readArray((ofTopic) => {
      const topic = ofTopic.readString();
      return ofTopic.readArray((one) => readAnswer(one, topic));
    })
    .flat();
}

function readAnswer(reader: Reader, topic: string): Answer {
  const partition = reader.readInt32();
  const apiId = String(protocolErrorsCodesById[reader.readInt16()]);
  const baseOffset = Number(reader.readInt64());
  reader.readInt64();
  reader.readInt64();
  const errors = reader.readArray((one) => ({ index: one.readInt32(), message: one.readNullableString() }));
  const message = reader.readNullableString() ?? errors[0]?.message ?? undefined;
  return { topic, partition, apiId, message, baseOffset, refusedIndexes: errors.map(({ index }) => index) };
}
