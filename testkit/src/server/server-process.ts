import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FailpointName } from '@skerry/kernel';
import { program } from './program.ts';

/** How a server is started. */
export interface ServerOptions {
  readonly dataDir: string;
  /** The server kills itself at the nth passage. */
  readonly failpoint?: { readonly name: FailpointName; readonly nth: number };
  /** Further environment, `SKERRY_JOURNAL_BYTES_MAX` for instance. */
  readonly env?: Readonly<Record<string, string>>;
  /** Most time until it is ready; 60 s when absent. */
  readonly readyMs?: number;
  /** The script that is started with the word `up`; the product's when absent. */
  readonly main?: string;
  /** Further words of the command line. */
  readonly words?: readonly string[];
  /** It says of itself that it is not ready, as one does that takes nothing in; `start` waits for that. */
  readonly isUnready?: boolean;
  /** The server may end before it is ready, which a failpoint brings about. */
  readonly mayDie?: boolean;
  /** Called with what it has written to stderr so far, whenever there is more. */
  readonly onStderr?: (text: string) => void;
}

/** What `run.json` says. */
interface RunFile {
  readonly pid: number;
  readonly childPid: number;
  readonly http: { readonly port: number };
  readonly mqtt: { readonly port: number };
}

/** The figures of `GET /api/v1/ledger` that tell whether the pipeline is quiet. */
export interface LedgerFigures {
  readonly received: number;
  readonly pending: number;
  readonly journalPending: number;
  readonly isBalanced: boolean;
}

const STDERR_CHARS_MAX = 20_000;
const LOOK_MS = 10;
const CRASHES_MAX = 3;

/** The real server: `skerry up` with its supervisor, on ports that were free, without the demo. */
export class ServerProcess implements AsyncDisposable {
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #crashesBefore: number;
  readonly #isUnready: boolean;
  #isEnded = false;
  #run: RunFile | undefined;
  #stderr = '';

  private constructor(options: ServerOptions) {
    this.dataDir = options.dataDir;
    this.#crashesBefore = crashesOf(options.dataDir);
    this.#isUnready = options.isUnready ?? false;
    const { name, nth } = options.failpoint ?? {};
    this.#child = spawn(process.execPath, [options.main ?? program(), 'up', ...(options.words ?? [])], {
      detached: true, // a process group of its own, to be killed as one
      // the last one tells the server when this process has ended
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        SKERRY_PARENT_FD: '3',
        SKERRY_DATA_DIR: options.dataDir,
        SKERRY_DEMO: 'false',
        SKERRY_HTTP_PORT: '0',
        SKERRY_MQTT_PORT: '0',
        ...(name === undefined ? {} : { SKERRY_FAILPOINT: `${name}:kill:${nth}` }),
        ...options.env,
      },
    });
    this.#ended = once(this.#child, 'exit').then(() => {
      this.#isEnded = true;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
      options.onStderr?.(this.#stderr);
    });
  }

  /**
   * Starts a server and resolves when it is ready, or with `mayDie` when it has ended; fails with a plain error and its
   * stderr when it is neither.
   */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    try {
      await server.ready(options.readyMs, options.mayDie);
      return server;
    } catch (cause) {
      await server.kill();
      throw cause;
    }
  }

  /** Process ids of supervisor and server. */
  get pids(): { readonly supervisor: number; readonly server: number } {
    return { supervisor: Number(this.#child.pid), server: Number(this.#run?.childPid) };
  }

  /** Port of HTTP. */
  get httpPort(): number {
    return Number(this.#run?.http.port);
  }

  /** Port of MQTT. */
  get mqttPort(): number {
    return Number(this.#run?.mqtt.port);
  }

  /** The end of what it wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Secret for writes over the API. */
  get token(): string {
    return readFileSync(join(this.dataDir, 'token'), 'utf8').trim();
  }

  /** Whether the first server of its supervisor runs. */
  get isAlive(): boolean {
    return this.#run !== undefined && isRunning(this.#run.childPid) && !this.hasCrashed;
  }

  /** Whether a server of this supervisor has ended without being asked to. */
  get hasCrashed(): boolean {
    return crashesOf(this.dataDir) > this.#crashesBefore;
  }

  /**
   * Resolves when a server of this supervisor answers that it is ready; after an end of the server that is the next
   * one, with `mayDie` that end itself.
   */
  async ready(mostMs = 60_000, mayDie = false): Promise<void> {
    const deadline = performance.now() + mostMs;
    for (;;) {
      this.#run = this.#readRun();
      if (this.#run && isRunning(this.#run.childPid) && (await this.#isReady())) return;
      if (mayDie && this.hasCrashed) return;
      if (this.#isEnded) throw this.#fault('ended before it was ready');
      if (crashesOf(this.dataDir) - this.#crashesBefore > CRASHES_MAX)
        throw this.#fault(`ended ${CRASHES_MAX + 1} times before it was ready`);
      if (performance.now() > deadline) throw this.#fault(`was not ready after ${mostMs} ms`);
      await pause(LOOK_MS);
    }
  }

  /** Fails with a plain error and its stderr when a server of this supervisor has ended without being asked to. */
  checkSteady(): void {
    if (this.hasCrashed) throw this.#fault('ended and was started again by itself');
  }

  /** Asks the API with the token of the data folder. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${this.token}`);
    return fetch(`http://127.0.0.1:${this.httpPort}${path}`, { ...init, headers });
  }

  /** GET of a path of the API; fails with a plain error unless it answers 200. */
  async get(path: string): Promise<unknown> {
    const response = await this.ask(path, { signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (response.status !== 200)
      throw new TypeError(`GET ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  /** The ledger. */
  async ledger(): Promise<LedgerFigures> {
    const found = new Map<string, unknown>(Object.entries(Object(await this.get('/api/v1/ledger'))));
    const totals = new Map<string, unknown>(Object.entries(Object(found.get('totals'))));
    return {
      received: Number(totals.get('received')),
      pending: Number(totals.get('pending')),
      journalPending: Number(found.get('journalPending')),
      isBalanced: found.get('balanced') === true,
    };
  }

  /** Resolves when nothing is pending, by both counts, twice 200 ms apart; fails with a plain error after `mostMs`. */
  async quiet(mostMs = 60_000): Promise<LedgerFigures> {
    const deadline = performance.now() + mostMs;
    let before: LedgerFigures | undefined;
    for (;;) {
      const ledger = await this.ledger();
      const isQuiet = ledger.pending === 0 && ledger.journalPending === 0;
      if (isQuiet && before?.received === ledger.received) return ledger;
      before = isQuiet ? ledger : undefined;
      if (performance.now() > deadline)
        throw this.#fault(`was not quiet after ${mostMs} ms: ${JSON.stringify(ledger)}`);
      await pause(isQuiet ? 200 : 50);
    }
  }

  /** SIGKILL to server and supervisor at once; resolves when both are gone. */
  async kill(): Promise<void> {
    const { supervisor } = this.pids;
    signal(-supervisor, 'SIGKILL'); // the whole group, a server that is just being started included
    await this.#ended;
    while (groupRuns(supervisor)) await pause(1);
  }

  /** SIGKILL to the server alone; its supervisor starts the next one. Resolves when the old one is gone. */
  async killServer(): Promise<void> {
    const { server } = this.pids;
    signal(server, 'SIGKILL');
    while (isRunning(server)) await pause(1);
  }

  /** Resolves when the server is gone, or with false after `mostMs`. */
  async dies(mostMs: number): Promise<boolean> {
    const deadline = performance.now() + mostMs;
    while (this.isAlive) {
      if (performance.now() > deadline) return false;
      await pause(2);
    }
    return true;
  }

  /** Asks it to end, as whoever runs it does; resolves with its exit code, or fails with a plain error after `mostMs`. */
  async end(mostMs = 60_000): Promise<number | null> {
    signal(this.pids.supervisor, 'SIGTERM');
    const hurry = new AbortController();
    await Promise.race([this.#ended, pause(mostMs, undefined, hurry)]);
    hurry.abort();
    if (!this.#isEnded) throw this.#fault(`had not ended ${mostMs} ms after it was asked to`);
    return this.#child.exitCode;
  }

  /** Ends it in an orderly way, by force after 10 s. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded) return;
    signal(this.pids.supervisor, 'SIGTERM');
    const timer = setTimeout(() => void this.kill(), 10_000);
    await this.#ended;
    clearTimeout(timer);
  }

  /** The addresses that this supervisor's server has told, not those of one before. */
  #readRun(): RunFile | undefined {
    const path = join(this.dataDir, 'run.json');
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, 'utf8');
    // one that a power cut has torn is of a server before
    if (!text.endsWith('}\n')) return undefined;
    const run: RunFile = JSON.parse(text);
    return run.pid === this.#child.pid ? run : undefined;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.httpPort}/ready`, {
        signal: AbortSignal.timeout(1_000),
      });
      await response.arrayBuffer();
      return response.status === (this.#isUnready ? 503 : 200);
    } catch {
      return false; // not listening yet: asked again by the caller
    }
  }

  #fault(what: string): TypeError {
    return new TypeError(`The server on ${this.dataDir} ${what}. Its stderr ends:\n${this.#stderr}`);
  }
}

/** Unwanted ends that the supervisor has recorded in a data folder. */
function crashesOf(dataDir: string): number {
  const path = join(dataDir, 'crashes.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

function signal(pid: number, name: 'SIGKILL' | 'SIGTERM'): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}

/** Whether a process runs; one that has ended and was not reaped does not. */
function isRunning(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && !'ZX'.includes(state);
}

/** Whether any process of a group runs. */
function groupRuns(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = statOf(Number(name));
    return stat !== undefined && stat.group === group && !'ZX'.includes(stat.state);
  });
}

/** What the system tells of a process; undefined when there is none. */
function statOf(pid: number): { readonly state: string; readonly group: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ESRCH'))
      return undefined;
    throw cause;
  }
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, group: Number(group) };
}
