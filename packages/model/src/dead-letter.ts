/** Why a record was set aside. A stable word; the detail is in `DeadLetter.detail`. */
export type DeadLetterReason =
  | 'unknown-topic'
  | 'undecodable'
  | 'series-limit'
  | 'too-many-points'
  | 'stage-failed'
  | 'kafka-refused';

/** What has become of a dead letter. */
export type DeadLetterState = 'open' | 'replayed' | 'discarded' | 'expired';

/** A record that could not be processed, kept whole. `offset` is its identity in the journal. */
export interface DeadLetter {
  readonly offset: number;
  readonly receivedMicros: number;
  readonly tenant: string;
  readonly project: string;
  /** Empty when the device could not be told. */
  readonly device: string;
  readonly topic: string;
  readonly client: string;
  readonly reason: DeadLetterReason;
  /** What was found and what was wanted, in words. */
  readonly detail: string;
  /** What set it aside: `route`, `decode`, `store`, `uplink` (on the way into Kafka), or `{pipeline}/{stage}` of a declared pipeline. */
  readonly stage: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly state: DeadLetterState;
  /** Who changed the state, and when (microseconds since 1970); empty and 0 while open. */
  readonly author: string;
  readonly changedMicros: number;
  /**
   * The header block of the record (docs/formats/segment.md), which a replay has too: the same content type, and the
   * same bound device. Absent without headers.
   */
  readonly headers?: Uint8Array;
}
