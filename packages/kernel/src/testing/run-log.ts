import { crc32 } from 'node:zlib';

/**
 * A running checksum over everything a simulated port did, in order. Two runs of one seed are equal exactly when their
 * digests are (but for one chance in 2^32).
 */
export class RunLog {
  readonly #kept: string[] | undefined;
  #sum = 0;
  #lines = 0;

  /** `keepLines` also keeps the text of every line, for looking into one run. */
  constructor(options: { readonly keepLines?: boolean } = {}) {
    this.#kept = options.keepLines ? [] : undefined;
  }

  /** Adds one line, and the checksum of `bytes` where they belong to it. */
  add(line: string, bytes?: Uint8Array): void {
    const text = bytes ? `${line} ${crc32(bytes).toString(16)}` : line;
    this.#sum = crc32(`${text}\n`, this.#sum);
    this.#lines++;
    this.#kept?.push(text);
  }

  /** Lines so far and their checksum. */
  get digest(): string {
    return `${this.#lines}-${this.#sum.toString(16).padStart(8, '0')}`;
  }

  /** The kept lines, empty unless asked for at construction. */
  get lines(): readonly string[] {
    return this.#kept ?? [];
  }
}
