import { CodedError } from '@skerry/kernel';
import { CLI_FAULTS, CliError } from '../errors.ts';

/** Exit codes of `skerry up` beside those of `CLI_FAULTS`. */
export const EXIT = {
  /** A port could not be bound. */
  listenFailed: 8,
  /** An unexpected fault; the supervisor starts the server again. */
  unexpected: 70,
  /** The child could not be started at all. */
  startFailed: 71,
  /** The disk refused to make bytes durable (sysexits' EX_IOERR). */
  syncFailed: 74,
  /** The journal or the store is damaged, or belongs to another: a person must look. */
  damaged: 77,
  /** Codes after which a restart would end the same way. */
  final: new Set<number>([
    8,
    71,
    77,
    ...Object.values(CLI_FAULTS)
      .map((fault) => fault.exitCode)
      // a place for the log that is full now may have room again
      .filter((code) => code !== 70 && code !== CLI_FAULTS['output-failed'].exitCode),
  ]),
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  'port-in-use': EXIT.listenFailed,
  'port-denied': EXIT.listenFailed,
  'address-not-available': EXIT.listenFailed,
  'journal-failed': EXIT.syncFailed,
  'sync-failed': EXIT.syncFailed,
  'disk-failed': EXIT.syncFailed,
  'store-failed': EXIT.syncFailed,
  'journal-damaged': EXIT.damaged,
  'journal-foreign': EXIT.damaged,
  'journal-changed': EXIT.damaged,
  'journal-trimmed-early': EXIT.damaged,
  'store-ahead': EXIT.damaged,
  'store-damaged': EXIT.damaged,
  'chunk-damaged': EXIT.damaged,
  'dedupe-damaged': EXIT.damaged,
  'access-store-damaged': EXIT.damaged,
};

/** The exit code that tells of a fault. */
export function exitCodeOf(fault: unknown): number {
  if (fault instanceof CliError) return fault.exitCode;
  if (!(fault instanceof CodedError)) return EXIT.unexpected;
  // a thread's own faults arrive with their codes alone
  const { [fault.code]: ofCommand }: Readonly<Record<string, { readonly exitCode: number }>> = CLI_FAULTS;
  return BY_CODE[fault.code] ?? ofCommand?.exitCode ?? EXIT.unexpected;
}
