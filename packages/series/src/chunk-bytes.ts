import { SeriesError } from './errors.ts';

// fixed by numbers: an integer below 2^53 in groups of seven bits, and the largest of 32 bits
const VARINT_BYTES = 8;
const INT_MAX = 2 ** 31 - 1;

/** Bytes that grow; one writer is used for many chunks by `reset`. */
export class ByteWriter {
  bytes = new Uint8Array(4096);
  length = 0;

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes and returns where they begin; the caller fills them in. */
  take(count: number): number {
    const start = this.length;
    const end = start + count;
    if (end > this.bytes.byteLength) {
      const grown = new Uint8Array(Math.max(end, this.bytes.byteLength * 2));
      grown.set(this.bytes.subarray(0, start));
      this.bytes = grown;
    }
    this.length = end;
    return start;
  }

  /** Writes one byte. */
  byte(value: number): void {
    // taken first: it may exchange `bytes`
    const at = this.take(1);
    this.bytes[at] = value;
  }

  /** Writes an integer from 0 to 2^53-1 in 7-bit groups, lowest first. */
  varint(value: number): void {
    let at = this.take(VARINT_BYTES);
    const { bytes } = this;
    let rest = value;
    for (; rest > INT_MAX; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    // the rest as an integer of 32 bits, which is several times as quick
    let low = rest | 0;
    for (; low >= 0x80; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
    bytes[at++] = low;
    this.length = at;
  }

  /** Writes an integer from -2^52 to 2^52-1. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    const start = this.take(bytes.byteLength);
    this.bytes.set(bytes, start);
  }

  /** A copy of what was written. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}

/** Reads what `ByteWriter` wrote; every step is checked, and fails with `chunk-damaged`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Skips `count` bytes and returns where they begin. */
  take(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.byteLength) throw chunkDamaged('it ends early');
    this.at = start + count;
    return start;
  }

  /** One byte. */
  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw chunkDamaged('it ends early');
    return value;
  }

  /** What `ByteWriter.varint` wrote. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 0x80;
      if (factor > 2 ** 49) throw chunkDamaged('a number is too long');
    }
    if (value > Number.MAX_SAFE_INTEGER) throw chunkDamaged('a number is too large');
    return value;
  }

  /** What `ByteWriter.zigzag` wrote. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** The fault of a chunk that cannot be read; `reason` completes "it …". */
export function chunkDamaged(reason: string, cause?: unknown): SeriesError {
  return new SeriesError('chunk-damaged', `Cannot read a chunk of points: ${reason}.`, { reason }, cause);
}
