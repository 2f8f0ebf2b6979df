import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../e2e/condition.ts';

/** Somebody else's client in a process of its own; what it writes is kept by lines. Disposing kills it. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #text = '';
  #code: number | null | undefined;

  /** Starts it; `input` is written to its standard input, which is closed then. */
  constructor(command: string, words: readonly string[], input = '') {
    this.#child = spawn(command, words, { stdio: 'pipe' });
    this.#child.stdin?.on('error', () => undefined); // one that takes no input may have ended before it came
    this.#child.stdin?.end(input);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
      });
    }
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#code = code as number | null;
    });
  }

  /** Everything that it wrote, both streams. */
  get text(): string {
    return this.#text;
  }

  /** Its whole lines that begin with a word, without it. */
  lines(word: string): string[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  }

  /** Resolves when it has written something that fits. */
  async says(what: RegExp, mostMs = 60_000): Promise<void> {
    await until(
      String(what),
      () => what.test(this.#text),
      mostMs,
      () => this.#text,
    );
  }

  /** Resolves with its exit code. */
  async ends(mostMs = 60_000): Promise<number | null> {
    await until(
      'the end of the client',
      () => this.#code !== undefined,
      mostMs,
      () => this.#text,
    );
    return this.#code ?? null;
  }

  /** Kills it without a chance to say goodbye; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
