import type { Journal, Offset, ReceivedCount, StoredBatch } from './journal.ts';

/** Numbers of a journal at one moment. */
export interface JournalFigures {
  readonly start: Offset;
  readonly end: Offset;
  readonly telemetryEnd: number;
  /** Bytes that its files take, without the reserve, and bytes they may come to. */
  readonly bytes: number;
  readonly capacityBytes: number;
  readonly segments: number;
  readonly hasReserve: boolean;
  /** Bytes cut off the end when it was opened. */
  readonly tornBytes: number;
}

/** What became durable with one sync. */
export interface DurableGroup {
  /** The receiver owns the bytes. */
  readonly batches: readonly StoredBatch[];
  /** New totals of the projects concerned. */
  readonly received: readonly ReceivedCount[];
}

/** A journal as the embedded adapters have it: with what a thread of its own, the audit and metrics need. */
export interface ServedJournal extends Journal {
  /** Records per project below `start`, as they were counted. */
  receivedBefore(): ReceivedCount[];
  figures(): JournalFigures;
  /** Installs the one listener, called with each group as soon as it is durable and before its appends resolve. */
  onDurable(listener: (group: DurableGroup) => void): void;
  /**
   * Installs the one hook that is awaited before records below `upTo` are given up that may hold retained messages: it
   * makes a snapshot of them durable. When it rejects, nothing is given up and `trim` rejects with its reason.
   */
  onBeforeTrim(hook: (upTo: Offset) => Promise<void>): void;
  /** The batches from the one that holds `from` on which hold retained messages and are still there, in order, up to the end at the call. Found without reading the others; bodies are checked. Fails as `read`, but for what lies below `start`. */
  readRetained(from: Offset): AsyncIterable<StoredBatch>;
}

/** Reads the batches of a journal that another thread writes. */
export interface BatchReader {
  /** As `Journal.read`, never above `end`, which the writer has told. */
  read(from: Offset, bytesMax: number, end: Offset): Promise<StoredBatch[]>;
}
