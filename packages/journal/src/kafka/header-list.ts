/** Header names of up to so many bytes have a length of one byte. */
const SHORT_NAME_BYTES = 63;
/** In the place of a name: the value is whole headers. */
const ENCODED = new Uint8Array(0);
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
  /** Entries; one that `addEncoded` made may be several headers. */
  count = 0;
  #more = 0;

  /** Headers of the record. */
  get headers(): number {
    return this.count + this.#more;
  }

  /** Forgets all headers. */
  clear(): void {
    this.count = 0;
    this.#more = 0;
  }

  /** Adds the bytes of `value` from `start` to `end`; they must stay as they are until the record is written. */
  add(name: Uint8Array, value: Uint8Array, start = 0, end = value.length): void {
    const at = this.count++;
    this.names[at] = name;
    this.values[at] = value;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  /** Adds `headers` whole headers as a record has them, names and values with their lengths, in one entry without a name. */
  addEncoded(bytes: Uint8Array, end: number, headers: number): void {
    this.add(ENCODED, bytes, 0, end);
    this.#more += headers - 1;
  }

  /** Copies, in order, for those who keep them. */
  list(): { readonly name: string; readonly value: Uint8Array }[] {
    return Array.from({ length: this.count }, (_, at) => {
      const name = this.names[at] ?? ENCODED;
      const value = (this.values[at] ?? ENCODED).subarray(this.starts[at], this.ends[at]);
      return name === ENCODED ? decoded(value) : { name: nameText(name), value: Uint8Array.from(value) };
    }).flat();
  }
}

function nameText(bytes: Uint8Array): string {
  const start = bytes.length <= SHORT_NAME_BYTES + 1 ? 1 : bytes.findIndex((byte) => byte < 0x80) + 1;
  return Buffer.from(bytes.subarray(start)).toString('utf8');
}

function decoded(bytes: Uint8Array): { readonly name: string; readonly value: Uint8Array }[] {
  const found: { readonly name: string; readonly value: Uint8Array }[] = [];
  let at = 0;
  const next = (): Uint8Array => {
    let length = 0;
    let shift = 0;
    for (let byte = 128; byte >= 128; shift += 7) {
      byte = Number(bytes[at++]);
      length |= (byte & 127) << shift;
    }
    at += length >>> 1; // zigzag, not negative
    return bytes.subarray(at - (length >>> 1), at);
  };
  while (at < bytes.length)
    found.push({ name: Buffer.from(next()).toString('utf8'), value: Uint8Array.from(next()) });
  return found;
}
