import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of the series store. */
export type SeriesFault =
  | 'chunk-damaged'
  | 'store-damaged'
  | 'store-full'
  | 'store-read-only'
  | 'store-not-opened'
  | 'store-failed'
  | 'store-closed'
  | 'seal-out-of-order'
  | 'journal-changed'
  | 'deadline-passed'
  | 'query-refused'
  | 'store-unreachable'
  | 'store-contended'
  | 'store-connections-full'
  | 'store-on-standby'
  | 'store-not-allowed'
  | 'store-schema-newer'
  | 'store-fenced'
  | 'store-refused'
  | 'store-sources-full'
  | 'sink-unreachable'
  | 'sink-busy'
  | 'sink-not-allowed'
  | 'sink-not-found'
  | 'sink-not-understood';

/** What a caller should do about each fault of the series store, and what it means (source of the error pages). */
export const SERIES_FAULTS: Readonly<
  Record<SeriesFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'chunk-damaged': {
    advice: 'give-up',
    meaning: 'A block of stored points is truncated or does not fit its checksum.',
  },
  'store-damaged': {
    advice: 'give-up',
    meaning: 'A file of the store is not a database of the store, or contradicts itself or its neighbours.',
  },
  'store-full': {
    advice: 'retry',
    meaning: 'The disk or the file has no room; nothing of the transaction was kept, and it can be repeated.',
  },
  'store-read-only': { advice: 'give-up', meaning: 'The folder or a file of the store cannot be written.' },
  'store-not-opened': { advice: 'give-up', meaning: 'A file of the store cannot be opened.' },
  'store-failed': {
    advice: 'end-process',
    meaning:
      'The disk failed or refused to make a transaction durable, or the database server told a fault that has no code of its own here; the message has its words, and `facts.state` its SQLSTATE.',
  },
  'store-closed': { advice: 'give-up', meaning: 'The store has been closed.' },
  'seal-out-of-order': { advice: 'end-process', meaning: 'A seal does not carry the next number.' },
  'journal-changed': {
    advice: 'give-up',
    meaning: 'A seal comes from another journal than the one that the store followed.',
  },
  'deadline-passed': { advice: 'retry', meaning: 'A query took longer than it was given.' },
  'query-refused': {
    advice: 'give-up',
    meaning: 'A query asks for more than the limits allow, or for nothing.',
  },
  'store-unreachable': {
    advice: 'retry',
    meaning: 'The database server cannot be reached, is starting or stopping, or the connection was cut.',
  },
  'store-contended': {
    advice: 'retry',
    meaning:
      'The database gave a transaction up for another one: a deadlock, a serialization failure, a lock.',
  },
  'store-connections-full': {
    advice: 'retry',
    meaning: 'The database server, or the pool of this process, has no connection left.',
  },
  'store-on-standby': {
    advice: 'retry',
    meaning: 'The database server takes no writes: it is a standby, or was set to read only.',
  },
  'store-not-allowed': {
    advice: 'give-up',
    meaning: 'The database refuses the user: name, password or a right is missing.',
  },
  'store-schema-newer': {
    advice: 'give-up',
    meaning: 'The tables in the database were made by a newer version of Skerry.',
  },
  'store-fenced': {
    advice: 'give-up',
    meaning: 'Another writer has taken the source over; nothing of this one is stored any more.',
  },
  'store-refused': {
    advice: 'give-up',
    meaning:
      'The database takes everything but a value in this transaction. Its partition alone waits, is tried again every 10 s, and says which records it waits at; the others go on. Where somebody changed a table (a trigger, a check, a type), take that back, and it goes on by itself; else it is a defect: start a newer version, or leave these records out, as the runbook SkerryPartitionHeld says.',
  },
  'store-sources-full': {
    advice: 'give-up',
    meaning:
      'The schema has had as many sources (journals, partitions of Kafka) as it can tell apart, those of topics that are gone among them. A partition that is new waits alone; those that are known go on. A new schema (`postgres.schema`) takes all of them.',
  },
  'sink-unreachable': {
    advice: 'retry',
    meaning: 'A further store of points cannot be reached, or did not answer in time; it catches up later.',
  },
  'sink-busy': {
    advice: 'retry',
    meaning: 'A further store of points asks to be asked later, or failed; it catches up later.',
  },
  'sink-not-allowed': {
    advice: 'give-up',
    meaning: 'A further store of points refuses the user or token; it catches up when that is put right.',
  },
  'sink-not-found': {
    advice: 'give-up',
    meaning:
      'A further store of points has no database or bucket of that name; it catches up when there is one.',
  },
  'sink-not-understood': {
    advice: 'give-up',
    meaning:
      'A further store of points refuses a request and speaks of no point in it, as a proxy or a server of another kind does; it catches up when that is put right.',
  },
};

/** A fault of the series store. */
export class SeriesError extends CodedError<SeriesFault> {
  get advice(): Advice {
    return SERIES_FAULTS[this.code].advice;
  }
}
