/** What is not as the format says. Thrown while decoding, caught where it becomes a finding of the report. */
export class Damage extends Error {}

/** A reader of one piece of bytes that never reads behind its end: what is missing is `Damage`. */
export class ByteCursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  /** Moves over `count` bytes and returns where they begin. */
  skip(count: number): number {
    const start = this.at;
    if (count > this.bytes.byteLength - start)
      throw new Damage(`${count} bytes were expected at byte ${start} of ${this.bytes.byteLength}`);
    this.at = start + count;
    return start;
  }

  /** One byte. */
  byte(): number {
    return Number(this.bytes[this.skip(1)]);
  }

  /** LEB128 of an unsigned integer below 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new Damage(`a number before byte ${this.at} is not below 2^53`);
  }

  /** The signed counterpart of `varint`. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Bytes `skip`ped, as a view. */
  view(count: number): Buffer {
    const start = this.skip(count);
    return this.bytes.subarray(start, start + count);
  }
}
