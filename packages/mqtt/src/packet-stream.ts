import { ByteReader } from './byte-reader.ts';
import { MqttError, malformed, protocolError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { NO_BYTES, PacketCursor } from './packet-cursor.ts';
import { decodePacket, type Packet } from './packets/packet.ts';
import { PACKET_TYPE, type ProtocolLevel, packetNameOf } from './packets/packet-type.ts';
import { scanPublish } from './publish-scan.ts';

/** Choices of a stream. */
export interface PacketStreamOptions {
  /** Greatest packet, fixed header included; `LIMITS.packetBytesMax` unless given. */
  readonly packetBytesMax?: number;
  /** Greatest first packet of a client; `LIMITS.connectBytesMax` unless given. */
  readonly connectBytesMax?: number;
  /** Level of the connection where it is known: a client's stream. Without it the first packet has to be CONNECT. */
  readonly level?: ProtocolLevel;
  /** A cursor shared with other streams of the thread. */
  readonly cursor?: PacketCursor;
}

// As much as most packets need, so that their buffer is made once.
const CARRY_BYTES_MIN = 256;

/**
 * Finds the packets in the chunks of one connection. A packet that lies whole in a chunk is not copied; one that does
 * not is gathered in a buffer of at most twice the bytes received, and judged by its announced length before that.
 *
 * `push(chunk)`, then `next()` until it says false, each time reading `cursor`, and `packet()` for what the cursor does
 * not cover. After a fault the connection has to be closed: the stream is of no use any more.
 */
export class PacketStream {
  /** The packet found last. */
  readonly cursor: PacketCursor;
  readonly #packetBytesMax: number;
  readonly #connectBytesMax: number;
  /** 0 until CONNECT was decoded. */
  #level: ProtocolLevel | 0;
  #chunk: Uint8Array = NO_BYTES;
  #at = 0;
  /** The beginning of a packet that the chunks before did not finish. */
  #carry: Uint8Array = NO_BYTES;
  #carried = 0;
  /** Of the header read last. */
  #headerBytes = 0;
  #totalBytes = 0;

  constructor(options: PacketStreamOptions = {}) {
    this.#packetBytesMax = options.packetBytesMax ?? LIMITS.packetBytesMax.value;
    this.#connectBytesMax = options.connectBytesMax ?? LIMITS.connectBytesMax.value;
    this.#level = options.level ?? 0;
    this.cursor = options.cursor ?? new PacketCursor();
  }

  /** Level of the connection; undefined before CONNECT was decoded. */
  get level(): ProtocolLevel | undefined {
    return this.#level === 0 ? undefined : this.#level;
  }

  /** Bytes that were pushed and are in no packet yet that `next` gave. */
  get waitingBytes(): number {
    return this.#carried + this.#chunk.byteLength - this.#at;
  }

  /** A copy of those bytes: what a stream that met a packet over its bound leaves to whoever reads on by other means. */
  waiting(): Uint8Array {
    const bytes = new Uint8Array(this.waitingBytes);
    bytes.set(this.#carry.subarray(0, this.#carried));
    bytes.set(this.#chunk.subarray(this.#at), this.#carried);
    return bytes;
  }

  /** Takes a chunk, which stays the caller's: `next` until false, or `hold`, before it is given back. */
  push(chunk: Uint8Array): void {
    const left = this.#chunk.byteLength - this.#at;
    if (left === 0) {
      this.#chunk = chunk;
    } else {
      const joined = new Uint8Array(left + chunk.byteLength);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(chunk, left);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  /** Copies what is left of the chunk, so that the caller may stop in its middle and go on with `next` later. */
  hold(): void {
    this.#chunk = this.#chunk.slice(this.#at);
    this.#at = 0;
  }

  /**
   * Goes to the next whole packet; false when there is none, and the chunk is given back. PUBLISH is checked whole, an
   * acknowledgement too; other packets are by `packet`. Throws every `MqttError` that the two can have, and
   * `packet-too-large` as soon as the length is announced.
   */
  next(): boolean {
    if (this.#carried > 0) return this.#finishCarried();
    const start = this.#at;
    const chunk = this.#chunk;
    if (this.#readHeader(chunk, start, chunk.byteLength)) {
      const end = start + this.#totalBytes;
      if (end <= chunk.byteLength) {
        this.#at = end;
        this.#open(chunk, start, end);
        return true;
      }
    }
    if (start < chunk.byteLength) this.#take(chunk.byteLength - start);
    this.#release();
    return false;
  }

  /** Decodes the packet found last into an object, and learns the level from CONNECT. Binary values are views. */
  packet(): Packet {
    const { bytes, type, flags, bodyStart, end } = this.cursor;
    const reader = new ByteReader(bytes, bodyStart, end);
    // CONNECT alone comes before the level is known, and says its own.
    const packet = decodePacket((type << 4) | flags, reader, this.#level === 0 ? 4 : this.#level);
    if (packet.type === 'connect') this.#level = packet.level;
    return packet;
  }

  /** Reads type and length of the packet at `at`; false when they are not there yet. */
  #readHeader(bytes: Uint8Array, at: number, end: number): boolean {
    if (at + 2 > end) {
      if (at < end) this.#checkType(Number(bytes[at]));
      return false;
    }
    this.#checkType(Number(bytes[at]));
    let length = Number(bytes[at + 1]);
    let headerBytes = 2;
    if (length > 127) {
      length &= 127;
      for (let byte = 128; byte > 127; headerBytes++) {
        if (headerBytes === 5) throw malformed('A Remaining Length has more than four bytes.');
        if (at + headerBytes >= end) return false;
        byte = Number(bytes[at + headerBytes]);
        if (byte === 0 && this.#level === 5) throw malformed('A Remaining Length is longer than it need be.');
        length |= (byte & 127) << (7 * (headerBytes - 1));
      }
    }
    this.#headerBytes = headerBytes;
    this.#totalBytes = headerBytes + length;
    const bytesMax = this.#level === 0 ? this.#connectBytesMax : this.#packetBytesMax;
    if (this.#totalBytes > bytesMax) throw tooLarge(this.#totalBytes, bytesMax);
    return true;
  }

  #checkType(first: number): void {
    const type = first >> 4;
    if (type === 0) throw malformed('A packet is of type 0; 1 to 15 is wanted.');
    if (this.#level === 0 && type !== PACKET_TYPE.connect)
      throw protocolError(
        `The first packet is ${packetNameOf(type)}${isOfHttp(first) ? ': it looks like HTTP, which has a port of its own' : ''}; CONNECT is wanted.`,
      ); // [MQTT-3.1.0-1]
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    const { cursor } = this;
    const first = Number(bytes[start]);
    cursor.bytes = bytes;
    cursor.type = first >> 4;
    cursor.flags = first & 15;
    cursor.bodyStart = start + this.#headerBytes;
    cursor.end = end;
    if (this.#level === 0) return;
    if (cursor.type === PACKET_TYPE.publish) scanPublish(cursor, this.#level);
    else if (cursor.type >= PACKET_TYPE.puback && cursor.type <= PACKET_TYPE.pubcomp)
      this.#scanAcknowledgement(first, cursor.bodyStart, end);
  }

  #scanAcknowledgement(first: number, at: number, end: number): void {
    const { cursor } = this;
    const { bytes } = cursor;
    const isCommon = end - at === 2 && (first & 15) === (cursor.type === PACKET_TYPE.pubrel ? 2 : 0);
    const packetId = (Number(bytes[at]) << 8) | Number(bytes[at + 1]);
    if (isCommon && packetId !== 0) {
      cursor.packetId = packetId;
      cursor.reason = 0;
      return;
    }
    const packet = this.packet();
    if (!('reason' in packet) || !('packetId' in packet)) throw new TypeError('An acknowledgement is none.');
    cursor.packetId = packet.packetId;
    cursor.reason = packet.reason;
  }

  /** Adds the chunk to the packet that is carried until that one is whole. */
  #finishCarried(): boolean {
    while (!this.#readHeader(this.#carry, 0, this.#carried)) {
      if (this.#at === this.#chunk.byteLength) return this.#release();
      this.#take(1);
    }
    const missing = this.#totalBytes - this.#carried;
    this.#take(Math.min(missing, this.#chunk.byteLength - this.#at));
    if (this.#carried < this.#totalBytes) return this.#release();
    const whole = this.#carry;
    const end = this.#carried;
    this.#carry = NO_BYTES;
    this.#carried = 0;
    this.#open(whole, 0, end);
    return true;
  }

  /** Moves the next bytes of the chunk into the buffer of its own. */
  #take(count: number): void {
    const needed = this.#carried + count;
    if (needed > this.#carry.byteLength) {
      const wider = new Uint8Array(Math.max(CARRY_BYTES_MIN, needed, this.#carry.byteLength * 2));
      wider.set(this.#carry.subarray(0, this.#carried));
      this.#carry = wider;
    }
    this.#carry.set(this.#chunk.subarray(this.#at, this.#at + count), this.#carried);
    this.#carried = needed;
    this.#at += count;
  }

  #release(): false {
    this.#chunk = NO_BYTES;
    this.#at = 0;
    this.cursor.bytes = NO_BYTES;
    return false;
  }
}

/** Whether a byte begins DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT. */
function isOfHttp(first: number): boolean {
  return 'DGHOP'.includes(String.fromCharCode(first));
}

function tooLarge(bytes: number, bytesMax: number): MqttError {
  return new MqttError(
    'packet-too-large',
    `A packet announces ${bytes} bytes; at most ${bytesMax} are taken.`,
    {
      bytes,
      bytesMax,
    },
  );
}
