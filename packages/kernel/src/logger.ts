/** Severity. ERROR: somebody must act. WARN: a recovered surprise. INFO: a change of life. DEBUG: anything per message. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One line of the log: a constant message and facts as fields. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where log lines go. Never throws, never blocks for longer than a write to standard error. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A logger that keeps nothing; for code whose caller does not care. */
export const silentLogger: Logger = { log: () => undefined };

/** A logger that hands every entry to `sink`; threads use it to send their lines to the main thread. */
export function loggerTo(sink: (entry: LogEntry) => void): Logger {
  return { log: (level, message, fields = {}) => sink({ level, message, fields }) };
}
