import { JournalError } from '../errors.ts';

/** The fault of a durable place that is not what it should be. */
export function damage(path: string, at: number, what: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal-damaged',
    `Cannot read ${path}: at byte ${at} ${what}.`,
    { path, at },
    cause,
  );
}

/** The fault of a file of another journal. */
export function foreign(path: string, found: string, wanted: string): JournalError {
  return new JournalError(
    'journal-foreign',
    `Cannot use ${path}: it belongs to the journal ${found}, this one is ${wanted}.`,
    { path, found, wanted },
  );
}
