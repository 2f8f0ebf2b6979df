import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of the command line and of the processes it starts. */
export type CliFault =
  | 'usage'
  | 'config-invalid'
  | 'config-unreadable'
  | 'data-folder-in-use'
  | 'data-folder-unusable'
  | 'not-running'
  | 'context-invalid'
  | 'context-unknown'
  | 'bundle-unwritable'
  | 'recording-unreadable'
  | 'output-failed'
  | 'sql-refused'
  | 'sql-failed'
  | 'thread-ended'
  | 'lease-lost';

/** What a caller should do about each fault, what it means, and the exit code of the command. */
export const CLI_FAULTS: Readonly<
  Record<CliFault, { readonly advice: Advice; readonly meaning: string; readonly exitCode: number }>
> = {
  usage: { advice: 'give-up', meaning: 'The command line could not be understood.', exitCode: 2 },
  'config-invalid': {
    advice: 'give-up',
    meaning: 'The configuration has faults; each is named with its path.',
    exitCode: 3,
  },
  'config-unreadable': {
    advice: 'give-up',
    meaning: 'The configuration file could not be read.',
    exitCode: 3,
  },
  'data-folder-in-use': {
    advice: 'give-up',
    meaning: 'Another instance works on the same data folder.',
    exitCode: 4,
  },
  'data-folder-unusable': {
    advice: 'give-up',
    meaning: 'The data folder cannot be created, read or written.',
    exitCode: 4,
  },
  'not-running': {
    advice: 'retry',
    meaning: 'No running instance was found for the data folder.',
    exitCode: 5,
  },
  'context-invalid': {
    advice: 'give-up',
    meaning: 'The file of contexts, or the token file of one, cannot be used.',
    exitCode: 3,
  },
  'context-unknown': { advice: 'give-up', meaning: 'No context has the name.', exitCode: 2 },
  'bundle-unwritable': {
    advice: 'give-up',
    meaning: 'The archive of a support bundle could not be written, or is there already.',
    exitCode: 6,
  },
  'recording-unreadable': {
    advice: 'give-up',
    meaning: 'A recording could not be read as CSV or JSON lines.',
    exitCode: 6,
  },
  'output-failed': {
    advice: 'give-up',
    meaning: 'Standard output could not be written, to a full disk for instance; what it has is not whole.',
    exitCode: 73,
  },
  'sql-refused': { advice: 'give-up', meaning: 'A statement is not a single read-only query.', exitCode: 2 },
  'sql-failed': { advice: 'give-up', meaning: 'A query failed or ran past its deadline.', exitCode: 7 },
  'thread-ended': {
    advice: 'end-process',
    meaning: 'A thread of the process ended without being asked to.',
    exitCode: 70,
  },
  'lease-lost': {
    advice: 'end-process',
    meaning: 'A lease of this process may belong to another by now; the process ends and claims anew.',
    exitCode: 70,
  },
};

/** A fault of the command line or of a process it starts. */
export class CliError extends CodedError<CliFault> {
  get advice(): Advice {
    return CLI_FAULTS[this.code].advice;
  }
  /** The exit code with which the command ends. */
  get exitCode(): number {
    return CLI_FAULTS[this.code].exitCode;
  }
}
