import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { program } from '../server/program.ts';
import { killBusiest } from './kill-busiest.ts';
import { DEVICE_COLUMN, differences, type Recording, VALUES_SQL, writeSpread } from './recordings.ts';
import type { RoleProcess } from './role-process.ts';
import type { Stack } from './stack.ts';

/** How recordings are shown on their way. */
export interface ShowOptions {
  /** At least one. */
  readonly recordings: readonly Recording[];
  /** Time that each takes on its way into the broker. */
  readonly secs: number;
  readonly say: (line: string) => void;
  /** Ends the show, which fails with its reason then. */
  readonly signal?: AbortSignal;
}

/** What became of recordings. */
export interface Shown {
  readonly rows: number;
  readonly values: number;
  /** What is not as it was meant, a line each; empty when every value is there, once, and one of each role was killed. */
  readonly faults: readonly string[];
  /** What `skerry ledger` says at the cloud. */
  readonly ledger: string;
}

/** What the parts of a show have in common. */
interface Show {
  readonly stack: Stack;
  readonly values: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What gateways subscribe to unless told otherwise. */
const TOPIC = 'mtic/msg/client/realtime/{tenant}/{project}/{device}';
const TENANT = 'recordings';
const AT_ONCE = 4;
const STORED_MS = 180_000;
const LOOK_MS = 200;
const TELL_MS = 5_000;

/**
 * Replays recordings into the broker of a stack; the gateway that has most to do is killed at a third of the way, such a writer
 * at two thirds. Resolves when all values are in PostgreSQL, nothing waits any more and the cloud's ledger balances, or when
 * that does not come about in three minutes, with every value that is missing, wrong or there twice. Fails with a plain error
 * when a replay does.
 */
export async function showRecordings(stack: Stack, options: ShowOptions): Promise<Shown> {
  const { say, secs, recordings, signal = new AbortController().signal } = options;
  const rows = recordings.reduce((sum, one) => sum + one.rows, 0);
  const values = recordings.reduce((sum, one) => sum + one.values.length, 0);
  say(`${recordings.length} recordings, ${rows} rows, ${values} values, on their way through mosquitto`);
  const over = new AbortController();
  const show = { stack, values, say, signal: AbortSignal.any([over.signal, signal]) };
  const wholeSecs = plannedSecs(recordings, secs);
  const faults: string[] = [];
  try {
    const [gateway, writer] = await Promise.all([
      killBusiest({
        ...show,
        role: 'gateway',
        roles: stack.gateways,
        metric: 'iot_subscriber_received_total',
        afterSecs: wholeSecs / 3,
      }),
      killBusiest({
        ...show,
        role: 'writer',
        roles: stack.writers,
        metric: 'iot_data_ingestion_total',
        afterSecs: (2 * wholeSecs) / 3,
      }),
      tellStored(show),
      replayAll(show, recordings, secs).finally(() => over.abort()),
    ]);
    faults.push(...[gateway, writer].filter((one) => one !== undefined));
  } finally {
    over.abort();
    signal.throwIfAborted();
  }
  say('everything is sent and acknowledged by mosquitto; waiting for PostgreSQL and the ledger');
  await settled({ ...show, signal });
  faults.push(...differences(recordings, await storedValues(stack)));
  const { code, text } = await skerry(['ledger'], stack.cloud.dataDir, signal);
  return {
    rows,
    values,
    faults: code === 0 ? faults : [...faults, 'the ledger does not balance'],
    ledger: text,
  };
}

/** How many times faster than it was recorded a recording is shown. */
function speedOf({ spanSecs }: Recording, secs: number): number {
  return Math.max(1, Math.ceil(spanSecs / secs));
}

/** Time that all of them take, a few at once, without the starts of their processes. */
function plannedSecs(recordings: readonly Recording[], secs: number): number {
  const lanes = Array.from({ length: AT_ONCE }, () => 0);
  for (const one of recordings) {
    const free = lanes.indexOf(Math.min(...lanes));
    lanes[free] = Number(lanes[free]) + one.spanSecs / speedOf(one, secs);
  }
  return Math.max(...lanes);
}

async function storedCount(stack: Stack): Promise<number> {
  return Number(await stack.postgres.sql(`SELECT count(*) FROM skerry.telemetry WHERE tenant = '${TENANT}'`));
}

/** Says now and then how far it has come. */
async function tellStored({ stack, values, say, signal }: Show): Promise<void> {
  while (!(await pause(TELL_MS, false, { signal }).catch(() => true)))
    say(`  ${await storedCount(stack)} of ${values} values are in PostgreSQL`);
}

async function replayAll(show: Show, recordings: readonly Recording[], secs: number): Promise<void> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-spread-'));
  const waiting = [...recordings];
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await replay(show, one, secs, folder.path);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function replay(
  { stack, say, signal }: Show,
  recording: Recording,
  secs: number,
  folder: string,
): Promise<void> {
  const { path, rows, devices } = recording;
  const isSpread = devices.length > 1;
  const words = [
    'replay',
    isSpread ? writeSpread(recording, folder) : path,
    ...(isSpread ? ['--device-column', DEVICE_COLUMN] : []),
    ...['--tenant', TENANT, '--project', 'park', '--topic', TOPIC],
    ...['--speed', String(speedOf(recording, secs)), '--patience', '60'],
    ...['--url', `mqtt://127.0.0.1:${stack.mosquitto.port}`],
  ];
  const { code, text } = await skerry(words, stack.cloud.dataDir, signal);
  if (code !== 0) throw new TypeError(`skerry replay ${path} ended with ${code}: ${text}`);
  say(`  ${basename(path)}: ${rows} rows`);
}

/** Looks until as many values are stored as were sent and the cloud's ledger has nothing pending, or the time is over. */
async function settled({ stack, values, signal }: Show): Promise<void> {
  const deadline = performance.now() + STORED_MS;
  while (performance.now() < deadline) {
    if ((await storedCount(stack)) >= values && (await isBalanced(stack.cloud))) return;
    await pause(LOOK_MS, undefined, { signal });
  }
}

async function isBalanced(cloud: RoleProcess): Promise<boolean> {
  const token = readFileSync(join(cloud.dataDir, 'token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${cloud.url}/api/v1/ledger`, { headers }).then((response) => response.json());
  const { balanced, totals } = answer as {
    readonly balanced: boolean;
    readonly totals: { readonly pending: number };
  }; // as its schema says
  return balanced && totals.pending === 0;
}

/** The values of the recordings that PostgreSQL has, as `differences` takes them. */
async function storedValues(stack: Stack): Promise<string[]> {
  const text = await stack.postgres.sql(
    `SELECT ${VALUES_SQL} FROM skerry.telemetry WHERE tenant = '${TENANT}'`,
  );
  return text === '' ? [] : text.split('\n');
}

/** A verb of the product as a process. */
async function skerry(
  words: readonly string[],
  dataDir: string,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(process.execPath, [program(), ...words, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    signal,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  const [code] = await once(child, 'close');
  return { code: Number(code ?? -1), text };
}
