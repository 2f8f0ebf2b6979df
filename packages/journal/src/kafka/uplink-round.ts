import { RECORD_KIND } from '../batch.ts';
import type { Offset } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { RecordReader } from '../record-reader.ts';
import { HeaderList, headerName } from './header-list.ts';
import { KAFKA_HEADER } from './header-names.ts';
import { partitionOf } from './murmur2.ts';
import { OffsetList } from './offset-list.ts';
import { OriginWriter } from './origin.ts';
import { RecordHeadersOut } from './record-headers-out.ts';
import { type RecordSet, RecordSetWriter, soleRecordSetBytes } from './record-set-writer.ts';
import { DEAD_LETTER_TOPIC, type KafkaRoute, type TopicLayout } from './topic-layout.ts';
import type { TracedRecord, UplinkTrace } from './uplink-trace.ts';

const ORIGIN = headerName(KAFKA_HEADER.origin);
const PAYLOAD = headerName(KAFKA_HEADER.payload);
const DEAD_REASON = headerName(KAFKA_HEADER.deadReason);
const DEAD_TOPIC = headerName(KAFKA_HEADER.deadTopic);

const UPLINK_KINDS: readonly number[] = [RECORD_KIND.telemetry, RECORD_KIND.misrouted, RECORD_KIND.session];
/** A record's place in its batch can take some more bytes than alone. */
const PLACE_BYTES = 16;

/** A topic that records are spread over. */
export interface TopicSpread {
  readonly topic: string;
  /** Bytes that a batch may have. */
  readonly batchBytesMax: number;
  /** By partition: number of the next record, of those sent or made ready. */
  readonly next: number[];
}

/** A batch of a round. */
export interface RoundPart {
  readonly topic: string;
  readonly partition: number;
  readonly set: RecordSet;
  /** Offset in the journal of each of its records. */
  readonly offsets: OffsetList;
  /** Those of its records that are followed. */
  readonly traced: readonly TracedRecord[];
}

/** Records that are sent together: at most one batch for each partition. */
export interface UplinkRound {
  readonly from: Offset;
  /** Offset behind the last record that was looked at. */
  readonly to: Offset;
  readonly parts: readonly RoundPart[];
  readonly records: number;
  /** Receive time of its first and last record that is sent, microseconds since 1970; 0 without one. */
  readonly firstMicros: number;
  readonly lastMicros: number;
  /** Of each of its records that goes to the dead letters, why. */
  readonly dead: readonly string[];
  /** Numbers behind the round: topic, partition, next number. */
  readonly numbers: readonly (readonly [topic: string, partition: number, next: number])[];
}

/** What became of a record that was offered to a round. */
export type RoundAnswer = 'taken' | 'full' | { readonly unknownTopic: string };

/** Why a record goes to the dead letters, by its offset. */
export type Refusals = ReadonlyMap<Offset, string>;

interface OpenPart {
  readonly spread: TopicSpread;
  readonly writer: RecordSetWriter;
  offsets: OffsetList;
  /** Given back, for the next batch but one. */
  spareOffsets: OffsetList | undefined;
  traced: TracedRecord[];
}

/** Makes rounds of the records of a journal, each record numbered in its partition. */
export class RoundBuilder {
  readonly #layout: TopicLayout;
  readonly #spreads: ReadonlyMap<string, TopicSpread>;
  readonly #origin: OriginWriter;
  readonly #headersOut = new RecordHeadersOut();
  readonly #headers = new HeaderList();
  readonly #open = new Map<string, OpenPart[]>();
  #lastParts: readonly OpenPart[] = [];
  #used: OpenPart[] = [];
  #from: Offset = 0;
  #to: Offset = 0;
  #records = 0;
  #bytes = 0;
  #firstMicros = 0;
  #lastMicros = 0;
  #dead: string[] = [];
  /** Absent where nothing is traced. */
  readonly trace: UplinkTrace | undefined;
  /** Records that a batch may have, lowered while Kafka refuses one and does not say which. */
  recordsMax: number = LIMITS.kafkaRoundRecords.value;

  constructor(
    layout: TopicLayout,
    spreads: ReadonlyMap<string, TopicSpread>,
    journalId: string,
    trace?: UplinkTrace,
  ) {
    this.#layout = layout;
    this.trace = trace;
    this.#spreads = spreads;
    this.#origin = new OriginWriter(journalId);
  }

  /** Begins a round at an offset; what was open is forgotten. */
  begin(from: Offset): void {
    this.#from = this.#to = from;
    this.#records = this.#bytes = 0;
    this.#firstMicros = this.#lastMicros = 0;
    this.#dead = [];
    for (const part of this.#used) {
      part.writer.close();
      part.offsets.clear();
      part.traced = [];
    }
    this.#used = [];
  }

  /** Adds the record that the reader stands on, or passes over one that is not for Kafka. */
  add(record: RecordReader, refusals: Refusals): RoundAnswer {
    if (!UPLINK_KINDS.includes(record.kind)) {
      this.#to = record.offset + 1;
      return 'taken';
    }
    if (this.#records >= this.recordsMax || this.#bytes >= LIMITS.kafkaRoundBytes.value) return 'full';
    const project = this.#layout.project(record);
    const route = this.#layout.route(record, project);
    this.#headersOut.fill(this.#headers, record, project);
    if (route.rawPayload) this.#headers.add(PAYLOAD, record.body, record.payloadStart, record.end);
    const reason = route.refusal ?? refusals.get(record.offset);
    if (reason !== undefined) return this.#addDead(record, route, reason);
    const spread = this.#spreads.get(route.topic);
    if (!spread) return { unknownTopic: route.topic };
    const bytes = this.#alone(route);
    if (bytes > spread.batchBytesMax) return this.#addDead(record, route, 'record-too-large');
    return this.#put(record, route, spread, bytes);
  }

  /** The round as it stands; undefined when no record was looked at. */
  close(): UplinkRound | undefined {
    if (this.#to === this.#from) return undefined;
    const parts: RoundPart[] = [];
    const numbers: [string, number, number][] = [];
    for (const open of this.#used) {
      const { spread, writer, offsets, traced } = open;
      const partition = this.#partitionOf(spread, writer);
      const set = writer.close();
      if (!set) continue;
      parts.push({ topic: spread.topic, partition, set, offsets, traced });
      open.offsets = open.spareOffsets ?? new OffsetList();
      open.spareOffsets = undefined;
      numbers.push([spread.topic, partition, Number(spread.next[partition])]);
    }
    const round: UplinkRound = {
      from: this.#from,
      to: this.#to,
      parts,
      records: this.#records,
      firstMicros: this.#firstMicros,
      lastMicros: this.#lastMicros,
      dead: this.#dead,
      numbers,
    };
    this.begin(this.#to);
    return round;
  }

  /** Takes back the bytes of a round that Kafka has taken. */
  giveBack({ parts }: UplinkRound): void {
    for (const { topic, partition, set, offsets } of parts) {
      const open = this.#open.get(topic)?.[partition];
      if (!open) continue;
      open.writer.giveBack(set);
      open.spareOffsets = offsets.clear();
    }
  }

  #addDead(record: RecordReader, route: KafkaRoute, reason: string): RoundAnswer {
    const spread = this.#spreads.get(DEAD_LETTER_TOPIC);
    if (!spread) return { unknownTopic: DEAD_LETTER_TOPIC };
    const encoder = new TextEncoder();
    this.#headers.add(DEAD_REASON, encoder.encode(reason));
    this.#headers.add(DEAD_TOPIC, encoder.encode(route.topic));
    const raw = { bytes: record.body, start: record.payloadStart, end: record.end };
    const answer = this.#put(record, { ...route, value: raw }, spread, this.#alone(route));
    if (answer === 'taken') this.#dead.push(reason);
    return answer;
  }

  /** Bytes of a batch with this record alone, with the longest origin. */
  #alone({ key, value }: KafkaRoute): number {
    const { bytes } = this.#origin;
    this.#headers.add(ORIGIN, bytes);
    const size = soleRecordSetBytes(key, value, this.#headers);
    this.#headers.count--;
    return size;
  }

  #put(record: RecordReader, route: KafkaRoute, spread: TopicSpread, bytes: number): RoundAnswer {
    const { key, value } = route;
    const partition = partitionOf(key.bytes, spread.next.length, key.start, key.end);
    const part = this.#partOf(spread, partition);
    const isNew = part.offsets.length === 0;
    if (!isNew && part.writer.byteLength + bytes + PLACE_BYTES > spread.batchBytesMax) return 'full';
    const { tracePlace } = this.#headersOut;
    const span = tracePlace < 0 ? undefined : this.trace?.open(this.#headers, tracePlace);
    if (span) part.traced.push({ ...span, index: part.offsets.length });
    const number = Number(spread.next[partition]);
    const end = this.#origin.write(record.offset, number);
    this.#headers.add(ORIGIN, this.#origin.bytes, 0, end);
    const before = part.writer.byteLength;
    part.writer.add(Math.floor(record.receivedMicros / 1000), key, value, this.#headers);
    spread.next[partition] = number + 1;
    if (isNew) this.#used.push(part);
    part.offsets.push(record.offset);
    this.#bytes += part.writer.byteLength - before;
    this.#records++;
    if (this.#firstMicros === 0) this.#firstMicros = record.receivedMicros;
    this.#lastMicros = record.receivedMicros;
    this.#to = record.offset + 1;
    return 'taken';
  }

  #partOf(spread: TopicSpread, partition: number): OpenPart {
    if (this.#lastParts[0]?.spread !== spread) this.#lastParts = this.#partsOf(spread);
    const part = this.#lastParts[partition];
    if (!part) throw new RangeError(`The topic ${spread.topic} has no partition ${partition}.`);
    return part;
  }

  #partsOf(spread: TopicSpread): OpenPart[] {
    const known = this.#open.get(spread.topic);
    // a topic that is spread anew has other places
    if (known?.[0]?.spread === spread) return known;
    const parts = spread.next.map(() => ({
      spread,
      writer: new RecordSetWriter(),
      offsets: new OffsetList(),
      spareOffsets: undefined,
      traced: [],
    }));
    this.#open.set(spread.topic, parts);
    return parts;
  }

  #partitionOf(spread: TopicSpread, writer: RecordSetWriter): number {
    return Number(this.#open.get(spread.topic)?.findIndex((one) => one.writer === writer));
  }
}

/**
 * Numbers of the next records by partition. Where a topic has more partitions than before, the new ones are used once it
 * is sure that nothing will be sent again: a repetition must meet its first.
 */
export function spreadOver(
  count: number,
  before: readonly number[] | undefined,
  mayRespread: boolean,
): number[] {
  if (!before) return new Array<number>(count).fill(0);
  if (before.length === count || (before.length < count && !mayRespread)) return [...before];
  return Array.from({ length: count }, (_, i) => before[i] ?? 0);
}
