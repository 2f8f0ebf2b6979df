import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { LoadResult, LoadState } from './load/load-run.ts';

/** Options of the generator's process, by name without dashes (`generator-main.ts --help`). */
export type GeneratorOptions = Readonly<Record<string, string | number>>;

const MAIN = fileURLToPath(new URL('./generator-main.ts', import.meta.url));

function wordsOf(options: GeneratorOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Runs the generator to its end in a process of its own and gives back its result. Fails with a plain error when it fails. */
export async function runGenerator(options: GeneratorOptions, signal?: AbortSignal): Promise<LoadResult> {
  const child = spawn(process.execPath, [MAIN, ...wordsOf(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(signal ? { signal } : {}),
  });
  const parts: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => parts.push(text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new TypeError(`The generator ended with ${code}.`);
  return JSON.parse(parts.join(''));
}

/** A generator in a process of its own that is told what to do; it lives through the ends of the server. */
export class Generator implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers = new Map<number, (answer: unknown) => void>();
  readonly #ended: Promise<unknown>;
  #nextId = 1;
  #isEnding = false;
  /** Messages that were unacknowledged when the last connection was lost most recently. */
  unackedAtLoss = 0;

  /** Starts it, paused and connecting. */
  constructor(options: GeneratorOptions) {
    this.#child = spawn(process.execPath, [MAIN, '--controlled', ...wordsOf(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      if (!this.#isEnding) throw new TypeError(`The generator ended by itself with ${code}.`);
    });
    this.#ended.catch(() => undefined); // told to whoever waits for an answer
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
  }

  /** Its process id. */
  get pid(): number {
    return Number(this.#child.pid);
  }

  /** Sets where it connects to, how fast it sends (0: as fast as it is acknowledged) and whether it sends anything new. */
  set(change: {
    readonly port?: number;
    readonly rate?: number;
    readonly isPaused?: boolean;
  }): Promise<LoadState> {
    return this.#ask(change) as Promise<LoadState>; // the process answers with its state
  }

  /** Resolves when every connection is up, or when every message is answered. */
  wait(what: 'up' | 'answered'): Promise<LoadState> {
    return this.#ask({ wait: what }) as Promise<LoadState>; // likewise
  }

  /** What it came to since its start. */
  result(): Promise<LoadResult> {
    return this.#ask({ result: true }) as Promise<LoadResult>; // asked for a result, it answers with one
  }

  #ask(command: object): Promise<unknown> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#answers.set(id, resolve);
    this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    return Promise.race([promise, this.#ended]);
  }

  #take(line: string): void {
    const told: unknown = JSON.parse(line);
    const fields = new Map<string, unknown>(Object.entries(Object(told)));
    if (fields.get('event') === 'all-down') this.unackedAtLoss = Number(fields.get('unacked'));
    const answer = this.#answers.get(Number(fields.get('id')));
    this.#answers.delete(Number(fields.get('id')));
    answer?.(told);
  }

  /** Lets it end in an orderly way; its ledger is whole afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#child.stdin.end();
    await this.#ended.catch(() => undefined); // that it ended before was told to whoever asked
  }
}
