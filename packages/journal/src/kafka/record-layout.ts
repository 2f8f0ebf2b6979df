import type { RecordInput } from '../batch.ts';
import type { RecordReader } from '../record-reader.ts';
import { HeaderList, headerName } from './header-list.ts';
import { KAFKA_HEADER } from './header-names.ts';
import { formatOrigin, type Origin } from './origin.ts';
import { RecordHeadersOut } from './record-headers-out.ts';
import { RecordsIn, type RecordsInOptions } from './record-in.ts';
import { FetchedRecords, readRecordSets } from './record-set-reader.ts';
import { RecordSetWriter, stampRecordSet } from './record-set-writer.ts';
import type { RouteRefusal, TopicLayout } from './topic-layout.ts';

const ORIGIN = headerName(KAFKA_HEADER.origin);
const PAYLOAD = headerName(KAFKA_HEADER.payload);

/** A record as it stands in Kafka. */
export interface KafkaRecord {
  readonly topic: string;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array }[];
}

/** The record that a reader stands on as it goes to Kafka, with why its topic cannot be had where that is so. Copies. */
export function toKafka(
  record: RecordReader,
  layout: TopicLayout,
  origin: Origin,
): KafkaRecord & { readonly refusal: RouteRefusal | undefined } {
  const headers = new HeaderList();
  const project = layout.project(record);
  const { topic, key, value, rawPayload, refusal } = layout.route(record, project);
  new RecordHeadersOut().fill(headers, record, project);
  if (rawPayload) headers.add(PAYLOAD, record.payload);
  headers.add(ORIGIN, new TextEncoder().encode(formatOrigin(origin)));
  return {
    topic,
    refusal,
    timestampMs: Math.floor(record.receivedMicros / 1000),
    key: key.bytes.slice(key.start, key.end),
    value: value.bytes.slice(value.start, value.end),
    headers: headers.list(),
  };
}

/** A record of Kafka as a journal takes it, whoever produced it. Its bytes are the caller's. */
export function fromKafka(record: KafkaRecord, options: RecordsInOptions): RecordInput {
  const headers = new HeaderList();
  for (const { name, value } of record.headers) headers.add(headerName(name), value);
  const writer = new RecordSetWriter();
  const { key, value } = record;
  const whole = (bytes: Uint8Array) => ({ bytes, start: 0, end: bytes.length });
  writer.add(record.timestampMs, key && whole(key), whole(value), headers);
  const set = writer.close();
  if (!set) throw new RangeError('A batch of one record is not empty.');
  stampRecordSet(set, { producerId: -1n, producerEpoch: -1, sequence: -1 });
  const cursor = new FetchedRecords();
  for (const fetched of readRecordSets(set.bytes)) cursor.begin(fetched);
  cursor.next();
  return new RecordsIn(options).read(cursor);
}
