import { CodedError } from '../advice.ts';
import type { Clock } from '../clock.ts';
import type { Logger, LogLevel } from '../logger.ts';
import { nodeClock } from './clock.ts';

/** Choices of the log on standard error. */
export interface StderrLoggerOptions {
  /** The least severe level that is written; `info` unless given. */
  readonly level?: LogLevel;
  /** `text`: time, level, message, `key=value`. `json`: one object a line. */
  readonly format?: 'text' | 'json';
  /** Colours the level; unless given, when standard error is a terminal and `NO_COLOR` is unset or empty. */
  readonly color?: boolean;
  readonly clock?: Pick<Clock, 'nowMicros'>;
  /** Where lines go; standard error unless given. */
  readonly write?: (line: string) => void;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
const COLOR: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };

/** A logger that writes one line per entry to standard error. Never throws. */
export function stderrLogger(options: StderrLoggerOptions = {}): Logger {
  const least = SEVERITY[options.level ?? 'info'];
  const clock = options.clock ?? nodeClock();
  const write = options.write ?? writeStderr();
  const color = options.color ?? (process.stderr.isTTY === true && !process.env.NO_COLOR);
  return {
    log: (level, message, fields = {}) => {
      if (SEVERITY[level] > least) return;
      const time = new Date(clock.nowMicros() / 1000).toISOString();
      const line =
        options.format === 'json'
          ? jsonLine(time, level, message, fields)
          : textLine(time, level, message, fields, color);
      write(`${line}\n`);
    },
  };
}

/** A reader of standard error that goes away must not end the process. */
let isGuarded = false;

function writeStderr(): (line: string) => void {
  if (!isGuarded) process.stderr.on('error', () => undefined);
  isGuarded = true;
  return (line) => void process.stderr.write(line);
}

function jsonLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
  return JSON.stringify({ ...plain, time, level, message });
}

function textLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  color: boolean,
): string {
  const name = level.toUpperCase().padEnd(5);
  const shown = color ? `\u001b[${COLOR[level]}m${name}\u001b[0m` : name;
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${textValue(value)}`);
  return `${time} ${shown} ${oneLine(message)}${pairs.join('')}`;
}

function textValue(value: unknown): string {
  const plain = plainValue(value);
  const text = typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? 'undefined');
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/** A value that JSON can carry: errors become their facts, big integers text, circles their name. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return plainError(value);
  try {
    JSON.stringify(value);
    return value;
  } catch {
    // Whatever JSON refuses is still worth its name: a log line must not fail.
    return Object.prototype.toString.call(value);
  }
}

function plainError(error: Error): string {
  const code = error instanceof CodedError ? `[${error.code}] ` : '';
  const cause = error.cause instanceof Error ? ` (${plainError(error.cause)})` : '';
  return `${error.name}: ${code}${error.message}${cause}`;
}
