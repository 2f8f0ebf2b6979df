import type { MetricFamily } from '@skerry/kernel';
import type { EncodedBatch } from './batch.ts';
import { JOURNAL_FAULTS, JournalError, type JournalFault } from './errors.ts';
import type { Consumer, Offset, ReceivedCount, StoredBatch } from './journal.ts';
import type { JournalFigures } from './served-journal.ts';

/** What another thread knows of the journal. */
export interface JournalState {
  readonly id: string;
  readonly start: Offset;
  readonly end: Offset;
  readonly telemetryEnd: number;
  readonly received: readonly ReceivedCount[];
  readonly receivedBefore: readonly ReceivedCount[];
}

/** Calls that are answered by id. */
export interface JournalRequests {
  trim(): Offset;
  figures(): JournalFigures;
  metrics(): MetricFamily[];
  close(): void;
}

/** A fault as it crosses a thread; `code` is undefined for what is no fault of the journal. */
export interface FaultMessage {
  readonly code: JournalFault | undefined;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** From main to the log. `epoch` counts the refusals that main has seen: an append of an older epoch was sent before it knew. */
export type FromMain =
  | { readonly type: 'hello' }
  | { readonly type: 'append'; readonly id: number; readonly epoch: number; readonly batch: EncodedBatch }
  | { readonly type: 'commit'; readonly consumer: Consumer }
  | { readonly type: 'request'; readonly id: number; readonly method: keyof JournalRequests }
  | { readonly type: 'guard' }
  | { readonly type: 'guarded'; readonly id: number; readonly fault: FaultMessage | undefined };

/** From the pipeline to the log. `credit` gives back room for batches on their way. */
export type FromPipeline =
  | { readonly type: 'hello' }
  | { readonly type: 'commit'; readonly consumer: Consumer }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'read'; readonly id: number; readonly from: Offset; readonly bytesMax: number };

/** What both are told, in this order: `state` once, then what changes. */
export type JournalNews =
  | { readonly type: 'state'; readonly state: JournalState }
  | {
      readonly type: 'durable';
      readonly end: Offset;
      readonly telemetryEnd: number;
      /** New totals of the projects concerned. */
      readonly received: readonly ReceivedCount[];
      /** For the pipeline, while it has credit. */
      readonly batches: readonly StoredBatch[];
    }
  | { readonly type: 'trimmed'; readonly start: Offset; readonly receivedBefore: readonly ReceivedCount[] };

/** What the pipeline is told besides, where it reads through the log's thread. */
export type ToPipeline =
  | JournalNews
  | { readonly type: 'read'; readonly id: number; readonly batches: readonly StoredBatch[] }
  | { readonly type: 'fault'; readonly id: number; readonly fault: FaultMessage };

/** What main is told besides. */
export type ToMain =
  | JournalNews
  | {
      readonly type: 'appended';
      readonly firstId: number;
      readonly ends: readonly Offset[];
      readonly firstOffset: Offset;
    }
  | {
      readonly type: 'refused';
      readonly epoch: number;
      readonly refused: readonly { readonly id: number; readonly batch: EncodedBatch | undefined }[];
      readonly fault: FaultMessage;
    }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'fault'; readonly id: number; readonly fault: FaultMessage }
  | { readonly type: 'guard-trim'; readonly id: number; readonly upTo: Offset }
  | { readonly type: 'failed'; readonly fault: FaultMessage };

/** A fault as plain values. */
export function faultMessage(error: unknown): FaultMessage {
  if (error instanceof JournalError) {
    const facts = Object.entries(error.facts).filter(([, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value),
    );
    return { code: error.code, message: error.message, facts: Object.fromEntries(facts) };
  }
  return { code: undefined, message: error instanceof Error ? error.message : String(error), facts: {} };
}

/** The fault that came over; `refused` is the batch that came back with it. */
export function faultOf({ code, message, facts }: FaultMessage, refused?: EncodedBatch): Error {
  if (code === undefined || !(code in JOURNAL_FAULTS)) return new Error(message);
  return new JournalError(code, message, facts, undefined, refused);
}
