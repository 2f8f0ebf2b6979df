import type { Connection, FailpointHook } from '@skerry/kernel';
import { lengthBytes, writeLength } from '../byte-writer.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import type { Delivery } from './message.ts';

const FIRST_BYTES = 64;
/** Above this the buffer itself goes to the network; below, a copy does, and the buffer stays. */
const GIVEN_AWAY_BYTES = 8_192;
const EMPTY = new Uint8Array(0);

/** Gathers what goes out over one connection, so that a turn makes one write. */
export class Outbox {
  readonly #connection: Pick<Connection, 'write' | 'bufferedBytes'>;
  readonly #failpoint: FailpointHook;
  readonly #bytesMax: number;
  #bytes: Uint8Array = EMPTY;
  #used = 0;
  #hasAcks = false;
  #isBlocked = false;

  /** `bytesMax` is what is gathered at most before it is written. */
  constructor(
    connection: Pick<Connection, 'write' | 'bufferedBytes'>,
    bytesMax: number,
    failpoint: FailpointHook,
  ) {
    this.#connection = connection;
    this.#bytesMax = bytesMax;
    this.#failpoint = failpoint;
  }

  /** The network is above its high-water mark: deliveries wait for `unblock`. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Bytes gathered, or taken by the connection and not by the network. */
  get bufferedBytes(): number {
    return this.#used + this.#connection.bufferedBytes;
  }

  /** The network has taken what it had to. */
  unblock(): void {
    this.#isBlocked = false;
  }

  /** PUBACK (0x40) or PUBREC (0x50) of success: four bytes at either level (3.4.2.1). */
  acknowledge(first: 0x40 | 0x50, packetId: number): void {
    const at = this.#room(4);
    const bytes = this.#bytes;
    bytes[at] = first;
    bytes[at + 1] = 2;
    bytes[at + 2] = packetId >>> 8;
    bytes[at + 3] = packetId & 255;
    this.#hasAcks = true;
  }

  /** An encoded packet, which is copied. */
  packet(bytes: Uint8Array): void {
    const at = this.#room(bytes.byteLength);
    this.#bytes.set(bytes, at);
  }

  /**
   * A PUBLISH. `expirySecs` is what is left of its Message Expiry Interval, where it has one
   * [MQTT-3.3.2-6].
   */
  publish(
    delivery: Delivery,
    level: ProtocolLevel,
    packetId: number,
    isAgain: boolean,
    expirySecs: number,
  ): void {
    const { message, qos, isRetained, identifiers } = delivery;
    const { topicBytes, payload, properties } = message;
    const propertyBytes = level === 5 ? propertyBytesOf(delivery) : 0;
    const rest = remainingBytes(delivery, level, propertyBytes);
    const start = this.#room(1 + lengthBytes(rest) + rest);
    const bytes = this.#bytes;
    bytes[start] = 0x30 | (isAgain ? 8 : 0) | (qos << 1) | (isRetained ? 1 : 0);
    let at = writeLength(bytes, start + 1, rest);
    at = writeWord(bytes, at, topicBytes.byteLength);
    bytes.set(topicBytes, at);
    at += topicBytes.byteLength;
    if (qos === 1) at = writeWord(bytes, at, packetId);
    if (level === 5) {
      at = writeLength(bytes, at, propertyBytes);
      if (hasExpiry(delivery)) at = writeExpiry(bytes, at, expirySecs);
      for (const identifier of identifiers) {
        bytes[at] = 0x0b;
        at = writeLength(bytes, at + 1, identifier);
      }
      if (properties) {
        bytes.set(properties, at);
        at += properties.byteLength;
      }
    }
    bytes.set(payload, at);
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    const hasAcks = this.#hasAcks;
    this.#hasAcks = false;
    if (hasAcks) this.#failpoint('puback-before-send');
    const isBelow = this.#connection.write(this.#give(used));
    if (hasAcks) this.#failpoint('puback-after-send');
    if (!isBelow) this.#isBlocked = true;
  }

  #give(used: number): Uint8Array {
    if (used < GIVEN_AWAY_BYTES) {
      const copy = Buffer.allocUnsafe(used); // of the pool: cheaper than an array of its own, and no other type inside
      copy.set(this.#bytes.subarray(0, used));
      return copy;
    }
    const given = this.#bytes.subarray(0, used);
    this.#bytes = EMPTY;
    return given;
  }

  /** Makes room for so many bytes, which are used from here on; gives their place. */
  #room(count: number): number {
    if (this.#used > 0 && this.#used + count > this.#bytesMax) this.flush();
    const needed = this.#used + count;
    if (needed > this.#bytes.byteLength) {
      const wider = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2, FIRST_BYTES));
      wider.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = wider;
    }
    const at = this.#used;
    this.#used = needed;
    return at;
  }
}

/** Bytes of a whole PUBLISH, for the Maximum Packet Size of its receiver. */
export function publishBytes(delivery: Delivery, level: ProtocolLevel): number {
  const rest = remainingBytes(delivery, level, level === 5 ? propertyBytesOf(delivery) : 0);
  return 1 + lengthBytes(rest) + rest;
}

function remainingBytes({ message, qos }: Delivery, level: ProtocolLevel, propertyBytes: number): number {
  const properties = level === 5 ? lengthBytes(propertyBytes) + propertyBytes : 0;
  return 2 + message.topicBytes.byteLength + (qos === 1 ? 2 : 0) + properties + message.payload.byteLength;
}

function propertyBytesOf(delivery: Delivery): number {
  let count = (delivery.message.properties?.byteLength ?? 0) + (hasExpiry(delivery) ? 5 : 0);
  for (const identifier of delivery.identifiers) count += 1 + lengthBytes(identifier);
  return count;
}

function hasExpiry({ message }: Delivery): boolean {
  return message.expiresMs !== Number.POSITIVE_INFINITY;
}

function writeWord(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
  return at + 2;
}

function writeExpiry(bytes: Uint8Array, at: number, secs: number): number {
  bytes[at] = 0x02;
  writeWord(bytes, at + 1, Math.floor(secs / 65_536));
  return writeWord(bytes, at + 3, secs % 65_536);
}
