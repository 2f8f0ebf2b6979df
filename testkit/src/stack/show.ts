import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RoleProcess } from './role-process.ts';
import type { Stack } from './stack.ts';

/** How recordings are shown on their way. */
export interface ShowOptions {
  /** CSV files: a time first, numbers behind it. */
  readonly recordings: readonly string[];
  /** Time that each takes on its way into the broker. */
  readonly secs: number;
  readonly say: (line: string) => void;
}

/** What became of recordings. */
export interface Shown {
  readonly rows: number;
  readonly values: number;
  /** What is not as it was recorded, a line each; empty when all of it is there, once. */
  readonly faults: readonly string[];
  /** What `skerry ledger` says at the cloud. */
  readonly ledger: string;
}

interface Column {
  readonly device: string;
  readonly metric: string;
  readonly count: number;
  readonly least: number;
  readonly most: number;
}

interface Recording {
  readonly path: string;
  readonly rows: number;
  /** How many times faster than it was recorded it takes the time that it may. */
  readonly speed: number;
  readonly columns: readonly Column[];
}

const MAIN = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
/** What gateways subscribe to unless told otherwise. */
const TOPIC = 'mtic/msg/client/realtime/{tenant}/{project}/{device}';
const AT_ONCE = 4;
const STORED_MS = 180_000;
const LOOK_MS = 200;
const TELL_MS = 5_000;

/** The recordings that `SKERRY_RECORDINGS` names, else the repository's fixture. */
export function chosenRecordings(): string[] {
  const root = process.env.SKERRY_RECORDINGS;
  if (root === undefined)
    return [fileURLToPath(new URL('../../../tests/fixtures/nab/occupancy_6005.csv', import.meta.url))];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort()
    .map((name) => join(root, name));
}

/**
 * Replays recordings into the broker of a stack; a gateway is killed at a third of the way, a writer at two thirds. Resolves
 * when every value is in PostgreSQL and the cloud's ledger balances, or when that does not come about in three minutes, with
 * what is missing. Fails with a plain error when a replay does.
 */
export async function showRecordings(stack: Stack, options: ShowOptions): Promise<Shown> {
  const { say, secs } = options;
  const recordings = options.recordings.map((path) => readRecording(path, secs));
  const rows = recordings.reduce((sum, one) => sum + one.rows, 0);
  const columns = recordings.flatMap((one) => one.columns);
  const values = columns.reduce((sum, { count }) => sum + count, 0);
  say(`${recordings.length} recordings, ${rows} rows, ${values} values, on their way through mosquitto`);
  const over = new AbortController();
  const wholeSecs = secs * Math.ceil(recordings.length / AT_ONCE);
  const kills = Promise.all([
    killAt(wholeSecs / 3, 'gateway', stack.gateways, over.signal, say),
    killAt((2 * wholeSecs) / 3, 'writer', stack.writers, over.signal, say),
  ]);
  const telling = tellStored(stack, values, over.signal, say);
  try {
    await replayAll(stack, recordings, say);
  } finally {
    over.abort();
  }
  await Promise.all([kills, telling]);
  say('everything is sent and acknowledged by mosquitto; waiting for PostgreSQL and the ledger');
  const faults = await settledFaults(stack, columns);
  const { code, text } = await balance(stack.cloud);
  return {
    rows,
    values,
    faults: code === 0 ? faults : [...faults, 'the ledger does not balance'],
    ledger: text,
  };
}

/** A recording as this reader reads it, without the product's own. */
function readRecording(path: string, secs: number): Recording {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const delimiter = head.includes(';') ? ';' : ',';
  const [, ...metrics] = head.split(delimiter);
  const cells = lines.map((line) => line.split(delimiter));
  const times = cells.map(([time = '']) => Date.parse(`${time.replace(' ', 'T')}Z`));
  const spanSecs = (Math.max(...times) - Math.min(...times)) / 1_000;
  const device = basename(path, '.csv');
  return {
    path,
    rows: cells.length,
    speed: Math.max(1, Math.ceil(spanSecs / secs)),
    columns: metrics.map((metric, i) => {
      const found = cells.flatMap((row) => (row[i + 1] === '' ? [] : [Number(row[i + 1])]));
      const least = found.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
      const most = found.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
      return { device, metric, count: found.length, least, most };
    }),
  };
}

async function killAt(
  secs: number,
  what: string,
  [first]: readonly RoleProcess[],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const { pid } = first ?? {};
  const isOver = await pause(secs * 1_000, false, { signal }).catch(() => true); // it was sent sooner
  if (isOver) return;
  first?.killWorker();
  say(`${what} 1 is killed (process ${pid})`);
}

/** Says now and then how far it has come. */
async function tellStored(
  stack: Stack,
  values: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  while (!(await pause(TELL_MS, false, { signal }).catch(() => true))) {
    const stored = await stack.postgres.sql(
      `SELECT count(*) FROM skerry.telemetry WHERE tenant = 'recordings'`,
    );
    say(`  ${stored} of ${values} values are in PostgreSQL`);
  }
}

async function replayAll(
  stack: Stack,
  recordings: readonly Recording[],
  say: (line: string) => void,
): Promise<void> {
  const waiting = [...recordings];
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await replay(stack, one, say);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function replay(
  stack: Stack,
  { path, rows, speed }: Recording,
  say: (line: string) => void,
): Promise<void> {
  const place = [
    '--tenant',
    'recordings',
    '--project',
    'park',
    '--topic',
    TOPIC,
    '--speed',
    String(speed),
    '--patience',
    '60',
  ];
  const { code, text } = await skerry(
    ['replay', path, ...place, '--url', `mqtt://127.0.0.1:${stack.mosquitto.port}`],
    stack.cloud.dataDir,
  );
  if (code !== 0) throw new TypeError(`skerry replay ${path} ended with ${code}: ${text}`);
  say(`  ${basename(path)}: ${rows} rows`);
}

/** Looks until every value is stored, or the time is over; what is missing or too much then. */
async function settledFaults(stack: Stack, columns: readonly Column[]): Promise<string[]> {
  const deadline = performance.now() + STORED_MS;
  for (;;) {
    const faults = await faultsOf(stack, columns);
    if (faults.length === 0 || performance.now() > deadline) return faults;
    await pause(LOOK_MS);
  }
}

async function faultsOf(stack: Stack, columns: readonly Column[]): Promise<string[]> {
  const found = new Map(
    (
      await stack.postgres.sql(
        `SELECT device, metric, count(*), min(value), max(value) FROM skerry.telemetry
           WHERE tenant = 'recordings' GROUP BY device, metric`,
      )
    )
      .split('\n')
      .map((line) => line.split('|'))
      .map(([device, metric, ...numbers]) => [`${device} ${metric}`, numbers.map(Number).join(', ')]),
  );
  return columns.flatMap(({ device, metric, count, least, most }) => {
    const is = found.get(`${device} ${metric}`) ?? 'nothing';
    const wanted = [count, least, most].join(', ');
    return is === wanted ? [] : [`${device} ${metric}: found ${is}, wanted ${wanted} (values, least, most)`];
  });
}

/** Asks for the ledger until it balances, or the time is over. */
async function balance(cloud: RoleProcess): Promise<{ readonly code: number; readonly text: string }> {
  const deadline = performance.now() + STORED_MS;
  for (;;) {
    const answer = await skerry(['ledger'], cloud.dataDir);
    if (answer.code === 0 || performance.now() > deadline) return answer;
    await pause(LOOK_MS);
  }
}

/** A verb of the product as a process. */
async function skerry(
  words: readonly string[],
  dataDir: string,
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(process.execPath, [MAIN, ...words, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  const [code] = await once(child, 'close');
  return { code: Number(code ?? -1), text };
}
