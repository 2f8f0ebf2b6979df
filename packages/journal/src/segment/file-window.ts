import { crc32 } from 'node:zlib';
import type { DiskFile } from '@skerry/kernel';

/** Reads a file through one buffer. What it has read it takes for the file's contents until `forget`. */
export class FileWindow {
  readonly #file: DiskFile;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #length = 0;

  constructor(file: DiskFile, buffer: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    this.#buffer = buffer;
  }

  /** `length` bytes at `at`, which must fit the buffer; good until the next call. Undefined when the file ends before. */
  view(at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    if (at < this.#start || at + length > this.#start + this.#length) this.#load(at);
    const from = at - this.#start;
    return from + length <= this.#length ? this.#buffer.subarray(from, from + length) : undefined;
  }

  /** At least `least` bytes at `at`, fewer at the end of the file, and as many more as there are at hand; good until the next call. */
  chunk(at: number, least = this.#buffer.byteLength): Uint8Array<ArrayBuffer> {
    if (at < this.#start || at + least > this.#start + this.#length) this.#load(at);
    return this.#buffer.subarray(at - this.#start, this.#length);
  }

  /** Copies bytes into `into`; false when the file ends before. */
  copy(at: number, into: Uint8Array<ArrayBuffer>): boolean {
    if (into.byteLength > this.#buffer.byteLength / 4) return this.#file.read(into, at) === into.byteLength;
    const bytes = this.view(at, into.byteLength);
    if (bytes) into.set(bytes);
    return bytes !== undefined;
  }

  /** Checksum of `length` bytes at `at`; undefined when the file ends before. */
  checksum(at: number, length: number): number | undefined {
    let sum = 0;
    for (let done = 0; done < length; ) {
      const piece = Math.min(length - done, this.#buffer.byteLength);
      const bytes = this.view(at + done, piece);
      if (!bytes) return undefined;
      sum = crc32(bytes, sum);
      done += piece;
    }
    return sum;
  }

  /** Forgets what was read, since the file may have changed. */
  forget(): void {
    this.#length = 0;
  }

  #load(at: number): void {
    this.#start = at;
    this.#length = this.#file.read(this.#buffer, at);
  }
}
