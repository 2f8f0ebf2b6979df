import { CLI_FAULTS } from '../errors.ts';

/** Exit codes of `skerry up` beside those of `CLI_FAULTS`. */
export const EXIT = {
  /** An unexpected fault; the supervisor starts the server again. */
  unexpected: 70,
  /** The disk refused to make bytes durable (sysexits' EX_IOERR). */
  syncFailed: 74,
  /** The child could not be started at all. */
  startFailed: 71,
  /** Codes after which a restart would end the same way. */
  final: new Set<number>([
    71,
    77,
    ...Object.values(CLI_FAULTS)
      .map((fault) => fault.exitCode)
      .filter((code) => code !== 70),
  ]),
  /** The journal or the store is damaged, or belongs to another: a person must look. */
  damaged: 77,
} as const;
