import type { EncodedBatch } from './batch.ts';

/** Position in the journal: the number of a record, counted from 0 over the journal's whole life. A safe integer. */
export type Offset = number;

/** A batch as it lies in the journal. */
export interface StoredBatch {
  /** Offset of the first record. */
  readonly firstOffset: Offset;
  readonly count: number;
  /** Telemetry records in the whole journal before this batch, dead-letter routed ones included. */
  readonly telemetryBefore: number;
  /** Records of kind telemetry in this batch. */
  readonly telemetryCount: number;
  /** When the batch was appended, microseconds since 1970; the log's own time. */
  readonly appendedMicros: number;
  /** The body: project table and records, to be read with `readBatch`. The receiver owns the bytes. */
  readonly body: Uint8Array;
}

/** Received records of one project as counted at the append, cumulative over the journal's life. */
export interface ReceivedCount {
  readonly tenant: string;
  readonly project: string;
  /** All telemetry records, QoS 0 included. */
  readonly received: number;
  readonly receivedQos0: number;
}

/** What an append promises when it resolves: the records are on disk, at these offsets. */
export interface AppendResult {
  readonly firstOffset: Offset;
  /** Offset after the last record. */
  readonly end: Offset;
}

/** A consumer whose position holds back trimming (mandatory) or which may lose positions (capped). */
export interface Consumer {
  readonly name: string;
  readonly isMandatory: boolean;
  /** Everything below is done with, durably. */
  readonly position: Offset;
}

/**
 * The durable, ordered log of records. One writer. Nothing above the durable end is ever handed out.
 * Offsets are dense: the n-th accepted record has offset n, whatever happened in between.
 */
export interface Journal extends AsyncDisposable {
  /** 16 random bytes given at creation, as 32 hex digits; tells a restored or cloned journal apart. */
  readonly id: string;
  /** First offset still held. */
  readonly start: Offset;
  /** Offset after the last durable record. */
  readonly end: Offset;
  /** Telemetry records below `end`, over the journal's whole life, counted by the journal from record kinds. */
  readonly telemetryEnd: number;
  /** Received records per project below `end`, as counted at the append. */
  received(): ReceivedCount[];
  /** Resolves when every record of the batch is durable; batches become durable in the order of the calls. Fails with `JournalError`: `journal-full` (nothing was written, try again after trimming), `journal-failed` (end the process). */
  append(batch: EncodedBatch): Promise<AppendResult>;
  /** Batches from the one that holds `from` on, whole, up to about `bytesMax` (at least one batch where there is one), never above `end`. The bytes are the caller's: it may free them. Fails with `offset-trimmed` below `start`, `journal-damaged` when a checksum does not fit. */
  read(from: Offset, bytesMax: number): Promise<StoredBatch[]>;
  /** Resolves when `end` is above `offset`, or when `signal` is aborted. */
  waitBeyond(offset: Offset, signal: AbortSignal): Promise<void>;
  /** Sets a consumer's position; the caller promises that it is itself on disk. Never goes back; a position above `end` counts as `end`. A consumer that is no longer mandatory is committed as a capped one. */
  commit(consumer: Consumer): void;
  /** Gives up whole segments below every mandatory consumer while the size limit or the time limit asks for it; returns the new `start`. */
  trim(): Promise<Offset>;
}
