import type { ServerResponse } from 'node:http';
import type { Clock } from '@skerry/kernel';

/** Bytes handed to the connection at a time: what is on its way beyond the feeds is not more than that. */
const PIECE_BYTES = 65_536;

/**
 * One response that carries events. Each is written when the connection has taken the one before, so that a client that
 * does not read holds nothing but the event it stands at.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #gone = new AbortController();
  /** Settles when everything before was taken. */
  #turn: Promise<void> = Promise.resolve();
  /** Texts that wait for their turn, by kind. */
  readonly #offers = new Map<string, string>();
  #waitingSinceMs: number | undefined;
  #goOn: () => void = () => undefined;

  constructor(response: ServerResponse, clock: Pick<Clock, 'monotonicMs'>) {
    this.#response = response;
    this.#clock = clock;
    response.on('drain', () => this.#goOn());
    this.#gone.signal.addEventListener('abort', () => this.#goOn(), { once: true });
    response.on('close', () => this.#gone.abort());
    response.on('error', () => this.#gone.abort());
  }

  /** Aborted when the client is gone or the stream was ended. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** How long the client has taken nothing of what is written; 0 when nothing waits for it. */
  get waitingMs(): number {
    return this.#waitingSinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#waitingSinceMs;
  }

  /** Writes in turn; resolves when the connection has taken it, or is gone. */
  write(bytes: Uint8Array): Promise<void> {
    this.#turn = this.#turn.then(() => this.#send(bytes));
    return this.#turn;
  }

  /** Writes in turn; while it waits, a newer text of the same kind takes its place. */
  offer(kind: string, text: string): void {
    const isWaiting = this.#offers.has(kind);
    this.#offers.set(kind, text);
    if (isWaiting) return;
    this.#turn = this.#turn.then(() => {
      const newest = this.#offers.get(kind) ?? '';
      this.#offers.delete(kind);
      return this.#send(Buffer.from(newest));
    });
  }

  /** Ends the response; what waits is not written. */
  end(): void {
    this.#gone.abort();
    this.#response.end();
  }

  /** Closes the connection of a client that does not take its events. */
  drop(): void {
    this.#gone.abort();
    this.#response.destroy();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      if (this.#gone.signal.aborted) return;
      if (!this.#response.write(bytes.subarray(at, at + PIECE_BYTES))) await this.#drained();
    }
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#goOn = resolve;
    this.#waitingSinceMs = this.#clock.monotonicMs();
    await promise;
    this.#waitingSinceMs = undefined;
  }
}
