import type { FailpointHook } from '@skerry/kernel';
import { Outbox } from '../broker/outbox.ts';
import type { ClientLink } from '../client-link.ts';
import { LIMITS } from '../limits.ts';
import { encodePacket, type Packet } from '../packets/packet.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import { REASON } from '../reason-codes.ts';

/** What goes to the broker over the connection of the moment, gathered so that a turn makes one write. */
export class Upstream {
  readonly #level: ProtocolLevel;
  readonly #windowMax: number;
  readonly #failpoint: FailpointHook;
  #outbox: Outbox | undefined;
  #isFlushDue = false;
  /** QoS 1 and 2 of this connection without PUBACK or PUBCOMP, as Receive Maximum counts them (4.9). */
  #outstanding = 0;
  #isExceeded = false;

  constructor(level: ProtocolLevel, windowMax: number, failpoint: FailpointHook) {
    this.#level = level;
    this.#windowMax = windowMax;
    this.#failpoint = failpoint;
  }

  /** A connection began. */
  begin(link: ClientLink): void {
    this.#outbox = new Outbox(link, LIMITS.outboxBytes.value, this.#failpoint);
    this.#outstanding = 0;
    this.#isExceeded = false;
  }

  /** The connection is gone: what is said from here on goes nowhere. */
  leave(): void {
    this.#outbox = undefined;
  }

  /** PUBLISH of QoS 1 or 2 came. True for the first of a connection that is more than Receive Maximum allows (level 5). */
  noteReceived(): boolean {
    if (++this.#outstanding <= this.#windowMax || this.#level === 4 || this.#isExceeded) return false;
    this.#isExceeded = true;
    return true;
  }

  /** PUBACK (0x40) or PUBREC (0x50); false when there is nobody to say it to. */
  acknowledge(first: 0x40 | 0x50, packetId: number): boolean {
    if (!this.#outbox) return false;
    if (first === 0x40) this.#outstanding = Math.max(0, this.#outstanding - 1);
    this.#outbox.acknowledge(first, packetId);
    this.#flushSoon();
    return true;
  }

  /** PUBCOMP; `isKnown` is false for an identifier that was released before. */
  complete(packetId: number, isKnown: boolean): void {
    this.#outstanding = Math.max(0, this.#outstanding - 1);
    const reason = isKnown || this.#level === 4 ? REASON.success : REASON.packetIdentifierNotFound;
    this.send({ type: 'pubcomp', packetId, reason });
  }

  /** PUBLISH at QoS 0; false when there is nobody to say it to. */
  publish(topic: string, payload: Uint8Array): boolean {
    if (!this.#outbox) return false;
    const flags = { qos: 0, isDup: false, isRetain: false, packetId: 0 } as const;
    this.send({ type: 'publish', topic, payload, ...flags });
    return true;
  }

  /** Any other packet. */
  send(packet: Packet): void {
    this.#outbox?.packet(encodePacket(packet, this.#level));
    this.#flushSoon();
  }

  /** Writes what was gathered. */
  flush(): void {
    this.#isFlushDue = false;
    this.#outbox?.flush();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.flush());
  }
}
