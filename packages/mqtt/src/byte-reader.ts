import { malformed } from './errors.ts';
import { decodeUtf8 } from './utf8.ts';

/** Reads the fields of one packet; every read past its end throws `malformed-packet`. Views it gives out are not copied. */
export class ByteReader {
  #bytes: Uint8Array;
  #at: number;
  #end: number;

  /** Reads `bytes` from `at` up to, without, `end`. */
  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** A Byte. */
  byte(): number {
    this.#need(1);
    return Number(this.#bytes[this.#at++]);
  }

  /** A Two Byte Integer. */
  word(): number {
    this.#need(2);
    const at = this.#at;
    this.#at += 2;
    return (Number(this.#bytes[at]) << 8) | Number(this.#bytes[at + 1]);
  }

  /** A Four Byte Integer. */
  long(): number {
    return this.word() * 65_536 + this.word();
  }

  /** A Variable Byte Integer in its shortest form [MQTT-1.5.5-1]. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) {
        if (byte === 0 && shift > 0) throw malformed('A variable byte integer is longer than it need be.');
        return value;
      }
    }
    throw malformed('A variable byte integer has more than four bytes.');
  }

  /** A UTF-8 Encoded String. */
  text(): string {
    return decodeUtf8(this.binary());
  }

  /** Binary Data: a view. */
  binary(): Uint8Array {
    return this.take(this.word());
  }

  /** A packet identifier, never 0 [MQTT-2.2.1-3]. */
  packetId(): number {
    const id = this.word();
    if (id === 0) throw malformed('A packet identifier is 0.');
    return id;
  }

  /** The next `count` bytes: a view. */
  take(count: number): Uint8Array {
    this.#need(count);
    const from = this.#at;
    this.#at += count;
    return this.#bytes.subarray(from, this.#at);
  }

  /** A reader of the next `count` bytes, which this one passes over. */
  part(count: number): ByteReader {
    this.#need(count);
    const from = this.#at;
    this.#at += count;
    return new ByteReader(this.#bytes, from, this.#at);
  }

  /** Throws `malformed-packet` when bytes are left. */
  finish(): void {
    if (this.left > 0) throw malformed(`A packet has ${this.left} bytes too many.`);
  }

  #need(count: number): void {
    if (this.#end - this.#at < count) throw malformed('A packet ends in the middle of a field.');
  }
}
