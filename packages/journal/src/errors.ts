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
  | 'too-many-projects'
  | 'kafka-unreachable'
  | 'kafka-denied'
  | 'kafka-unsteady'
  | 'kafka-weak'
  | 'kafka-topic-missing'
  | 'kafka-refused'
  | 'kafka-forgot';

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
  'kafka-unreachable': {
    advice: 'retry',
    meaning: 'No broker of the Kafka cluster could be reached, or none answered in time.',
  },
  'kafka-denied': {
    advice: 'give-up',
    meaning:
      'Kafka refused the credentials, the certificate or the permission; what waits is kept and tried again.',
  },
  'kafka-unsteady': {
    advice: 'retry',
    meaning:
      'Kafka cannot serve the request at the moment: a partition has no leader or too few replicas, or a role is moving.',
  },
  'kafka-weak': {
    advice: 'retry',
    meaning:
      'A Kafka topic has fewer replicas, or has to have fewer of them in sync, than an acknowledgement needs that only Kafka stands for; nothing is sent there until it has more.',
  },
  'kafka-topic-missing': {
    advice: 'retry',
    meaning: 'A topic that is needed does not exist in the Kafka cluster.',
  },
  'kafka-forgot': {
    advice: 'retry',
    meaning:
      'Kafka does not have records any more that it had acknowledged: a power cut of a replica that was alone, or a topic that was deleted. Gateways send again what their buffers hold; readers go on where the log was cut.',
  },
  'kafka-refused': {
    advice: 'give-up',
    meaning: 'Kafka refused a request for good; the reason it gave is named.',
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
