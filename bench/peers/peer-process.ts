import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Broker } from '../frame/load.ts';

/** A peer in a Node process of its own, of the Node that the product runs on. */
export class PeerProcess implements Broker {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  #tell: (told: unknown) => void = () => undefined;

  private constructor(child: ChildProcess, port: number, ended: Promise<never>) {
    this.#child = child;
    this.#ended = ended;
    this.port = port;
    this.pid = Number(child.pid);
    child.on('message', (told) => this.#tell(told));
  }

  /** Starts a script of this folder with the folder for its data and further words; resolves when it has told its port. */
  static async start(script: string, folder: string, words: readonly string[] = []): Promise<PeerProcess> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [folder, ...words], { execArgv: [] });
    const ended = endOf(child, script);
    ended.catch(() => undefined); // told to whoever waits for an answer
    const [told] = await Promise.race([once(child, 'message'), ended]);
    return new PeerProcess(child, Number(told), ended);
  }

  /** Messages that it has stored so far. One question at a time. */
  async stored(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#tell = resolve;
    this.#child.send('stored');
    return Number(await Promise.race([promise, this.#ended]));
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

async function endOf(child: ChildProcess, script: string): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new TypeError(`The peer ${script} ended with ${code}.`);
}
