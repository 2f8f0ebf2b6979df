import { type Advice, CodedError } from '@skerry/kernel';
import type { EncodedBatch } from './batch.ts';

/** Fault codes of the journal. */
export type JournalFault =
  | 'journal-full'
  | 'journal-failed'
  | 'journal-closed'
  | 'journal-read-only'
  | 'journal-damaged'
  | 'journal-foreign'
  | 'offset-trimmed'
  | 'batch-malformed'
  | 'record-too-large'
  | 'too-many-projects';

/** What a caller should do about each fault of the journal, and what it means (source of the error pages). */
export const JOURNAL_FAULTS: Readonly<
  Record<JournalFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'journal-full': {
    advice: 'retry',
    meaning:
      'The journal has reached its share of the disk, or the disk is full; nothing of the append was kept, and it can be repeated when older records are gone or the disk has room again.',
  },
  'journal-failed': {
    advice: 'end-process',
    meaning:
      'The disk failed a write or refused to make it durable; the journal takes nothing more until the process starts again.',
  },
  'journal-read-only': {
    advice: 'give-up',
    meaning: 'The journal was opened for reading only, after the disk failed several times in a row.',
  },
  'journal-closed': { advice: 'give-up', meaning: 'The journal has been closed.' },
  'journal-damaged': {
    advice: 'give-up',
    meaning: 'A file of the journal is damaged at a place that was durable; file and byte are named.',
  },
  'journal-foreign': { advice: 'give-up', meaning: 'A file belongs to another journal.' },
  'offset-trimmed': {
    advice: 'give-up',
    meaning: 'The records asked for have been removed from the journal.',
  },
  'batch-malformed': {
    advice: 'give-up',
    meaning: 'The bytes of a batch are not what the format says.',
  },
  'record-too-large': {
    advice: 'give-up',
    meaning: 'A topic, client id or header value is longer than a record can hold.',
  },
  'too-many-projects': {
    advice: 'give-up',
    meaning: 'More pairs of tenant and project were seen since the start than the limit allows.',
  },
};

/** A fault of the journal. */
export class JournalError extends CodedError<JournalFault> {
  /** With `journal-full`: the batch that was refused, owned by the caller again. */
  readonly refused: EncodedBatch | undefined;

  constructor(
    code: JournalFault,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
    refused?: EncodedBatch,
  ) {
    super(code, message, facts, cause);
    this.refused = refused;
  }

  get advice(): Advice {
    return JOURNAL_FAULTS[this.code].advice;
  }
}
