/** Header names of up to so many bytes have a length of one byte. */
const SHORT_NAME_BYTES = 63;
const text = new TextEncoder();

/** The bytes of a header's name as a record has them: its length as a zigzag varint, then the name. */
export function headerName(name: string | Uint8Array): Uint8Array {
  const bytes = typeof name === 'string' ? text.encode(name) : name;
  const prefix: number[] = [];
  let rest = bytes.length * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) prefix.push((rest & 0x7f) | 0x80);
  prefix.push(rest);
  return Uint8Array.from([...prefix, ...bytes]);
}

/**
 * Headers of one record on their way to Kafka: names as `headerName` makes them, and places of values in byte arrays,
 * without a copy. Used again for every record.
 */
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
      name: nameText(this.names[at] ?? new Uint8Array(1)),
      value: Uint8Array.from((this.values[at] ?? new Uint8Array(0)).subarray(this.starts[at], this.ends[at])),
    }));
  }
}

function nameText(bytes: Uint8Array): string {
  const start = bytes.length <= SHORT_NAME_BYTES + 1 ? 1 : bytes.findIndex((byte) => byte < 0x80) + 1;
  return Buffer.from(bytes.subarray(start)).toString('utf8');
}
