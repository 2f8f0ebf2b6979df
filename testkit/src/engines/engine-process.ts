import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type EngineSignal,
  freezeTree,
  haveEnded,
  isRunning,
  killTree,
  signalProcess,
  thawTree,
  treeOf,
} from './process-tree.ts';

/** How one process of an engine is started, each time alike. */
export interface EngineRecipe {
  /** What faults call it. */
  readonly name: string;
  readonly command: string;
  readonly words: readonly string[];
  /** User and group the process runs as; the own one when absent. Wants root. */
  readonly runAs?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Its output is appended here. */
  readonly logPath: string;
  /** Whether it works; `log` is what it has written since this start. */
  isReady(log: string): Promise<boolean>;
  /** Most time until it is ready; 60 s when absent. */
  readonly readyMs?: number;
  /** What asks it to end; SIGTERM when absent. */
  readonly stopSignal?: EngineSignal;
}

const READY_MS = 60_000;
const STOP_MS = 20_000;
const LOOK_MS = 15;
const TAIL_CHARS = 6_000;
const running = new Set<EngineProcess>();

/**
 * A real engine as a child process, on the same ports and files through kills and restarts. The system kills it when
 * this process ends in any way, SIGKILL included.
 */
export class EngineProcess implements AsyncDisposable {
  readonly #recipe: EngineRecipe;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isEnded = true;
  #logStart = 0;

  private constructor(recipe: EngineRecipe) {
    this.#recipe = recipe;
  }

  /** Starts it and resolves when it is ready. Fails with a plain error that holds the end of its log. */
  static async start(recipe: EngineRecipe): Promise<EngineProcess> {
    const engine = new EngineProcess(recipe);
    await engine.#start();
    return engine;
  }

  /** The process and all that descend from it; none while it is ended. */
  get pids(): readonly number[] {
    return this.#isEnded ? [] : treeOf(this.#pid);
  }

  /** Whether it runs, frozen or not. */
  get isAlive(): boolean {
    return !this.#isEnded && isRunning(this.#pid);
  }

  /** The end of what it has written since its last start. */
  get log(): string {
    return this.#logText().slice(-TAIL_CHARS);
  }

  /** SIGKILL to all of its processes at once; resolves when they are gone. */
  async kill(): Promise<void> {
    if (this.#isEnded) return;
    const pids = killTree(this.#pid);
    await this.#gone(pids);
  }

  /**
   * Starts it again on the same ports and files, after an orderly end when it still runs; resolves when it is ready.
   * Fails with a plain error that holds the end of its log.
   */
  async restart(): Promise<void> {
    await this.stop();
    await this.#start();
  }

  /** Ends it in an orderly way, by force after 20 s; resolves when its processes are gone. */
  async stop(): Promise<void> {
    await this.end(this.#recipe.stopSignal ?? 'SIGTERM');
  }

  /** Asks it by a signal to end, by force after 20 s; resolves when its processes are gone. */
  async end(signal: EngineSignal): Promise<void> {
    if (this.#isEnded) return;
    this.thaw();
    const pids = treeOf(this.#pid);
    signalProcess(this.#pid, signal);
    const timer = setTimeout(() => killTree(this.#pid), STOP_MS);
    await this.#gone(pids);
    clearTimeout(timer);
  }

  /** Sends a signal to the process itself, SIGHUP for instance. */
  signal(name: EngineSignal): void {
    if (!this.#isEnded) signalProcess(this.#pid, name);
  }

  /** Stops all of its processes where they are (SIGSTOP); its connections stay open and are not answered. */
  async freeze(): Promise<void> {
    if (!this.#isEnded) await freezeTree(this.#pid);
  }

  /** Lets them go on (SIGCONT). */
  thaw(): void {
    if (!this.#isEnded) thawTree(this.#pid);
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get #pid(): number {
    return Number(this.#child?.pid);
  }

  async #start(): Promise<void> {
    const { name, logPath, readyMs = READY_MS } = this.#recipe;
    this.#logStart = existsSync(logPath) ? readFileSync(logPath).byteLength : 0;
    this.#spawn();
    const deadline = performance.now() + readyMs;
    while (!(await this.#recipe.isReady(this.#logText()))) {
      const isLate = performance.now() > deadline;
      if (this.#isEnded || isLate) {
        await this.kill();
        const what = isLate ? `was not ready after ${readyMs} ms` : 'ended before it was ready';
        throw new TypeError(`${name} ${what}. Its log ends:\n${this.log}`);
      }
      await pause(LOOK_MS);
    }
  }

  #spawn(): void {
    const { name, command, words, runAs, env, logPath } = this.#recipe;
    const user = runAs === undefined ? [] : [`--reuid=${runAs}`, `--regid=${runAs}`, '--clear-groups'];
    const log = openSync(logPath, 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...user, '--', command, ...words], {
      cwd: dirname(logPath), // by which what is left of it is found
      detached: true, // a key pressed in a terminal is none of its concern
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env },
    });
    closeSync(log);
    this.#child = child;
    this.#isEnded = false;
    running.add(this);
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    child.once('error', (cause) => {
      appendFileSync(logPath, `${name} could not be started: ${cause.message}\n`);
      resolve();
    });
    this.#ended = promise.then(() => {
      this.#isEnded = true;
      running.delete(this);
    });
  }

  async #gone(pids: readonly number[]): Promise<void> {
    await this.#ended;
    await haveEnded(pids);
  }

  #logText(): string {
    const { logPath } = this.#recipe;
    return existsSync(logPath) ? readFileSync(logPath).subarray(this.#logStart).toString() : '';
  }
}

// before their files are removed
process.prependOnceListener('exit', () => {
  for (const engine of running) for (const pid of engine.pids) signalProcess(pid, 'SIGKILL');
});
