import { ByteReader } from './byte-reader.ts';
import { LIMITS } from './limits.ts';
import { PacketCursor } from './packet-cursor.ts';
import type { ProtocolLevel } from './packets/packet-type.ts';
import { scanPublish } from './publish-scan.ts';

/**
 * A PUBLISH that is larger than is taken, on its way past: its beginning is kept (`LIMITS.oversizeHeadBytes`), the rest is
 * only counted, so that it costs no memory and the connection can go on behind it.
 */
export class OversizePacket {
  /** Bytes of the whole packet, fixed header included. */
  readonly bytes: number;
  readonly #level: ProtocolLevel;
  readonly #head: Uint8Array;
  #headUsed = 0;
  #missing: number;

  constructor(bytes: number, level: ProtocolLevel) {
    this.bytes = bytes;
    this.#level = level;
    this.#head = new Uint8Array(Math.min(bytes, LIMITS.oversizeHeadBytes.value));
    this.#missing = bytes;
  }

  /** It has gone by. */
  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** Takes what of these bytes belongs to it, which is not kept; gives the rest as a view. */
  take(bytes: Uint8Array): Uint8Array {
    const own = Math.min(this.#missing, bytes.byteLength);
    const kept = Math.min(own, this.#head.byteLength - this.#headUsed);
    this.#head.set(bytes.subarray(0, kept), this.#headUsed);
    this.#headUsed += kept;
    this.#missing -= own;
    return bytes.subarray(own);
  }

  /**
   * Topic, identifier and the beginning of the payload, as of a PUBLISH that ends with what was kept; without properties
   * where those alone are larger. Throws the faults of PUBLISH.
   */
  cursor(): PacketCursor {
    const cursor = new PacketCursor();
    const head = this.#head;
    const first = Number(head[0]);
    cursor.type = first >> 4;
    cursor.flags = first & 15;
    const reader = new ByteReader(head, 1, head.byteLength);
    reader.varint();
    cursor.bytes = head;
    cursor.bodyStart = head.byteLength - reader.left;
    cursor.end = head.byteLength;
    if (this.#level === 5) this.#cutProperties(cursor);
    scanPublish(cursor, this.#level);
    return cursor;
  }

  /** Properties that reach beyond what was kept are left out. */
  #cutProperties(cursor: PacketCursor): void {
    const { bytes, bodyStart, end } = cursor;
    const reader = new ByteReader(bytes, bodyStart, end);
    reader.take(reader.word());
    if ((cursor.flags & 6) !== 0) reader.word();
    const at = end - reader.left;
    if (reader.varint() <= reader.left) return;
    cursor.bytes = bytes.slice(0, at + 1);
    cursor.bytes[at] = 0;
    cursor.end = at + 1;
  }
}
