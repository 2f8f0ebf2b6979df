import { createInterface } from 'node:readline';
import { constants, DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { LIMITS } from '../limits.ts';

/** What the parent sends, a line of JSON each: series and their points, then the query. */
export type SqlRequest =
  | { readonly series: readonly [tenant: string, project: string, device: string, metric: string] }
  | { readonly points: readonly SqlPoint[] }
  | { readonly sql: string; readonly deadlineMs: number };

/** A point of the series sent last. Integers beyond 2^53 are texts of the type `integer`. */
export type SqlPoint = readonly [
  micros: number,
  time: string,
  value: number | string | boolean,
  type: string,
];

/** What the child answers, a line of JSON each. */
export type SqlAnswer =
  | { readonly refused: string }
  | { readonly failed: string }
  | { readonly columns: readonly string[] }
  | readonly SqlValue[];

/** A value of a result; integers beyond 2^53 as text, blobs in hex. */
export type SqlValue = number | string | null;

const PIECE_CHARS = 65_536;
const GRACE_MS = 5_000;
const LOOK_MS = 50;

const VIEW = `
  CREATE TABLE series (id INTEGER PRIMARY KEY, tenant TEXT, project TEXT, device TEXT, metric TEXT);
  CREATE TABLE points (series INTEGER, micros INTEGER, time TEXT, value, type TEXT);
  CREATE VIEW telemetry AS
    SELECT tenant, project, device, metric, time, micros, value, type FROM points JOIN series ON series.id = points.series;
  BEGIN;`;

/** What only the view may read; other names are those of the statement's own WITH and of table-valued functions. */
const TABLES: ReadonlySet<string> = new Set([
  'series',
  'points',
  'sqlite_master',
  'sqlite_schema',
  'sqlite_temp_master',
  'sqlite_temp_schema',
]);

if (import.meta.main) await serve();

async function serve(): Promise<void> {
  const database = new DatabaseSync(':memory:');
  const guard = openGuard();
  database.exec(VIEW);
  const addSeries = database.prepare('INSERT INTO series VALUES (?, ?, ?, ?, ?)');
  const addPoint = database.prepare('INSERT INTO points VALUES (?, ?, ?, ?, ?)');
  let series = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as SqlRequest; // written by our parent
    if ('series' in request) addSeries.run(++series, ...request.series);
    else if ('points' in request) {
      for (const [micros, time, value, type] of request.points)
        addPoint.run(series, micros, time, bindable(value, type), type);
    } else {
      database.exec('COMMIT');
      guard.postMessage(request.deadlineMs + GRACE_MS);
      answer(database, request.sql);
      process.exit(0);
    }
  }
}

function bindable(value: number | string | boolean, type: string): number | string | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (type !== 'integer' || typeof value !== 'string') return value;
  const integer = BigInt(value);
  return BigInt.asIntN(64, integer) === integer ? integer : value;
}

/**
 * Ends the process when it takes more memory than it may have, and says so on stderr; and when a statement runs on though
 * the parent, who would end it, is gone: the time for that is posted. A thread of its own, since a statement blocks
 * this one. SQLite's own limit (`hard_heap_limit`) has no effect in Node, which builds it without the statistics of memory.
 */
function openGuard(): Worker {
  const most = LIMITS.sqlMemoryBytesMax.value;
  const words = `The query took more than the ${most / 2 ** 20} MiB of memory that it may have, the points of the view included, and was ended; a narrower range or a smaller answer helps.`;
  const guard = new Worker(
    `const { writeSync } = require('node:fs');
    const end = () => process.kill(process.pid, 'SIGKILL');
    setInterval(() => {
      if (process.memoryUsage.rss() <= ${most}) return;
      writeSync(2, ${JSON.stringify(words)});
      end();
    }, ${LOOK_MS});
    require('node:worker_threads').parentPort.on('message', (ms) => setTimeout(end, ms));`,
    { eval: true },
  );
  guard.unref();
  return guard;
}

function answer(database: DatabaseSync, sql: string): void {
  database.setAuthorizer(authorize);
  let statement: ReturnType<DatabaseSync['prepare']>;
  try {
    statement = database.prepare(sql);
  } catch (cause) {
    print({ refused: cause instanceof Error ? cause.message : String(cause) });
    return;
  }
  const rest = sql
    .slice(statement.sourceSQL.length)
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '')
    .replace(/[;\s]/g, '');
  const columns = statement.columns().map((column) => column.name);
  if (rest !== '' || columns.length === 0) {
    print({ refused: rest === '' ? 'no query' : 'more than one statement' });
    return;
  }
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  let text = lineOf({ columns: distinct(columns) });
  try {
    for (const row of statement.iterate()) {
      text += lineOf((row as unknown as unknown[]).map(shown)); // arrays by setReturnArrays
      if (text.length >= PIECE_CHARS) {
        process.stdout.write(text);
        text = '';
      }
    }
  } catch (cause) {
    text += lineOf({ failed: cause instanceof Error ? cause.message : String(cause) });
  }
  process.stdout.write(text);
}

/** Queries of the view only: no other table, no writing, no attaching, no pragma (https://sqlite.org/c3ref/set_authorizer.html). */
function authorize(
  action: number,
  first: string | null,
  column: string | null,
  _database: string | null,
  accessor: string | null,
): number {
  const isAllowed =
    action === constants.SQLITE_SELECT ||
    action === constants.SQLITE_RECURSIVE ||
    action === constants.SQLITE_FUNCTION ||
    (action === constants.SQLITE_READ &&
      (!TABLES.has(String(first)) || accessor === 'telemetry' || column === '')); // '': rows are counted, no value is read
  return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
}

function shown(value: unknown): SqlValue {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return typeof value === 'number' || typeof value === 'string' ? value : null;
}

/** Names of columns, each once: a second `a` is `a:1`, as in SQLite's own tables. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}:${count}`;
  });
}

function print(answer: SqlAnswer): void {
  process.stdout.write(lineOf(answer));
}

function lineOf(answer: SqlAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}
