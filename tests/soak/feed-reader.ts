import { setTimeout as pause } from 'node:timers/promises';
import type { FeedOrder, Tell } from './feed-order.ts';

const AGAIN_MS = 50;

interface ToldPoints {
  readonly devices: readonly {
    readonly device: string;
    readonly points: readonly { readonly metric: string; readonly value: unknown }[];
  }[];
}

/**
 * A client of `/api/v1/stream` as a browser is one: it comes back after every end, with the last id it was given. It
 * keeps nothing of what it was told. Disposing ends it.
 */
export class FeedReader implements AsyncDisposable {
  readonly #port: () => number;
  readonly #query: string;
  readonly #order: FeedOrder;
  readonly #tell: Tell;
  readonly #token: () => string;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  #lastId = '';
  #portBefore = 0;
  /** Connections that were answered. */
  connections = 0;

  /** `port` tells where the server listens now, NaN while there is none; `token` is that of its data folder. */
  constructor(
    { port, token }: { readonly port: () => number; readonly token: () => string },
    devices: readonly string[],
    order: FeedOrder,
    tell: Tell,
  ) {
    this.#port = port;
    this.#token = token;
    this.#tell = tell;
    this.#order = order;
    this.#query = devices.map((name) => `subscribe=${encodeURIComponent(`points:${name}/n`)}`).join('&');
    this.#reading = this.#readOn();
  }

  async #readOn(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const port = this.#port();
      if (Number.isFinite(port)) await this.#readOnce(port);
      await pause(AGAIN_MS);
    }
  }

  async #readOnce(port: number): Promise<void> {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/stream?${this.#query}`, {
        headers: {
          authorization: `Bearer ${this.#token()}`,
          ...(this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }),
        },
        signal: this.#stop.signal,
      });
      if (response.status !== 200 || !response.body)
        throw new TypeError(`the stream answered ${response.status}: ${await response.text()}`);
      this.connections += 1;
      // another port is another life: each server has one that was free
      if (this.#portBefore !== 0 && port !== this.#portBefore) this.#order.beginLife();
      this.#portBefore = port;
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (cause) {
      // a server that ends and one that is not there yet are no finding: the reader comes back
      if (!isEnd(cause) && this.#port() === port) this.#tell(String(cause));
    }
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const told = fields.get('data');
    if (told === undefined) return;
    if (fields.get('event') === 'gap') this.#order.gap(told);
    else {
      const { devices }: ToldPoints = JSON.parse(told);
      for (const { device, points } of devices)
        for (const { metric, value } of points) if (metric === 'n') this.#order.point(device, Number(value));
    }
    this.#lastId = fields.get('id') ?? this.#lastId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }
}

function isEnd(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const text = `${cause.name} ${cause.message}`;
  return cause.name === 'AbortError' || /terminated|fetch failed/.test(text);
}
