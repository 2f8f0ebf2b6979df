import type { StoredBatch } from '@skerry/journal';
import type { RebirthCause, RebirthWanted } from './decoders/sparkplug-book.ts';
import { PipelineError } from './errors.ts';
import { RemoteFault } from './fault-message.ts';
import type { LiveFilter, LivePull } from './live-subscription.ts';
import type { FaultMessage, Mailbox } from './mailbox.ts';
import type { FromPipeline, PipelineMethod, PipelineRequests, ToPipeline } from './pipeline-messages.ts';
import { Wake } from './wake.ts';

type Answer<M extends PipelineMethod> = Promise<Awaited<ReturnType<PipelineRequests[M]>>>;

interface Feed {
  pull: LivePull | undefined;
  fault: Error | undefined;
  readonly changed: Wake;
}

/** A pipeline on another thread. Every answer is a copy. After the pipeline's end requests fail with its reason. */
export class PipelineClient {
  /** Rejects with the reason when the pipeline cannot go on; resolves when it was disposed. */
  readonly ended: Promise<void>;
  readonly #mailbox: Mailbox;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(fault: Error): void }>();
  readonly #feeds = new Map<number, Feed>();
  #nextId = 1;
  #end: Error | undefined;
  #onRebirth: (node: RebirthWanted, cause: RebirthCause) => void = () => undefined;
  #finish: (fault: FaultMessage | undefined) => void = () => undefined;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    this.ended = new Promise((resolve, reject) => {
      this.#finish = (fault) => (fault ? reject(new RemoteFault(fault)) : resolve());
    });
    // whoever awaits `ended` is told; nobody has to
    this.ended.catch(() => undefined);
    mailbox.onMessage((message) => {
      // the other end is `servePipeline` of the same build
      this.#receive(message as FromPipeline);
    });
  }

  /** Asks for `method` of `Pipeline`; fails with `RemoteFault`, or `pipeline-closed` after the end. */
  request<M extends PipelineMethod>(method: M, ...args: Parameters<PipelineRequests[M]>): Answer<M> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // the server answers with what the method gives
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#post({ type: 'request', id, method, args });
    });
  }

  /** Installs the one listener that is told which Sparkplug edge nodes are to be asked for their births. */
  onRebirth(listener: (node: RebirthWanted, cause: RebirthCause) => void): void {
    this.#onRebirth = listener;
  }

  /** Hands over a durable batch; its buffer goes with it. */
  offer(batch: StoredBatch): void {
    const { buffer } = batch.body;
    this.#mailbox.post(
      { type: 'offer', batch } satisfies ToPipeline,
      buffer instanceof ArrayBuffer ? [buffer] : [],
    );
  }

  /**
   * Points as they become visible, from `cursor` or from now on; the first item is there at once and carries the
   * cursor. The next is asked for when the one before was taken. Ends when `signal` is aborted.
   */
  async *subscribe(
    filters: readonly LiveFilter[],
    cursor: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LivePull, void, void> {
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const feed: Feed = { pull: undefined, fault: undefined, changed: new Wake() };
    const wake = () => feed.changed.ring();
    this.#feeds.set(id, feed);
    signal.addEventListener('abort', wake, { once: true });
    try {
      this.#post({ type: 'subscribe', id, filters, cursor });
      while (!signal.aborted) {
        const { pull } = feed;
        if (feed.fault) throw feed.fault;
        if (!pull) {
          await feed.changed.wait();
          continue;
        }
        feed.pull = undefined;
        yield pull;
        this.#post({ type: 'taken', id });
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#feeds.delete(id);
      this.#post({ type: 'unsubscribe', id });
    }
  }

  #post(message: ToPipeline): void {
    this.#mailbox.post(message);
  }

  #receive(message: FromPipeline): void {
    if (message.type === 'answer') this.#settle(message.id)?.resolve(message.value);
    else if (message.type === 'fault') this.#settle(message.id)?.reject(new RemoteFault(message.fault));
    else if (message.type === 'ended') this.#ended(message.fault);
    else if (message.type === 'rebirth') this.#onRebirth(message.node, message.cause);
    else {
      const feed = this.#feeds.get(message.id);
      if (!feed) return;
      if (message.type === 'live') feed.pull = message.pull;
      else feed.fault = new RemoteFault(message.fault);
      feed.changed.ring();
    }
  }

  #settle(id: number) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #ended(fault: FaultMessage | undefined): void {
    const end = fault
      ? new RemoteFault(fault)
      : new PipelineError('pipeline-closed', 'The pipeline has ended; no request can be answered.');
    this.#end = end;
    for (const waiting of this.#waiting.values()) waiting.reject(end);
    this.#waiting.clear();
    for (const feed of this.#feeds.values()) {
      feed.fault = end;
      feed.changed.ring();
    }
    this.#finish(fault);
  }
}
