import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS } from '../limits.ts';
import { EXIT } from './exit-codes.ts';

/** One unwanted end of the server, a line of `crashes.jsonl` in the data folder. */
export interface CrashRecord {
  readonly at: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly upSecs: number;
  /** True when the server ended because the disk refused to make bytes durable. */
  readonly isSyncFailure: boolean;
}

/** How the supervisor starts the server. */
export interface SupervisedServer {
  /** Node's own flags, the script and its arguments. */
  readonly args: readonly string[];
  readonly dataDir: string;
  /** Whether it can come up without taking anything in (`--read-only`), after failed fsyncs. */
  readonly canReadOnly: boolean;
  /** Further environment of the server; the supervisor's own is stronger. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Small young generations: the server's memory stays flat under load, at the same CPU time (decision 0007). */
const NODE_FLAGS = ['--max-semi-space-size=2'];
/** Few malloc arenas: threads that allocate seldom would each keep what they once needed (mallopt(3), docs/MEMORY.md). */
const MALLOC_ARENAS = '2';
const BACK_OFF_MS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const STEADY_SECS = 60;

/**
 * When and how the server is started again: the pauses grow with each end and are forgotten after 60 s of steady work;
 * after three failed fsyncs in a row it comes up read-only.
 */
export class RestartPlan {
  #attempt = 0;
  #syncFailures = 0;

  /** Whether the next server is to take nothing in. */
  get isReadOnly(): boolean {
    return this.#syncFailures >= LIMITS.syncFailuresMax.value;
  }

  /** Notes an end that nobody asked for, after so long a work; returns the pause before the next start, ms. */
  ended({ code, upSecs }: Pick<CrashRecord, 'code' | 'upSecs'>): number {
    this.#syncFailures = code === EXIT.syncFailed ? this.#syncFailures + 1 : 0;
    if (upSecs >= STEADY_SECS) this.#attempt = 0;
    const pauseMs = BACK_OFF_MS[Math.min(this.#attempt, BACK_OFF_MS.length - 1)];
    this.#attempt += 1;
    return Number(pauseMs);
  }
}

/**
 * Runs the server as a child and starts it again when it ends without being asked to, with growing pauses that are
 * forgotten after 60 s of steady work. After three failed fsyncs in a row the server is told to come up read-only, until
 * the supervisor itself is started anew. A disk that does not take the record of a crash keeps nothing from starting
 * again. Ends of configuration or usage are final. Resolves with the exit code of the whole.
 */
export async function superviseServer(server: SupervisedServer): Promise<number> {
  const plan = new RestartPlan();
  let isStopping = false;
  let child: ChildProcess | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    isStopping = true;
    child?.kill(signal);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGTERM'));
  for (;;) {
    const startedMs = performance.now();
    child = startServer(server, plan.isReadOnly && server.canReadOnly);
    const { code, signal } = await endOf(child);
    if (isStopping || code === 0) return code ?? 0;
    if (code !== null && EXIT.final.has(code)) return code;
    const upSecs = (performance.now() - startedMs) / 1_000;
    recordCrash(server.dataDir, {
      at: new Date().toISOString(),
      code,
      signal,
      upSecs: Math.round(upSecs * 10) / 10,
      isSyncFailure: code === EXIT.syncFailed,
    });
    const pauseMs = plan.ended({ code, upSecs });
    process.stderr.write(
      `The server ended (${signal ?? `exit code ${code}`}); starting it again in ${pauseMs} ms.\n`,
    );
    await delay(pauseMs);
    if (isStopping) return 0;
  }
}

/** The crashes recorded in a data folder, oldest first. */
export function readCrashes(dataDir: string): CrashRecord[] {
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'crashes.jsonl'), 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
  return text.split('\n').flatMap((line) => crashOf(line) ?? []);
}

/** Undefined for a line that a power cut has torn, and for none. */
function crashOf(line: string): CrashRecord | undefined {
  try {
    return JSON.parse(line) as CrashRecord; // written by recordCrash, one line each
  } catch {
    return undefined; // what was torn is gone, and nobody can act on it
  }
}

function startServer(server: SupervisedServer, isReadOnly: boolean): ChildProcess {
  return spawn(process.execPath, [...NODE_FLAGS, ...server.args, ...(isReadOnly ? ['--read-only'] : [])], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: {
      MALLOC_ARENA_MAX: MALLOC_ARENAS,
      ...server.environment,
      ...process.env,
      SKERRY_PARENT_FD: '3',
      SKERRY_SUPERVISED: '1',
    },
  });
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: EXIT.startFailed, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function recordCrash(dataDir: string, crash: CrashRecord): void {
  const path = join(dataDir, 'crashes.jsonl');
  try {
    mkdirSync(dataDir, { recursive: true });
    appendFileSync(path, `${JSON.stringify(crash)}\n`);
    const kept = readCrashes(dataDir);
    if (kept.length <= 2 * LIMITS.crashesKept.value) return;
    const newest = kept.slice(-LIMITS.crashesKept.value);
    writeFileSync(`${path}.new`, newest.map((one) => `${JSON.stringify(one)}\n`).join(''), { flush: true });
    renameSync(`${path}.new`, path);
  } catch (cause) {
    process.stderr.write(`The end of the server could not be recorded: ${String(cause)}.\n`);
  }
}
