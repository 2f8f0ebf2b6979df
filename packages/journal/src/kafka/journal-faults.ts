import { CodedError } from '@skerry/kernel';
import { JournalError, type JournalFault } from '../errors.ts';
import type { Offset } from '../journal.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
}

const FOR_GOOD: readonly JournalFault[] = ['journal-damaged', 'journal-foreign', 'kafka-forgot'];

/** Nothing mends it while the process runs: no room on a disk, and no Kafka that comes back or takes credentials again. */
export function isForGood(fault: unknown): boolean {
  if (!(fault instanceof CodedError)) return true;
  if (fault instanceof JournalError) return fault.advice === 'end-process' || FOR_GOOD.includes(fault.code);
  return fault.advice !== 'retry';
}

/** The journal has been closed. */
export function closed(): JournalError {
  return new JournalError('journal-closed', 'Cannot use the journal: it has been closed.');
}

/** Nothing is appended. */
export function readOnly(): JournalError {
  return new JournalError('journal-read-only', 'Cannot append: the journal was opened for reading only.');
}

/** The records asked for are not there any more. */
export function trimmed(from: Offset, start: Offset, { topic, partition }: Place): JournalError {
  return new JournalError(
    'offset-trimmed',
    `Cannot read ${topic}/${partition} from ${from}: it begins at ${start}.`,
    { from, start },
  );
}

/** Somebody else writes the partition. */
export function shared({ topic, partition }: Place, end: Offset, first: Offset): JournalError {
  return new JournalError(
    'journal-foreign',
    `Cannot go on: somebody else writes ${topic}/${partition} as well: a batch was taken at ${first}, and ${end} was next. A topic is the journal of one process.`,
    { topic, partition, end, first },
  );
}

/** What is on disk belongs to another journal. */
export function foreignMemory(kept: string, id: string, { topic, partition }: Place): JournalError {
  return new JournalError(
    'journal-foreign',
    `Cannot use ${topic}/${partition} as the journal: the data folder belongs to the journal ${kept}, this one is ${id}. A topic that was made anew, or another one, wants a data folder of its own, and so does a journal in Kafka where there was one in files: set dataDir to a new folder, or journal.engine and journal.topic as they were.`,
    { topic, partition },
  );
}
