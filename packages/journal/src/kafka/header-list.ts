/** Headers of one record on their way to Kafka: names, and places in byte arrays, without a copy. Used again for every record. */
export class HeaderList {
  readonly names: Uint8Array[] = [];
  readonly values: Uint8Array[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  count = 0;

  /** Forgets all headers. */
  clear(): void {
    this.count = 0;
  }

  /** Adds the bytes of `value` from `start` to `end`; they must stay as they are until the record is written. */
  add(name: Uint8Array, value: Uint8Array, start = 0, end = value.length): void {
    const at = this.count++;
    this.names[at] = name;
    this.values[at] = value;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  /** Copies, in order, for those who keep them. */
  list(): { readonly name: string; readonly value: Uint8Array }[] {
    return Array.from({ length: this.count }, (_, at) => ({
      name: Buffer.from(this.names[at] ?? []).toString('utf8'),
      value: Uint8Array.from((this.values[at] ?? new Uint8Array(0)).subarray(this.starts[at], this.ends[at])),
    }));
  }
}
