import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline, Readable } from 'node:stream';
import { CliError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { type ColumnChoice, checkColumns } from './column-choice.ts';
import { localTimeMicros } from './local-time.ts';
import { isPlainFile, openSource } from './recording-source.ts';

/** One row of a recording, ready to be published. */
export interface RecordedRow {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly timeMicros: number;
  /** Device named by the row itself, where the recording has such a column. */
  readonly device: string | undefined;
  /** Numbers, booleans, texts; integers beyond 2^53 as bigints; from JSON lines whatever JSON has. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** How a recording is to be read. */
export interface RecordingOptions {
  readonly path: string;
  /** Column that holds the time; found by its name (`timestamp`, `datetime`, `time`, `ts`, `date`) when undefined. */
  readonly timeColumn: string | undefined;
  readonly deviceColumn: string | undefined;
  /** Time zone of stamps that name none: `UTC`, an offset or an IANA name. */
  readonly zone: string;
  /** Which columns are values, and their names as metrics. */
  readonly columns: ColumnChoice;
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal;
}

const TIME_COLUMNS = ['timestamp', 'datetime', 'time', 'ts', 'date'];
const DELIMITERS = [',', ';', '\t'];

/**
 * Streams the rows of a CSV file (`,`, `;` or tab, found in the header line) or of JSON lines (`.jsonl`, `.ndjson`), and
 * reads them once, so that they may come through a FIFO.
 * Fails with `recording-unreadable` naming line, value found and value wanted.
 */
export async function* readRecording(options: RecordingOptions): AsyncGenerator<RecordedRow> {
  const isJson = isJsonLines(options.path);
  const rows = isJson ? jsonRows(options) : csvRows(options);
  let timeColumn = options.timeColumn;
  let hasHeader = isJson;
  try {
    for await (const row of rows) {
      const { line, fields } = row;
      if (!hasHeader) checkColumns(options.columns, Object.keys(fields));
      hasHeader = true;
      timeColumn ??= Object.keys(fields).find((name) => TIME_COLUMNS.includes(name.toLowerCase()));
      if (timeColumn === undefined || !Object.hasOwn(fields, timeColumn)) {
        throw unreadable(
          options.path,
          line,
          `found columns ${Object.keys(fields).join(', ')}, wanted a time column (--time-column)`,
        );
      }
      yield rowOf(options, row, timeColumn);
    }
  } catch (cause) {
    if (options.signal?.aborted) return;
    if (cause instanceof CliError) throw cause;
    throw new CliError(
      'recording-unreadable',
      `Reading ${options.path} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { path: options.path },
      cause,
    );
  }
}

/**
 * Rows in a recording, for the progress bar; counts lines, so a CSV field with line breaks counts more than once.
 * Undefined for what can be read only once.
 */
export async function countRows(path: string): Promise<number | undefined> {
  if (!isPlainFile(path)) return undefined;
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      for (const byte of chunk as Buffer) if (byte === 10) lines += 1; // a stream without encoding gives buffers
    }
  } catch (cause) {
    throw new CliError('recording-unreadable', `Reading ${path} failed: ${String(cause)}.`, { path }, cause);
  }
  return isJsonLines(path) ? lines : Math.max(0, lines - 1);
}

function isJsonLines(path: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(path);
}

interface RawRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The fields as they stand in a CSV file, so that the device `007` keeps its zeros. */
  readonly texts?: Readonly<Record<string, string>>;
}

async function* csvRows({ path, signal }: RecordingOptions): AsyncGenerator<RawRow> {
  const source = openSource(path, signal);
  using _source = { [Symbol.dispose]: () => source.destroy() };
  const chunks = checkedUtf8(path, source);
  const head = await readHead(chunks);
  const delimiter = delimiterOf(path, head);
  const { parse } = await import('csv-parse'); // only where a CSV file is read
  const parser = parse({
    delimiter,
    columns: true,
    bom: true,
    skip_empty_lines: true,
    info: true,
    relax_column_count: false,
  });
  // a fault of the source ends the parser, and so the loop below
  pipeline(Readable.from(joined(head, chunks)), parser, () => undefined);
  for await (const entry of parser) {
    const { record, info } = entry as { record: Record<string, string>; info: { lines: number } }; // csv-parse with `info: true` and `columns: true`
    yield {
      line: info.lines,
      texts: record,
      fields: Object.fromEntries(Object.entries(record).map(([key, text]) => [key, csvValue(text)])),
    };
  }
}

async function* jsonRows({ path, signal }: RecordingOptions): AsyncGenerator<RawRow> {
  const source = openSource(path, signal);
  using _source = { [Symbol.dispose]: () => source.destroy() };
  const check = new Utf8Check(path);
  source.on('data', (chunk: Buffer) => {
    try {
      check.take(chunk);
    } catch (fault) {
      source.destroy(fault as CliError); // ends the loop below with it; what `take` throws
    }
  });
  let line = 0;
  for await (const text of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = parseExact(text);
    } catch (cause) {
      throw new CliError(
        'recording-unreadable',
        `${path}, line ${line}: ${String(cause)}; wanted one JSON object a line.`,
        { path, line },
        cause,
      );
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw unreadable(path, line, `found ${text.slice(0, 40)}, wanted a JSON object`);
    }
    yield { line, fields: { ...value } };
  }
  check.end();
}

/** Reads along with a source, to tell bytes that are no UTF-8. */
class Utf8Check {
  readonly #path: string;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Fails with `recording-unreadable` when these bytes cannot go on what came before. */
  take(chunk: Uint8Array): void {
    this.#decode(chunk, true);
    this.#bytes += chunk.byteLength;
  }

  /** Fails with `recording-unreadable` when the end stands amid a character. */
  end(): void {
    this.#decode(new Uint8Array(0), false);
  }

  #decode(chunk: Uint8Array, stream: boolean): void {
    try {
      this.#decoder.decode(chunk, { stream });
    } catch (cause) {
      const message = `${this.#path}: found bytes that are no UTF-8 behind the first ${this.#bytes}, wanted a text in UTF-8.`;
      throw new CliError('recording-unreadable', message, { path: this.#path }, cause);
    }
  }
}

async function* checkedUtf8(path: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const check = new Utf8Check(path);
  for await (const chunk of source) {
    check.take(chunk);
    yield chunk;
  }
  check.end();
}

/** The bytes up to the first line break and what came with them. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  while (bytes <= LIMITS.recordingHeaderBytesMax.value) {
    const next = await chunks.next();
    if (next.done) break;
    parts.push(next.value);
    bytes += next.value.byteLength;
    if (next.value.includes(10)) break;
  }
  return Buffer.concat(parts);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function delimiterOf(path: string, head: Buffer): string {
  const [header = ''] = head.toString().split(/\r?\n/, 1);
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  const most = Math.max(...counts);
  if (!header.includes('\u0000') && most >= 2) return DELIMITERS[counts.indexOf(most)] ?? ',';
  throw unreadable(
    path,
    1,
    'wanted a header line with at least two columns separated by comma, semicolon or tab',
  );
}

function rowOf(options: RecordingOptions, row: RawRow, timeColumn: string): RecordedRow {
  const { line, fields } = row;
  const stamp = fields[timeColumn];
  const timeMicros = localTimeMicros(stamp, options.zone);
  if (timeMicros === undefined) {
    throw unreadable(
      options.path,
      line,
      `found time ${JSON.stringify(stamp) ?? 'nothing'} in column ${timeColumn}, wanted epoch seconds or milliseconds or an ISO 8601 date and time`,
    );
  }
  const values: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(fields)) {
    if (column === timeColumn || column === options.deviceColumn || value === undefined) continue;
    if (options.columns.only && !options.columns.only.has(column)) continue;
    values[options.columns.rename[column] ?? column] = value;
  }
  return { line, timeMicros, device: deviceOf(options, row), values };
}

function deviceOf(options: RecordingOptions, { line, fields, texts }: RawRow): string | undefined {
  if (options.deviceColumn === undefined) return undefined;
  const device = texts ? texts[options.deviceColumn]?.trim() : fields[options.deviceColumn];
  if (device !== undefined && device !== null && device !== '') return String(device);
  const found = !Object.hasOwn(fields, options.deviceColumn)
    ? `columns ${Object.keys(fields).join(', ')}`
    : 'no device';
  throw unreadable(options.path, line, `found ${found}, wanted a device in column ${options.deviceColumn}`);
}

function csvValue(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return exactNumber(trimmed) ?? trimmed;
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed;
}

/** The number of digits as written, an integer beyond 2^53 as bigint; undefined beyond the range of doubles. */
function exactNumber(text: string): number | bigint | undefined {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text) && !Number.isSafeInteger(number)) return BigInt(text.replace('+', ''));
  return Number.isFinite(number) ? number : undefined;
}

/** JSON with integers beyond 2^53 as bigints. */
function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' && context.source !== undefined && /^-?\d+$/.test(context.source)
      ? exactNumber(context.source)
      : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown); // the source text is newer than the types
}

function unreadable(path: string, line: number, what: string): CliError {
  return new CliError('recording-unreadable', `${path}, line ${line}: ${what}.`, { path, line });
}
