import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A recording as this reader reads it, without the product's own. */
export interface Recording {
  readonly path: string;
  readonly rows: number;
  /** From the first row to the last by time. */
  readonly spanSecs: number;
  /** Whom its rows are dealt out to, in turn. */
  readonly devices: readonly string[];
  /** A line for each value, as `VALUES_SQL` has it. */
  readonly values: readonly string[];
}

/** The columns of a value in `skerry.telemetry` as a line: time in microseconds, the double's bits, device, metric. */
export const VALUES_SQL = `(extract(epoch FROM time) * 1000000)::bigint || ' ' ||
  coalesce(encode(float8send(value), 'hex'), 'none') || ' ' || device || ' ' || metric`;
/** The column that names the device of each row in what `writeSpread` writes. */
export const DEVICE_COLUMN = 'shown-as';
/** Devices that there are at least, so that more than one partition has work. */
const DEVICES_MIN = 6;
const TOLD_MAX = 20;

/**
 * The recordings of a folder, else the repository's fixture. Fails with a plain error where the folder cannot be read or
 * holds none.
 */
export function chosenRecordings(folder: string | undefined = process.env.SKERRY_RECORDINGS): string[] {
  if (folder === undefined)
    return [fileURLToPath(new URL('../../../tests/fixtures/nab/occupancy_6005.csv', import.meta.url))];
  const wanted = 'wanted a folder with recordings (.csv)';
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`SKERRY_RECORDINGS is ${folder}, which cannot be read (${why}); ${wanted}.`, {
      cause,
    });
  }
  const found = names.filter((name) => name.endsWith('.csv')).sort();
  if (found.length === 0)
    throw new TypeError(`SKERRY_RECORDINGS is ${folder}, in which there is no .csv file; ${wanted}.`);
  return found.map((name) => join(folder, name));
}

/**
 * Reads CSV files: a header, a time first, numbers behind it. Few of them are dealt out to several devices each. Fails with a
 * plain error that names file and line.
 */
export function readRecordings(paths: readonly string[]): Recording[] {
  const each = Math.ceil(DEVICES_MIN / paths.length);
  return paths.map((path) => {
    const name = basename(path, '.csv');
    const devices = each === 1 ? [name] : Array.from({ length: each }, (_, i) => `${name}-${i + 1}`);
    return readRecording(path, devices);
  });
}

function readRecording(path: string, devices: readonly string[]): Recording {
  const { head, lines, delimiter } = linesOf(path);
  const [, ...metrics] = head.split(delimiter);
  const values: string[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, line] of lines.entries()) {
    const refuse = (found: string, wanted: string): never => {
      throw new TypeError(`${path}, line ${i + 2}: found ${JSON.stringify(found)}, wanted ${wanted}.`);
    };
    const [stamp = '', ...cells] = line.split(delimiter);
    const time = Date.parse(`${stamp.replace(' ', 'T')}Z`);
    if (Number.isNaN(time)) refuse(stamp, 'a date and time');
    if (cells.length !== metrics.length) refuse(line, `${metrics.length + 1} columns`);
    first = Math.min(first, time);
    last = Math.max(last, time);
    for (const [column, cell] of cells.entries()) {
      if (cell === '') continue;
      if (!Number.isFinite(Number(cell))) refuse(cell, 'a number');
      values.push(
        valueLine(time, Number(cell), String(devices[i % devices.length]), String(metrics[column])),
      );
    }
  }
  if (values.length === 0) throw new TypeError(`${path} holds no values; wanted rows of a time and numbers.`);
  return { path, rows: lines.length, spanSecs: (last - first) / 1_000, devices, values };
}

function linesOf(path: string): {
  readonly head: string;
  readonly lines: readonly string[];
  readonly delimiter: string;
} {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  return { head, lines, delimiter: head.includes(';') ? ';' : ',' };
}

/** A value in the words of `VALUES_SQL`; the time in milliseconds. */
export function valueLine(timeMs: number, value: number, device: string, metric: string): string {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value === 0 ? 0 : value); // JSON, in which it is sent, writes -0 as 0
  return `${timeMs * 1_000} ${bits.toString('hex')} ${device} ${metric}`;
}

/** Writes a recording with a column that names the device of each row; the path of it. */
export function writeSpread({ path, devices }: Recording, folder: string): string {
  const { head, lines, delimiter } = linesOf(path);
  const spread = [
    `${head}${delimiter}${DEVICE_COLUMN}`,
    ...lines.map((line, i) => `${line}${delimiter}${devices[i % devices.length]}`),
  ];
  const copy = join(folder, basename(path));
  writeFileSync(copy, `${spread.join('\n')}\n`);
  return copy;
}

/** What is missing among the values found, and what is too much, a line each: the first of them, and how many more. */
export function differences(recordings: readonly Recording[], found: readonly string[]): string[] {
  const rest = new Map<string, number>();
  for (const line of found) rest.set(line, (rest.get(line) ?? 0) + 1);
  const faults: string[] = [];
  for (const line of recordings.flatMap(({ values }) => values)) {
    const count = rest.get(line) ?? 0;
    if (count === 0) faults.push(`${inWords(line)} is missing`);
    else rest.set(line, count - 1);
  }
  for (const [line, count] of rest)
    for (let i = 0; i < count; i++) faults.push(`${inWords(line)} is there, and not so often in the file`);
  const more = faults.length - TOLD_MAX;
  return more <= 0 ? faults : [...faults.slice(0, TOLD_MAX), `${more} more values like these`];
}

function inWords(line: string): string {
  const [micros = '', bits = '', ...names] = line.split(' ');
  const value = bits.length === 16 ? Buffer.from(bits, 'hex').readDoubleBE() : 'something that is no number';
  return `${names.join(' ')} at ${new Date(Number(micros) / 1_000).toISOString()}: ${value}`;
}
