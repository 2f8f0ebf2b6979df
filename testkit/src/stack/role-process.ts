import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { signalProcess, treeOf } from '../engines/process-tree.ts';
import { program } from '../server/program.ts';

/** How a role is started. */
export interface RoleProcessOptions {
  readonly role: 'gateway' | 'writer' | 'cloud';
  /** Holds its configuration and its data; made where it is missing. */
  readonly folder: string;
  /** Of the configuration file, as JSON, which YAML is too. `dataDir` and `http.port` are added. */
  readonly config: object;
  readonly httpPort: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Told when supervisor or worker has ended and nobody asked for it here; `how` is in words. */
  readonly onEnd?: (how: string) => void;
}

/** Why a process is not ready. */
export interface RoleReason {
  readonly code: string;
  readonly detail: string;
}

const TEXT_MAX = 40_000;
const READY_MS = 90_000;
const LOOK_MS = 25;
/** What the supervisor prints. */
const SERVER_ENDED = /^The server ended \((.+?)\); starting it again/m;

/** A role of the product as a process with its supervisor: `skerry gateway`, `writer` or `cloud`. */
export class RoleProcess implements AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
  /** Holds everything that supervisor and worker have printed, over all of their lives. */
  readonly outputPath: string;
  readonly #options: RoleProcessOptions;
  #child: ChildProcess;
  #ended: Promise<unknown>;
  #text = '';
  #isAsked = false;

  private constructor(options: RoleProcessOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.httpPort}`;
    this.dataDir = join(options.folder, 'data');
    this.outputPath = join(options.folder, 'output.log');
    mkdirSync(options.folder, { recursive: true });
    const config = { ...options.config, dataDir: this.dataDir, http: { port: options.httpPort } };
    writeFileSync(this.#file, JSON.stringify(config));
    [this.#child, this.#ended] = this.#spawn();
  }

  /** Starts a role; resolves when it answers, ready or not. Fails with a plain error and what it has said. */
  static async start(options: RoleProcessOptions): Promise<RoleProcess> {
    const role = new RoleProcess(options);
    try {
      await role.answering();
      return role;
    } catch (cause) {
      await role.kill();
      throw cause;
    }
  }

  /** What it has printed, the end of it. */
  get text(): string {
    return this.#text;
  }

  /** The process that works, below its supervisor; -1 while there is none. */
  get pid(): number {
    return treeOf(Number(this.#child.pid))[1] ?? -1;
  }

  /** Resolves when `/health` answers and it has told its address. */
  async answering(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) break;
      const response = await fetch(`${this.url}/health`).catch(() => undefined); // it does not listen yet
      // what it prints when everything listens comes after that
      if (response?.ok && this.#text.includes(this.url)) return;
      await pause(LOOK_MS);
    }
    throw new TypeError(`skerry ${this.#options.role} does not answer at ${this.url}: ${this.#text}`);
  }

  /** Why it is not ready; empty when it is. Undefined while it does not answer. */
  async reasons(): Promise<readonly RoleReason[] | undefined> {
    const response = await fetch(`${this.url}/ready`).catch(() => undefined); // the caller is told by it
    if (!response) return undefined;
    const { reasons } = (await response.json()) as { readonly reasons: readonly RoleReason[] }; // as /ready answers
    return reasons;
  }

  /** The value of a metric, summed over its labels; undefined while it does not answer, or has none. */
  async metric(name: string): Promise<number | undefined> {
    const text = await fetch(`${this.url}/metrics`)
      .then((response) => response.text())
      .catch(() => ''); // the caller is told by it
    const values = text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    return values.length === 0 ? undefined : values.reduce((sum, one) => sum + one, 0);
  }

  /** SIGKILL to the process that works; its supervisor starts another. */
  killWorker(): void {
    const { pid } = this;
    if (pid > 0) signalProcess(pid, 'SIGKILL');
  }

  /** SIGKILL to supervisor and worker. */
  async kill(): Promise<void> {
    this.#isAsked = true;
    for (const pid of treeOf(Number(this.#child.pid))) signalProcess(pid, 'SIGKILL');
    await this.#ended;
  }

  /** Ends in an orderly way. */
  async stop(): Promise<void> {
    this.#isAsked = true;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  /** Starts again on the same data after `kill` or `stop`, with another environment where it is given; resolves when it answers. */
  async restart(env?: Readonly<Record<string, string>>): Promise<void> {
    this.#text = '';
    [this.#child, this.#ended] = this.#spawn(env);
    await this.answering();
  }

  /** SIGSTOP to the process that works. */
  freeze(): void {
    signalProcess(this.pid, 'SIGSTOP');
  }

  /** SIGCONT to it. */
  thaw(): void {
    signalProcess(this.pid, 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get #file(): string {
    return join(this.#options.folder, 'skerry.yaml');
  }

  #spawn(env = this.#options.env): [ChildProcess, Promise<unknown>] {
    const { role, onEnd } = this.#options;
    this.#isAsked = false;
    const child = spawn(process.execPath, [program(), role, '--config', this.#file], {
      detached: true, // a process group of its own
      // the last one tells the process when this one has ended
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: this.#options.folder,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        SKERRY_PARENT_FD: '3',
        ...env,
      },
    });
    const hear = (text: string): void => {
      this.#text = (this.#text + text).slice(-TEXT_MAX);
      appendFileSync(this.outputPath, text);
      const how = SERVER_ENDED.exec(text)?.[1];
      if (how !== undefined) onEnd?.(`its process ended (${how}) and is started again`);
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    child.once('exit', (code, signal) => {
      if (!this.#isAsked) onEnd?.(`it ended (${signal ?? `exit code ${code}`}) and is not started again`);
    });
    return [child, once(child, 'exit')];
  }
}
