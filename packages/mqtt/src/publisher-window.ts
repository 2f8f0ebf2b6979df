/** A message that a publisher took. */
export interface PublishedMessage {
  /** 1 for the first one that was taken, and so on. */
  readonly number: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** A message that is not acknowledged yet. */
export interface UnackedMessage extends PublishedMessage {
  readonly packetId: number;
  readonly topicBytes: Uint8Array;
  /** Times it was sent, over all connections. */
  sentCount: number;
  /** It was sent on this connection, and waits for its PUBACK. */
  isOnWire: boolean;
}

const PACKET_IDS = 65_535;

/** The messages of a publisher that are not acknowledged, in the order of their numbers, and which of them to send next. */
export class PublisherWindow {
  readonly #messages = new Map<number, UnackedMessage>();
  /** Not sent on this connection, in order; from `#nextToSend` on. */
  #toSend: UnackedMessage[] = [];
  #nextToSend = 0;
  #lastNumber = 0;
  #lastPacketId = 0;
  #bytes = 0;

  /** Messages not acknowledged. */
  get count(): number {
    return this.#messages.size;
  }

  /** Topics and payloads of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those of them that were sent on this connection. */
  get onWireCount(): number {
    return this.#messages.size - (this.#toSend.length - this.#nextToSend);
  }

  /** Adds a message behind all others. At most 65,535 fit: the caller bounds `count`. */
  add(topic: string, topicBytes: Uint8Array, payload: Uint8Array): void {
    const packetId = this.#freePacketId();
    const number = ++this.#lastNumber;
    const message = { number, topic, topicBytes, payload, packetId, sentCount: 0, isOnWire: false };
    this.#messages.set(packetId, message);
    this.#toSend.push(message);
    this.#bytes += bytesOf(message);
  }

  /** The next message to send; undefined when all are on their way. */
  peek(): UnackedMessage | undefined {
    return this.#toSend[this.#nextToSend];
  }

  /** The message of `peek` was sent. */
  noteSent(): void {
    const message = this.peek();
    if (!message) return;
    message.isOnWire = true;
    message.sentCount++;
    this.#nextToSend++;
    if (this.#nextToSend === this.#toSend.length) {
      this.#toSend = [];
      this.#nextToSend = 0;
    }
  }

  /** Takes the message of a PUBACK out; undefined when none of this identifier is on its way. */
  acknowledge(packetId: number): UnackedMessage | undefined {
    const message = this.#messages.get(packetId);
    if (!message?.isOnWire) return undefined;
    this.#messages.delete(packetId);
    this.#bytes -= bytesOf(message);
    return message;
  }

  /** A new connection: everything is sent again in order, under the same packet identifiers. */
  restart(): void {
    this.#toSend = [...this.#messages.values()];
    this.#nextToSend = 0;
    for (const message of this.#toSend) message.isOnWire = false;
  }

  #freePacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % PACKET_IDS) + 1;
    while (this.#messages.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}

function bytesOf({ topicBytes, payload }: UnackedMessage): number {
  return topicBytes.byteLength + payload.byteLength;
}
