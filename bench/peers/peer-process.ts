import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Broker } from '../frame/load.ts';

/** A peer in a Node process of its own, of the Node that the product runs on. */
export class PeerProcess implements Broker {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.pid = Number(child.pid);
  }

  /** Starts a script of this folder with the folder for its data; resolves when it has told its port. */
  static async start(script: string, folder: string): Promise<PeerProcess> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [folder], { execArgv: [] });
    const [told] = await Promise.race([once(child, 'message'), endOf(child, script)]);
    return new PeerProcess(child, Number(told));
  }

  /** Messages that it has stored so far. */
  async stored(): Promise<number> {
    const answer = once(this.#child, 'message');
    this.#child.send('stored');
    const [told] = await Promise.race([answer, endOf(this.#child, 'peer')]);
    return Number(told);
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
