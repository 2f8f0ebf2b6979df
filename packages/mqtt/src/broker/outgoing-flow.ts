import { type Delivery, messageBytes } from './message.ts';

/** Bounds of one session's flow. */
export interface FlowBounds {
  readonly inflightMax: number;
  readonly queueCountMax: number;
  readonly queueBytesMax: number;
}

/** Bytes that wait for all sessions together, and how many may. */
export interface QueueBudget {
  bytes: number;
  readonly bytesMax: number;
}

/** A delivery that is to be written now. */
export interface Sending {
  readonly delivery: Delivery;
  /** 0 for QoS 0. */
  readonly packetId: number;
  /** It was sent before, over an earlier connection: DUP is set [MQTT-3.3.1-1]. */
  readonly isAgain: boolean;
}

const PACKET_IDS = 65_535;

/**
 * What goes to one session: a queue, behind it feeds of retained messages, and the window of QoS 1 messages that were
 * sent and not acknowledged. A message keeps its packet id until it is acknowledged; after a reconnect those come first,
 * in their order [MQTT-4.4.0-1, MQTT-4.6.0-1].
 */
export class OutgoingFlow {
  readonly #bounds: FlowBounds;
  readonly #budget: QueueBudget;
  readonly #onExpired: () => void;
  /** By packet id, oldest first. */
  readonly #inflight = new Map<number, Delivery>();
  /** Packet ids that were sent over an earlier connection and not yet over this one. */
  #again: number[] = [];
  #queue: (Delivery | undefined)[] = [];
  #head = 0;
  readonly #feeds = new Map<string, Iterator<Delivery>>();
  #bytes = 0;
  #lastId = 0;
  #window: number;

  /** `onExpired` is told of every message that expired in the queue. */
  constructor(bounds: FlowBounds, budget: QueueBudget, onExpired: () => void) {
    this.#bounds = bounds;
    this.#budget = budget;
    this.#onExpired = onExpired;
    this.#window = bounds.inflightMax;
  }

  /** Messages that wait, those in flight and in feeds apart. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** Messages sent, or to be sent again, that are not acknowledged. */
  get inflight(): number {
    return this.#inflight.size;
  }

  /** Bytes of what waits and of what is in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts a QoS 1 message at the end of the queue; false when the queue, or that of all sessions, is full. */
  offer(delivery: Delivery): boolean {
    const bytes = messageBytes(delivery.message);
    const { queueCountMax, queueBytesMax } = this.#bounds;
    if (this.waiting >= queueCountMax || this.#bytes + bytes > queueBytesMax) return false;
    if (this.#budget.bytes + bytes > this.#budget.bytesMax) return false;
    this.#queue.push(delivery);
    this.#count(bytes);
    return true;
  }

  /** Adds the retained messages of a filter, which are asked for one by one when nothing else waits. */
  feed(filter: string, deliveries: Iterator<Delivery>): void {
    this.#feeds.set(filter, deliveries);
  }

  /** Asks for no more retained messages of a filter. */
  endFeed(filter: string): void {
    this.#feeds.delete(filter);
  }

  /** A connection begins: its Receive Maximum bounds the window, and everything in flight is to be sent again. */
  begin(receiveMaximum: number): void {
    this.#window = Math.min(this.#bounds.inflightMax, receiveMaximum);
    this.#again = [...this.#inflight.keys()];
  }

  /** The next message to write, or undefined when nothing waits or the window is full. */
  next(nowMs: number): Sending | undefined {
    if (this.#inflight.size - this.#again.length >= this.#window) return undefined;
    for (let id = this.#again.shift(); id !== undefined; id = this.#again.shift()) {
      const delivery = this.#inflight.get(id);
      if (delivery) return { delivery, packetId: id, isAgain: true };
    }
    const waiting = this.#fromQueue(nowMs);
    if (waiting) return this.#send(waiting);
    const retained = this.#fromFeeds(nowMs);
    if (!retained) return undefined;
    if (retained.qos === 0) return { delivery: retained, packetId: 0, isAgain: false };
    this.#count(messageBytes(retained.message));
    return this.#send(retained);
  }

  /** A PUBACK came; false when nothing was in flight under its id. */
  acknowledge(packetId: number): boolean {
    const delivery = this.#inflight.get(packetId);
    if (!delivery) return false;
    this.#inflight.delete(packetId);
    if (this.#again.length > 0) this.#again = this.#again.filter((id) => id !== packetId);
    this.#count(-messageBytes(delivery.message));
    return true;
  }

  /** Forgets everything; gives the number of QoS 1 messages that were not acknowledged. */
  clear(): number {
    const lost = this.waiting + this.#inflight.size;
    this.#count(-this.#bytes);
    this.#inflight.clear();
    this.#again = [];
    this.#queue = [];
    this.#head = 0;
    this.#feeds.clear();
    return lost;
  }

  #send(delivery: Delivery): Sending {
    do this.#lastId = (this.#lastId % PACKET_IDS) + 1;
    while (this.#inflight.has(this.#lastId));
    this.#inflight.set(this.#lastId, delivery);
    return { delivery, packetId: this.#lastId, isAgain: false };
  }

  #fromQueue(nowMs: number): Delivery | undefined {
    while (this.#head < this.#queue.length) {
      const delivery = this.#queue[this.#head];
      this.#queue[this.#head++] = undefined;
      if (this.#head === this.#queue.length) {
        this.#queue = [];
        this.#head = 0;
      } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      if (!delivery) continue;
      if (delivery.message.expiresMs > nowMs) return delivery;
      this.#count(-messageBytes(delivery.message));
      this.#onExpired();
    }
    return undefined;
  }

  #fromFeeds(nowMs: number): Delivery | undefined {
    for (const [filter, feed] of this.#feeds) {
      for (let next = feed.next(); !next.done; next = feed.next())
        if (next.value.message.expiresMs > nowMs) return next.value;
      this.#feeds.delete(filter);
    }
    return undefined;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }
}
