import { MqttError } from './errors.ts';
import { encodeUtf8 } from './utf8.ts';

const HEADER_BYTES = 5;
/** The greatest Remaining Length that can be written. */
export const REMAINING_LENGTH_MAX = 268_435_455; // four bytes of seven bits (section 2.2.3)

/** Writes the fields of one packet after room for its fixed header. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #at = HEADER_BYTES;

  /** A Byte. */
  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  /** A Two Byte Integer; a RangeError tells of a value that does not fit. */
  word(value: number): this {
    if (!(value >= 0 && value <= 65_535)) throw new RangeError(`Cannot write ${value} in two bytes.`);
    return this.byte(value >>> 8).byte(value & 255);
  }

  /** A Four Byte Integer. */
  long(value: number): this {
    return this.word(Math.floor(value / 65_536)).word(value % 65_536);
  }

  /** A packet identifier, 1 to 65,535; a RangeError tells of any other. */
  packetId(value: number): this {
    if (value === 0) throw new RangeError('Cannot write the packet identifier 0.');
    return this.word(value);
  }

  /** A Variable Byte Integer. */
  varint(value: number): this {
    let rest = value;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** A UTF-8 Encoded String; throws `mqtt-string-invalid`. */
  text(value: string): this {
    return this.binary(encodeUtf8(value));
  }

  /** Binary Data; throws `mqtt-string-invalid` above 65,535 bytes. */
  binary(value: Uint8Array): this {
    if (value.byteLength > 65_535)
      throw new MqttError('mqtt-string-invalid', `${value.byteLength} bytes; at most 65,535 fit.`);
    return this.word(value.byteLength).raw(value);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): this {
    this.#room(value.byteLength);
    this.#bytes.set(value, this.#at);
    this.#at += value.byteLength;
    return this;
  }

  /** Bytes written, the room for the header apart. */
  get length(): number {
    return this.#at - HEADER_BYTES;
  }

  /** What was written, without a header: a view. */
  body(): Uint8Array {
    return this.#bytes.subarray(HEADER_BYTES, this.#at);
  }

  /** The packet: fixed header with the first byte given, then what was written. */
  packet(first: number): Uint8Array {
    const sizeBytes = lengthBytes(this.length);
    const from = HEADER_BYTES - 1 - sizeBytes;
    this.#bytes[from] = first;
    writeLength(this.#bytes, from + 1, this.length);
    return this.#bytes.subarray(from, this.#at);
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.byteLength) return;
    const wider = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
    wider.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = wider;
  }
}

/** Bytes that a Variable Byte Integer takes; throws `packet-too-large` above 268,435,455. */
export function lengthBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  if (value < 2_097_152) return 3;
  if (value <= REMAINING_LENGTH_MAX) return 4;
  throw new MqttError('packet-too-large', `A packet of ${value} bytes; at most ${REMAINING_LENGTH_MAX} fit.`);
}

/** Writes a Variable Byte Integer; gives the place behind it. */
export function writeLength(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest > 127) {
    bytes[to++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}
