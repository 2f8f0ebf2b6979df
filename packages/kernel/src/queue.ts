import { KernelError } from './errors.ts';
import type { Counter, Gauge, Meter } from './meter.ts';

/**
 * What happens to an item that finds a queue full: `refuse` throws `queue-full`, `wait` lets `put` wait for room,
 * `drop-oldest` makes room by dropping from the head, `drop-newest` drops the item itself. Drops are counted.
 */
export type FullPolicy = 'refuse' | 'wait' | 'drop-oldest' | 'drop-newest';

/** Bounds of a queue and what it is called in metrics. */
export interface BoundedQueueOptions<T> {
  /** Label `queue` of its metrics. */
  readonly name: string;
  readonly countMax: number;
  readonly bytesMax: number;
  readonly whenFull: FullPolicy;
  /** Bytes an item counts for; 0 unless given. */
  readonly bytesOf?: (item: T) => number;
  readonly meter?: Meter;
}

interface Held<T> {
  readonly item: T;
  readonly bytes: number;
}

interface Waiter<T> extends Held<T> {
  /** Ends the wait; true when the item is in the queue. */
  readonly settle: (isTaken: boolean) => void;
}

/**
 * A queue between a producer and a consumer, bounded by count and by bytes. An item larger than the byte bound is
 * taken when the queue is empty, so that nothing waits for ever. Metrics: `iot_queue_items`, `iot_queue_bytes`,
 * `iot_queue_dropped_total`.
 */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions<T>;
  readonly #items: Gauge | undefined;
  readonly #bytesHeld: Gauge | undefined;
  readonly #dropped: Counter | undefined;
  readonly #held: (Held<T> | undefined)[] = [];
  readonly #waiting: Waiter<T>[] = [];
  #head = 0;
  #bytes = 0;
  #takers: (() => void)[] = [];
  #isClosed = false;

  constructor(options: BoundedQueueOptions<T>) {
    this.#options = options;
    const labels = { queue: options.name };
    this.#items = options.meter?.gauge('iot_queue_items', 'Items waiting in a bounded queue.', labels);
    this.#bytesHeld = options.meter?.gauge('iot_queue_bytes', 'Bytes waiting in a bounded queue.', labels);
    this.#dropped = options.meter?.counter('iot_queue_dropped_total', 'Items a full queue gave up.', labels);
  }

  /** Items waiting. */
  get count(): number {
    return this.#held.length - this.#head;
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes an item by the queue's policy; true when it is in the queue, false when it was dropped. Throws `queue-full`
   * where the policy is to refuse or to wait: whoever can wait uses `put`. After `close` every item is dropped.
   */
  push(item: T): boolean {
    const bytes = this.#options.bytesOf?.(item) ?? 0;
    if (this.#isClosed) return this.#drop();
    if (this.#hasRoom(bytes)) return this.#add(item, bytes);
    const { whenFull } = this.#options;
    if (whenFull === 'drop-newest') return this.#drop();
    if (whenFull === 'refuse' || whenFull === 'wait') throw this.#fullFault();
    while (this.count > 0 && !this.#hasRoom(bytes)) {
      this.#shift();
      this.#drop();
    }
    return this.#add(item, bytes);
  }

  /**
   * Like `push`, but waits for room where the policy is to wait; those who wait are served in the order of their calls.
   * Resolves with false when aborted or closed: the item is then not in the queue.
   */
  async put(item: T, signal?: AbortSignal): Promise<boolean> {
    if (this.#options.whenFull !== 'wait') return this.push(item);
    const bytes = this.#options.bytesOf?.(item) ?? 0;
    if (this.#isClosed || signal?.aborted) return false;
    if (this.#hasRoom(bytes)) return this.#add(item, bytes);
    return this.#room(item, bytes, signal);
  }

  /** The oldest item, or undefined when there is none. */
  take(): T | undefined {
    const held = this.#shift();
    if (held) this.#wakeWaiting();
    return held?.item;
  }

  /** Every item, oldest first, as they come; ends after `close` when nothing is left, or when aborted. One reader. */
  async *drain(signal?: AbortSignal): AsyncIterable<T> {
    while (!signal?.aborted) {
      const held = this.#shift();
      if (held) {
        this.#wakeWaiting();
        yield held.item;
      } else if (this.#isClosed) return;
      else await this.#arrival(signal);
    }
  }

  /** No item is taken any more; what waits is still handed out. */
  close(): void {
    this.#isClosed = true;
    for (const { settle } of this.#waiting.slice()) settle(false);
    for (const wake of this.#takers.splice(0)) wake();
  }

  #hasRoom(bytes: number): boolean {
    if (this.#waiting.length > 0) return false;
    return this.#fits(bytes);
  }

  #fits(bytes: number): boolean {
    if (this.count === 0) return true;
    return this.count < this.#options.countMax && this.#bytes + bytes <= this.#options.bytesMax;
  }

  #add(item: T, bytes: number): true {
    this.#held.push({ item, bytes });
    this.#bytes += bytes;
    this.#measure();
    for (const wake of this.#takers.splice(0)) wake();
    return true;
  }

  #drop(): false {
    this.#dropped?.add(1);
    return false;
  }

  #shift(): Held<T> | undefined {
    const held = this.#held[this.#head];
    if (!held) return undefined;
    this.#held[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#held.length) {
      this.#held.splice(0, this.#head);
      this.#head = 0;
    }
    this.#bytes -= held.bytes;
    this.#measure();
    return held;
  }

  #measure(): void {
    this.#items?.set(this.count);
    this.#bytesHeld?.set(this.#bytes);
  }

  #wakeWaiting(): void {
    for (let first = this.#waiting[0]; first && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#add(first.item, first.bytes);
      first.settle(true);
    }
  }

  #room(item: T, bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const abort = (): void => waiter.settle(false);
      const waiter: Waiter<T> = {
        item,
        bytes,
        settle: (isTaken) => {
          signal?.removeEventListener('abort', abort);
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
          resolve(isTaken);
        },
      };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #arrival(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        signal?.removeEventListener('abort', settle);
        resolve();
      };
      this.#takers.push(settle);
      signal?.addEventListener('abort', settle, { once: true });
    });
  }

  #fullFault(): KernelError {
    const { name, countMax, bytesMax } = this.#options;
    return new KernelError(
      'queue-full',
      `The queue ${name} takes no more: ${this.count} items, ${this.#bytes} bytes.`,
      {
        queue: name,
        countMax,
        bytesMax,
      },
    );
  }
}
