import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { program } from '@skerry/testkit';
import { freePorts, isRunning } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';

/** What `/ready` says. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}

/** How a gateway is started. */
export interface GatewayPlan {
  /** Its configuration, without data folder and ports. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Kept afterwards; a folder of its own, removed at the end, when absent. */
  readonly dataDir?: string;
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const STDERR_CHARS_MAX = 60_000;
/** Of the real process, the first time uncached and beside others. */
const MOST_MS = 45_000;

/** The real `skerry gateway` with its supervisor, on one port for its probes through all of its lives. */
export class GatewayProcess implements AsyncDisposable {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly #ownFolder: string | undefined;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isEnded = true;
  #stderr = '';

  private constructor(plan: GatewayPlan, httpPort: number) {
    this.#ownFolder = plan.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'skerry-gateway-')) : undefined;
    this.dataDir = plan.dataDir ?? join(String(this.#ownFolder), 'data');
    this.httpPort = httpPort;
    this.#env = plan.env ?? {};
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 });
    // JSON is YAML
    writeFileSync(this.#configPath, JSON.stringify({ ...plan.config, http: { port: httpPort } }));
  }

  /** Starts one; resolves at once. */
  static async start(plan: GatewayPlan): Promise<GatewayProcess> {
    const [port = 0] = await freePorts(1);
    const gateway = new GatewayProcess(plan, port);
    gateway.restart();
    return gateway;
  }

  /** Starts one and resolves when it is ready. Fails with what it has said. */
  static async ready(plan: GatewayPlan): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.start(plan);
    try {
      await gateway.isReady();
      return gateway;
    } catch (cause) {
      await gateway[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Starts supervisor and gateway again on the same files after `kill` or `stop`. */
  restart(): void {
    const child = spawn(process.execPath, [program(), 'gateway', '--config', this.#configPath], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        SKERRY_PARENT_FD: '3',
        SKERRY_DATA_DIR: this.dataDir,
        ...this.#env,
      },
    });
    this.#child = child;
    this.#isEnded = false;
    this.#ended = once(child, 'exit').then(() => {
      this.#isEnded = true;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
  }

  /** The end of what it wrote to stderr, over all its lives. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Whether its supervisor runs. */
  get isAlive(): boolean {
    return !this.#isEnded;
  }

  /** Exit code of the supervisor, once it has ended. */
  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.#child?.exitCode ?? null;
  }

  /** Process id of the gateway itself; undefined between two lives. */
  get pid(): number | undefined {
    const supervisor = Number(this.#child?.pid);
    const path = `/proc/${supervisor}/task/${supervisor}/children`;
    if (this.#isEnded || !isRunning(supervisor)) return undefined;
    const [pid] = readFileSync(path, 'latin1').trim().split(' ');
    return pid === undefined || pid === '' ? undefined : Number(pid);
  }

  /** What `/ready` answers; undefined while nobody answers. */
  async readiness(): Promise<Readiness | undefined> {
    const text = await this.#get('/ready');
    return text === undefined ? undefined : (JSON.parse(text) as Readiness); // as the probe writes it
  }

  /** Resolves when it is ready. */
  async isReady(mostMs = MOST_MS): Promise<void> {
    let last: unknown;
    await until(
      'the gateway to be ready',
      async () => {
        last = await this.readiness();
        if (this.#isEnded) throw new TypeError(`The gateway has ended. It said:\n${this.#stderr}`);
        return (last as Readiness | undefined)?.ready; // assigned above
      },
      mostMs,
      () => `${JSON.stringify(last)}\n${this.#stderr.slice(-3_000)}`,
    );
  }

  /** Resolves with the detail of the first reason on `/ready` that matches. */
  async tells(pattern: RegExp, mostMs = MOST_MS): Promise<string> {
    let last: Readiness | undefined;
    return await until(
      `the gateway to tell ${pattern}`,
      async () => {
        last = await this.readiness();
        const found = last?.reasons.find(({ code, detail }) => pattern.test(`${code}: ${detail}`));
        return found && `${found.code}: ${found.detail}`;
      },
      mostMs,
      () => `${JSON.stringify(last)}\n${this.#stderr.slice(-3_000)}`,
    );
  }

  /** The sum of the samples of a metric, of those whose labels hold `label`; undefined without one. Waits for an answer. */
  async metric(name: string, label = ''): Promise<number | undefined> {
    const text = await until(
      'the metrics of the gateway',
      () => this.#get('/metrics'),
      MOST_MS,
      () => this.#stderr.slice(-3_000),
    );
    const samples = text
      .split('\n')
      .filter(
        (line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)) && line.includes(label),
      );
    return samples.length === 0
      ? undefined
      : samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** SIGKILL to the gateway alone; its supervisor starts the next life. Resolves when the old one is gone. */
  async killChild(): Promise<void> {
    const pid = await until('a gateway to kill', () => this.pid);
    process.kill(pid, 'SIGKILL');
    while (isRunning(pid)) await pause(1);
  }

  /** SIGKILL to supervisor and gateway at once; resolves when both are gone. */
  async kill(): Promise<void> {
    if (this.#isEnded) return;
    const { pid } = this;
    process.kill(-Number(this.#child?.pid), 'SIGKILL');
    await this.#ended;
    while (pid !== undefined && isRunning(pid)) await pause(1);
  }

  /** Ends it in an orderly way, by force after 15 s. */
  async stop(): Promise<void> {
    if (this.#isEnded) return;
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => void this.kill(), 15_000);
    await this.#ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true });
  }

  get #configPath(): string {
    return join(this.dataDir, '..', `gateway-${this.httpPort}.yaml`);
  }

  async #get(path: string): Promise<string | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, {
        signal: AbortSignal.timeout(2_000),
      });
      return await response.text();
    } catch {
      return undefined; // not listening: asked again by the caller
    }
  }
}
