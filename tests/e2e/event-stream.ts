import type { ServerProcess } from '@skerry/testkit';

/** One event of a stream. */
export interface ToldEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** One connection of an SSE client; what it was sent stays in `events`. Disposing ends it. */
export class EventStream implements AsyncDisposable {
  readonly events: ToldEvent[] = [];
  /** Whether the server has answered. */
  isOpen = false;
  /** Whether the connection is gone. */
  isEnded = false;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  /** Subscribes; `lastEventId` as a browser sends it when it comes back. */
  constructor(server: ServerProcess, subscribe: string, lastEventId?: string) {
    this.#reading = this.#read(server, subscribe, lastEventId);
  }

  /** The id that a browser would come back with. */
  get lastId(): string {
    return this.events.findLast((event) => event.id !== '')?.id ?? '';
  }

  /** Values of one metric in the order in which they came. */
  valuesOf(metric: string): unknown[] {
    return this.events
      .filter((event) => event.event === 'points')
      .flatMap(
        ({ data }) => (data as { devices: { points: { metric: string; value: unknown }[] }[] }).devices,
      )
      .flatMap((device) => device.points)
      .filter((point) => point.metric === metric)
      .map((point) => point.value);
  }

  async #read(server: ServerProcess, subscribe: string, lastEventId: string | undefined): Promise<void> {
    try {
      const path = `/api/v1/stream?subscribe=${encodeURIComponent(subscribe)}`;
      const headers: Record<string, string> =
        lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const response = await server.ask(path, { headers, signal: this.#stop.signal });
      if (response.status !== 200 || !response.body)
        throw new TypeError(`The stream answered ${response.status}.`);
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        this.isOpen = true;
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (cause) {
      // the server was killed, or this end has stopped: both are an end of the connection
      if (!(cause instanceof Error) || (cause.name !== 'AbortError' && !String(cause).includes('terminated')))
        throw cause;
    } finally {
      this.isEnded = true;
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block
        .split('\n')
        .filter((line) => /^(id|event|data):/.test(line))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    this.events.push({
      id: fields.get('id') ?? '',
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }
}
