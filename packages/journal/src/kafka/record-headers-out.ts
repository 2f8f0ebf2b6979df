import { HEADER, RECORD_KIND, type RecordKind } from '../batch.ts';
import { type HeaderList, headerName } from './header-list.ts';
import {
  KAFKA_HEADER,
  KIND_NAMES,
  PLAIN_HEADERS,
  TRACE_PARENT,
  TRACE_STATE,
  USER_PREFIX,
} from './header-names.ts';
import { writeDecimal } from './origin.ts';

/** What the headers of a record are made of; `RecordReader` has it. Places are indexes into `body`. */
export interface OutgoingRecord {
  readonly body: Uint8Array;
  readonly kind: RecordKind;
  readonly qos: number;
  readonly retain: boolean;
  readonly receivedMicros: number;
  readonly topicStart: number;
  readonly clientStart: number;
  readonly headersStart: number;
  readonly payloadStart: number;
  readonly end: number;
}

/** Names of a record's project as bytes; both undefined without one. */
export interface ProjectBytes {
  readonly tenant: Uint8Array | undefined;
  readonly project: Uint8Array | undefined;
}

const text = new TextEncoder();
const PLAIN_NAMES: ReadonlyMap<number, Uint8Array> = new Map(
  [...PLAIN_HEADERS].map(([key, name]) => [key, headerName(name)]),
);
const KIND_VALUES: ReadonlyMap<RecordKind, Uint8Array> = new Map(
  [...KIND_NAMES].map(([kind, name]) => [kind, text.encode(name)]),
);
const QOS_VALUES = [text.encode('0'), text.encode('1'), text.encode('2')];
const TRUE = text.encode('1');
const TRACE_PARENT_NAME = headerName(TRACE_PARENT);
/** Name of the header `tracestate`. */
export const TRACE_STATE_NAME = headerName(TRACE_STATE);
const OWN_PROPERTIES: ReadonlyMap<string, Uint8Array> = new Map([
  [TRACE_PARENT, TRACE_PARENT_NAME],
  [TRACE_STATE, TRACE_STATE_NAME],
]);
const HEAD_BYTES = 3;
/** Of a receive time below 2^53. */
const MICROS_DIGITS = 16;

const TOPIC = headerName(KAFKA_HEADER.topic);
const TENANT = headerName(KAFKA_HEADER.tenant);
const PROJECT = headerName(KAFKA_HEADER.project);
const RECEIVED = headerName(KAFKA_HEADER.received);
const QOS = headerName(KAFKA_HEADER.qos);
const RETAIN = headerName(KAFKA_HEADER.retain);
const CLIENT = headerName(KAFKA_HEADER.client);
const KIND = headerName(KAFKA_HEADER.kind);

/** Puts the headers of a record, all but `origin`, into a list. One for each thread: it uses its scratch bytes again. */
export class RecordHeadersOut {
  /** `tenant`, `project` and `received` of the last record: its neighbours have the same. */
  #shared = Buffer.alloc(0);
  #sharedEnd = 0;
  #sharedHeaders = 0;
  #sharedOf: ProjectBytes | undefined;
  #sharedMicros = -1;
  #receivedAt = 0;
  /** Place in the list of the `traceparent` of the span that took the record in; -1 for a record that is not followed. */
  tracePlace = -1;

  /** Fills `into`, which holds views of `record.body` afterwards. */
  fill(into: HeaderList, record: OutgoingRecord, project: ProjectBytes): void {
    const { body } = record;
    into.clear();
    into.add(TOPIC, body, record.topicStart, record.clientStart);
    if (project !== this.#sharedOf) this.#share(project);
    if (record.receivedMicros !== this.#sharedMicros) this.#stamp(record.receivedMicros);
    into.addEncoded(this.#shared, this.#sharedEnd, this.#sharedHeaders);
    if (record.qos !== 1) into.add(QOS, QOS_VALUES[record.qos] ?? TRUE);
    if (record.retain) into.add(RETAIN, TRUE);
    if (record.headersStart > record.clientStart)
      into.add(CLIENT, body, record.clientStart, record.headersStart);
    if (record.kind !== RECORD_KIND.telemetry) into.add(KIND, KIND_VALUES.get(record.kind) ?? TRUE);
    this.tracePlace = -1;
    if (record.payloadStart > record.headersStart) this.tracePlace = addBlock(into, body, record);
  }

  #share(project: ProjectBytes): void {
    const { tenant, project: name } = project;
    const parts = [
      ...(tenant ? [TENANT, lengthOf(tenant), tenant] : []),
      ...(name ? [PROJECT, lengthOf(name), name] : []),
      RECEIVED,
    ];
    this.#receivedAt = parts.reduce((sum, part) => sum + part.length, 0);
    this.#shared = Buffer.concat([...parts, new Uint8Array(1 + MICROS_DIGITS)]);
    this.#sharedHeaders = 1 + (tenant ? 1 : 0) + (name ? 1 : 0);
    this.#sharedOf = project;
    this.#sharedMicros = -1;
  }

  #stamp(micros: number): void {
    const start = this.#receivedAt + 1;
    this.#sharedEnd = writeDecimal(this.#shared, start, micros);
    this.#shared[start - 1] = (this.#sharedEnd - start) * 2; // zigzag
    this.#sharedMicros = micros;
  }
}

/** The length of a value as a record has it. */
function lengthOf(value: Uint8Array): Uint8Array {
  return headerName(value).subarray(0, -value.length || undefined);
}

/** Returns the place of the `traceparent` that the record's taker wrote; -1 without one. */
function addBlock(into: HeaderList, body: Uint8Array, record: OutgoingRecord): number {
  let tracePlace = -1;
  for (let at = record.headersStart; at < record.payloadStart; ) {
    const key = Number(body[at]);
    const start = at + HEAD_BYTES;
    const end = start + Number(body[at + 1]) + Number(body[at + 2]) * 256;
    const name = PLAIN_NAMES.get(key);
    if (name) into.add(name, body, start, end);
    else if (key === HEADER.userProperty) addUserProperty(into, body, start, end, tracePlace >= 0);
    else if (key === HEADER.trace) {
      tracePlace = into.count;
      into.add(TRACE_PARENT_NAME, body, start, end);
    }
    at = end;
  }
  return tracePlace;
}

/** `isFollowed`: the `traceparent` of whoever took the record in stands in the place of its publisher's. */
function addUserProperty(
  into: HeaderList,
  body: Uint8Array,
  start: number,
  end: number,
  isFollowed: boolean,
): void {
  const nul = body.indexOf(0, start);
  if (nul < 0 || nul >= end) return;
  const own = Buffer.from(body.subarray(start, nul)).toString('utf8');
  if (isFollowed && own === TRACE_PARENT) return;
  into.add(OWN_PROPERTIES.get(own) ?? headerName(`${USER_PREFIX}${own}`), body, nul + 1, end);
}
