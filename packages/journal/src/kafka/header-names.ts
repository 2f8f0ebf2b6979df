import { HEADER, RECORD_KIND, type RecordKind } from '../batch.ts';

/** Names of a record's headers in Kafka (docs/formats/kafka.md). */
export const KAFKA_HEADER = {
  topic: 'topic',
  tenant: 'tenant',
  project: 'project',
  received: 'received',
  qos: 'qos',
  retain: 'retain',
  origin: 'origin',
  client: 'client',
  kind: 'kind',
  /** Payload of an envelope as it came, where it is not UTF-8. */
  payload: 'payload',
  /** Of dead letters: why, and the topic that refused the record. */
  deadReason: 'dead-reason',
  deadTopic: 'dead-topic',
} as const;

/** Begins the name of a user property's header. */
export const USER_PREFIX = 'user.';
/** A user property that is a header by its own name. */
export const TRACE_PARENT = 'traceparent';
/** The other one, which only counts beside it. */
export const TRACE_STATE = 'tracestate';

/** The journal's headers that are single headers in Kafka, by key. */
export const PLAIN_HEADERS: ReadonlyMap<number, string> = new Map([
  [HEADER.contentType, 'content-type'],
  [HEADER.payloadFormat, 'payload-format'],
  [HEADER.messageExpirySecs, 'expiry'],
  [HEADER.responseTopic, 'response-topic'],
  [HEADER.correlation, 'correlation'],
  [HEADER.author, 'author'],
  [HEADER.replayOf, 'replay-of'],
  [HEADER.boundDevice, 'bound-device'],
]);

/** The journal's keys by the names of the single headers. */
export const PLAIN_KEYS: ReadonlyMap<string, number> = new Map(
  [...PLAIN_HEADERS].map(([key, name]) => [name, key]),
);

/** A kind's name in the header `kind`; telemetry has none. */
export const KIND_NAMES: ReadonlyMap<RecordKind, string> = new Map(
  Object.entries(RECORD_KIND).map(([name, kind]) => [kind, name]),
);

/** A kind by its name. */
export const KINDS_BY_NAME: ReadonlyMap<string, RecordKind> = new Map(Object.entries(RECORD_KIND));
