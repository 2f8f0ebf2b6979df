import { isDotSegment } from '@skerry/model';
import { HEADER, RECORD_KIND, type RecordInput, type RecordKind } from '../batch.ts';
import { LIMITS } from '../limits.ts';
import { encodeHeaders, type RecordHeader } from '../record-headers.ts';
import { readEnvelope } from './envelope.ts';
import { KAFKA_HEADER, KINDS_BY_NAME, PLAIN_KEYS, USER_PREFIX } from './header-names.ts';
import { readDecimal } from './origin.ts';
import type { FetchedRecords } from './record-set-reader.ts';
import { DEAD_LETTER_TOPIC } from './topic-layout.ts';

/** Tenant and project that the name of a Kafka topic tells, where it does. */
export type ProjectOfTopic = (
  kafkaTopic: string,
) => { readonly tenant: string; readonly project: string } | undefined;

/** What `RecordsIn` is told once. */
export interface RecordsInOptions {
  readonly kafkaTopic: string;
  /** Values are envelopes of the earlier system (docs/formats/kafka.md). */
  readonly isEnvelope: boolean;
  /** The project where no header names one. */
  readonly defaultProject: { readonly tenant: string; readonly project: string } | undefined;
  /** Number of a project, as `BatchBuilder.project`. */
  projectNumber(tenant: string, project: string): number;
  /** The wall clock, microseconds since 1970. */
  nowMicros(): number;
  /** Told of each receive time that cannot be, and was put right. */
  timeBounded(): void;
}

/**
 * Whether a time of receipt can be: after 1970, and at most `kafkaAheadMs` ahead. It moves the clocks of partitions of
 * tables and of retention, which go forward only.
 */
export function canBeReceipt(micros: number, nowMicros: number): boolean {
  return micros > 0 && micros <= nowMicros + LIMITS.kafkaAheadMs.value * 1_000;
}

interface Place {
  start: number;
  end: number;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();
const EMPTY = new Uint8Array(0);
/** The router has a template for what lies under it. */
const FOREIGN_PREFIX = '$skerry/kafka/';
const ABSENT = -1;
/** A reason of the uplink and the longest name of a topic. */
const REFUSAL_BYTES_MAX = 400;
/** Kinds that a gateway sends to the dead letters and that are in the ledger. */
const LEDGER_KINDS: readonly RecordKind[] = [RECORD_KIND.telemetry, RECORD_KIND.misrouted];
/** Names are looked up by length and first byte before they are made text. */
const OWN_NAMES = Object.values(KAFKA_HEADER);

/** Turns records of Kafka into those of a journal. Used again for every record; what it returns is good until the next. */
export class RecordsIn {
  readonly #options: RecordsInOptions;
  readonly #names = new Map<number, { readonly bytes: Uint8Array; readonly name: string }[]>();
  readonly #places: Record<string, Place> = {};
  readonly #rest: RecordHeader[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  /** A header of the record names a tenant, project or device that cannot be one. */
  #isMisnamed = false;
  #lastTenant: Uint8Array = EMPTY;
  #lastProject: Uint8Array = EMPTY;
  #lastNumber = -1;
  #originBlock = Buffer.alloc(128);

  constructor(options: RecordsInOptions) {
    this.#options = options;
    for (const name of OWN_NAMES) {
      this.#places[name] = { start: ABSENT, end: ABSENT };
      const bytes = encoder.encode(name);
      this.#names.set(bytes.length, [...(this.#names.get(bytes.length) ?? []), { bytes, name }]);
    }
  }

  /** The record that the cursor stands on. Views of the fetched bytes, and of scratch bytes. */
  read(record: FetchedRecords): RecordInput {
    this.#collect(record);
    const topic = this.#view(KAFKA_HEADER.topic) ?? this.#foreignTopic(record);
    const value = record.valueStart < 0 ? EMPTY : record.bytes.subarray(record.valueStart, record.valueEnd);
    const told = this.#kind();
    const project = this.#project(told);
    const kind = this.#isMisnamed ? setAside(told) : told;
    if (this.#options.kafkaTopic === DEAD_LETTER_TOPIC && LEDGER_KINDS.includes(kind)) this.#keepRefusal();
    const plain: RecordInput = {
      kind,
      qos: this.#qos(),
      retain: this.#places[KAFKA_HEADER.retain]?.start !== ABSENT,
      project,
      receivedMicros: this.#received(record.timestampMs),
      topic,
      client: this.#view(KAFKA_HEADER.client) ?? EMPTY,
      payload: value,
      headers: this.#headers(),
    };
    const whole = this.#options.isEnvelope ? this.#opened(plain) : plain;
    return withinLimits(whole);
  }

  #collect(record: FetchedRecords): void {
    this.#bytes = record.bytes;
    this.#rest.length = 0;
    this.#isMisnamed = false;
    for (const name of OWN_NAMES) {
      const place = this.#places[name];
      if (place) place.start = ABSENT;
    }
    if (record.headerCount === 0) return;
    record.eachHeader((nameStart, nameEnd, start, end) => {
      const own = this.#ownName(nameStart, nameEnd);
      const place = own === undefined ? undefined : this.#places[own];
      if (!place) this.#keep(decoder.decode(this.#bytes.subarray(nameStart, nameEnd)), start, end);
      else if (place.start === ABSENT && start >= 0) {
        place.start = start;
        place.end = end;
      }
    });
  }

  #ownName(start: number, end: number): string | undefined {
    const { length } = this.#names.get(end - start) ?? [];
    if (!length) return undefined;
    for (const { bytes, name } of this.#names.get(end - start) ?? []) {
      let i = 0;
      while (i < bytes.length && bytes[i] === this.#bytes[start + i]) i++;
      if (i === bytes.length) return name;
    }
    return undefined;
  }

  /** Keeps a header that is none of Skerry's own places: a journal header, or a user property. */
  #keep(name: string, start: number, end: number): void {
    const value = start < 0 ? EMPTY : this.#bytes.subarray(start, end);
    const key = PLAIN_KEYS.get(name);
    if (key !== undefined) {
      if (value.length > LIMITS.fieldBytesMax.value) return;
      // who a record is bound to stands first
      if (key === HEADER.boundDevice && !isId(decoder.decode(value))) this.#isMisnamed = true;
      else if (key === HEADER.boundDevice) this.#rest.unshift({ key, value });
      else this.#rest.push({ key, value });
      return;
    }
    // `traceparent`, and what other producers add, stand under their own names
    const property = name.startsWith(USER_PREFIX) ? name.slice(USER_PREFIX.length) : name;
    const head = encoder.encode(`${property}\u0000`);
    if (head.length + value.length > LIMITS.fieldBytesMax.value) return;
    this.#rest.push({ key: HEADER.userProperty, value: Buffer.concat([head, value]) });
  }

  /** Whatever lies in the topic of dead letters was refused, also what does not say why. */
  #keepRefusal(): void {
    const [reason, topic] = [KAFKA_HEADER.deadReason, KAFKA_HEADER.deadTopic].map((name) =>
      decoder.decode(this.#view(name) ?? EMPTY),
    );
    const text = `${reason || 'refused'} ${topic}`;
    this.#rest.push({ key: HEADER.refusal, value: encoder.encode(text).subarray(0, REFUSAL_BYTES_MAX) });
  }

  #view(name: string): Uint8Array | undefined {
    const place = this.#places[name];
    return !place || place.start === ABSENT ? undefined : this.#bytes.subarray(place.start, place.end);
  }

  /** Where a project is told the record is routed by it, whatever the templates of the site are. */
  #foreignTopic(record: FetchedRecords): Uint8Array {
    const { defaultProject, kafkaTopic } = this.#options;
    const [tenant, project] = [this.#view(KAFKA_HEADER.tenant), this.#view(KAFKA_HEADER.project)];
    if (tenant && project && !this.#isMisnamed)
      return encoder.encode(`${FOREIGN_PREFIX}${decoder.decode(tenant)}/${decoder.decode(project)}`);
    if (defaultProject)
      return encoder.encode(`${FOREIGN_PREFIX}${defaultProject.tenant}/${defaultProject.project}`);
    const key = record.keyStart < 0 ? '' : record.bytes.toString('utf8', record.keyStart, record.keyEnd);
    return encoder.encode(`kafka/${kafkaTopic}/${key}`);
  }

  #kind(): RecordKind {
    const view = this.#view(KAFKA_HEADER.kind);
    if (!view) return RECORD_KIND.telemetry;
    const kind = KINDS_BY_NAME.get(decoder.decode(view));
    // what nobody here knows is kept, and set aside with a reason
    return kind ?? RECORD_KIND.misrouted;
  }

  #qos(): number {
    const place = this.#places[KAFKA_HEADER.qos];
    if (!place || place.start === ABSENT || place.end - place.start !== 1) return 1;
    const qos = Number(this.#bytes[place.start]) - 48;
    return qos === 0 || qos === 2 ? qos : 1;
  }

  #received(timestampMs: number): number {
    const place = this.#places[KAFKA_HEADER.received];
    const micros =
      place && place.start !== ABSENT ? readDecimal(this.#bytes, place.start, place.end) : undefined;
    return this.#bounded(micros ?? timestampMs * 1000, timestampMs * 1000);
  }

  /** The time, where it can be one of receipt, else the other, else now. */
  #bounded(micros: number, otherMicros: number): number {
    const nowMicros = this.#options.nowMicros();
    if (canBeReceipt(micros, nowMicros)) return micros;
    this.#options.timeBounded();
    return canBeReceipt(otherMicros, nowMicros) ? otherMicros : nowMicros;
  }

  /** What is in the ledger has a project there, which may be without a name. */
  #project(kind: RecordKind): number {
    const tenant = this.#view(KAFKA_HEADER.tenant);
    const project = this.#view(KAFKA_HEADER.project);
    const { defaultProject, projectNumber } = this.#options;
    if (!tenant || !project || this.#isMisnamed) {
      if (defaultProject) return projectNumber(defaultProject.tenant, defaultProject.project);
      return LEDGER_KINDS.includes(kind) ? projectNumber('', '') : -1;
    }
    if (this.#lastNumber >= 0 && isSame(tenant, this.#lastTenant) && isSame(project, this.#lastProject))
      return this.#lastNumber;
    const names = [decoder.decode(tenant), decoder.decode(project)] as const;
    if (!names.every(isId)) {
      this.#isMisnamed = true;
      return this.#project(kind);
    }
    this.#lastNumber = projectNumber(...names);
    this.#lastTenant = Uint8Array.from(tenant);
    this.#lastProject = Uint8Array.from(project);
    return this.#lastNumber;
  }

  #headers(): Uint8Array {
    const origin = this.#places[KAFKA_HEADER.origin];
    const hasOrigin = origin && origin.start !== ABSENT && origin.end - origin.start <= 100;
    if (this.#rest.length > 0) {
      const value = hasOrigin ? this.#bytes.subarray(origin.start, origin.end) : undefined;
      return encodeHeaders(value ? [...this.#rest, { key: HEADER.origin, value }] : this.#rest);
    }
    if (!hasOrigin) return EMPTY;
    const block = this.#originBlock;
    const length = origin.end - origin.start;
    block[0] = HEADER.origin;
    block[1] = length;
    block[2] = 0;
    this.#bytes.copy(block, 3, origin.start, origin.end);
    return block.subarray(0, 3 + length);
  }

  #opened(record: RecordInput): RecordInput {
    const envelope = readEnvelope(record.payload);
    // the envelope itself is kept, and set aside with a reason
    if (!envelope || !isId(envelope.tenant) || !isId(envelope.project))
      return { ...record, kind: RECORD_KIND.misrouted };
    const { receivedMicros = record.receivedMicros } = envelope;
    return {
      ...record,
      project: this.#options.projectNumber(envelope.tenant, envelope.project),
      receivedMicros:
        this.#places[KAFKA_HEADER.received]?.start === ABSENT
          ? this.#bounded(receivedMicros, record.receivedMicros)
          : record.receivedMicros,
      topic: encoder.encode(envelope.topic),
      payload: this.#view(KAFKA_HEADER.payload) ?? encoder.encode(envelope.payload),
    };
  }
}

/** What does not fit a record's fields is cut, and the record set aside. */
function withinLimits(record: RecordInput): RecordInput {
  const most = LIMITS.fieldBytesMax.value;
  if (record.topic.length <= most && record.client.length <= most) return record;
  return {
    ...record,
    kind: setAside(record.kind),
    topic: record.topic.subarray(0, most),
    client: record.client.subarray(0, most),
  };
}

function setAside(kind: RecordKind): RecordKind {
  return kind === RECORD_KIND.telemetry ? RECORD_KIND.misrouted : kind;
}

/** Whether a text may name a tenant, project or device, as topics may: longer ones fit no index of a store. */
function isId(text: string): boolean {
  if (text.length === 0 || text.length > LIMITS.kafkaIdCharsMax.value) return false;
  // the replacement character stands where bytes were no UTF-8
  return text.isWellFormed() && !isDotSegment(text) && !/[\p{Cc}+#/\ufffd]/u.test(text);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
