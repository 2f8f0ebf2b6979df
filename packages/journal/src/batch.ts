/** What a record is. The number is on disk (docs/formats/segment.md) and never changes meaning. */
export const RECORD_KIND = {
  /** A publication under a telemetry prefix; in the ledger. */
  telemetry: 1,
  /** A publication under a telemetry prefix whose topic does not fit; in the ledger, becomes a dead letter. */
  misrouted: 2,
  /** A message people exchange: QoS 1 and above, or retained. Outside the ledger. */
  message: 3,
  /** A connection's begin or end (JSON payload). Outside the ledger. */
  session: 4,
  /** A dead letter offered again; header `replayOf` is the original offset; topic and payload are those of the original. Outside `received`. */
  replay: 5,
  /** A dead letter given up; header `replayOf` is the original offset, header `author` who did. */
  discard: 6,
  /** A change of declared pipelines (JSON payload), header `author` who asked; in force for the records behind it. Outside the ledger. */
  pipeline: 7,
  /** An offset that holds no record: a marker of a transaction in Kafka, or one that Kafka's retention took. Empty, without a project. Outside the ledger. */
  void: 8,
} as const;

/** One of the numbers of `RECORD_KIND`. */
export type RecordKind = (typeof RECORD_KIND)[keyof typeof RECORD_KIND];

/** Keys of a record's optional headers; values are bytes. On disk, never change meaning. */
export const HEADER = {
  contentType: 1,
  payloadFormat: 2,
  messageExpirySecs: 3,
  responseTopic: 4,
  correlation: 5,
  /** UTF-8 name, NUL, UTF-8 value; may repeat. */
  userProperty: 6,
  /** Decimal digits of the original offset. */
  replayOf: 7,
  author: 8,
  /** Device that the publisher is bound to, UTF-8: the record is this device's, whatever it says. Stands first. */
  boundDevice: 9,
  /** Where the record was first taken in, ASCII: `<journal id, 32 hex digits>/<offset there>/<number>`; the number counts the records of that journal in this partition, from 0, without holes. */
  origin: 10,
  /** Why Kafka refused the record for good, and the topic that it was for, UTF-8: `<reason> <topic>`. Only on records of `iot.dead-letters`, made as they are read. */
  refusal: 11,
  /** `traceparent` of the span that took the record in, ASCII; on records that are followed. Stands before the user properties, which are as they came. */
  trace: 12,
} as const;

/** A closed batch body: project table and records in the layout of docs/formats/segment.md, without the batch header, which the log writes. Ownership passes with it. */
export interface EncodedBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the project table begins inside `bytes`. */
  readonly tableStart: number;
  /** Records inside. */
  readonly count: number;
  /** Records of kind telemetry or misrouted inside. */
  readonly telemetryCount: number;
  /** True when it holds retained messages, so that a start can find them by batch headers alone. */
  readonly hasRetained: boolean;
}

/** What `BatchBuilder.add` takes. Views are copied. */
export interface RecordInput {
  readonly kind: RecordKind;
  readonly qos: number;
  readonly retain: boolean;
  /** Number from `BatchBuilder.project`, or -1 for a record without tenant and project. */
  readonly project: number;
  readonly receivedMicros: number;
  readonly topic: Uint8Array;
  readonly client: Uint8Array;
  readonly payload: Uint8Array;
  /** Header block as made by `encodeHeaders`, or empty. */
  readonly headers: Uint8Array;
}
