import { checksum } from './checksum.ts';
import type { HeaderList } from './header-list.ts';

/** Bytes before the records of a batch, in Kafka's format 2. */
export const RECORD_SET_HEAD_BYTES = 61;
const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const BASE_TIME_AT = 27;
const MAX_TIME_AT = 35;
const PRODUCER_AT = 43;
const EPOCH_AT = 51;
const SEQUENCE_AT = 53;
const COUNT_AT = 57;
const MAGIC = 2;
const FIRST_BYTES = 16 * 1024;
const SPARES = 2;
/** Up to here a loop over bytes is quicker than a call. */
const LOOP_BYTES = 40;
/** Copies without a view of the part. */
const { copy } = Buffer.prototype;

/** A closed batch of records in Kafka's format 2, without producer and checksum: `stampRecordSet` writes them. */
export interface RecordSet {
  readonly bytes: Buffer;
  readonly count: number;
}

/** Who produces a batch, as `InitProducerId` said, and the number of its first record for this producer in this partition. */
export interface ProducerStamp {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequence: number;
}

/** Part of a byte array. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes records into one batch of Kafka's format 2 (magic 2, without compression), straight from the places where
 * their bytes lie. Grammar: Kafka's "Record Batch" and "Record" message formats.
 */
export class RecordSetWriter {
  /** A whole buffer of its own, so that it can be given back by any view of it. */
  #bytes: Buffer<ArrayBufferLike> = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Given back: while one batch is sent the next is written, and a pause leaves both. */
  readonly #spares: Buffer<ArrayBufferLike>[] = [];
  #length = RECORD_SET_HEAD_BYTES;
  #count = 0;
  #baseMs = 0;
  #maxMs = 0;

  /** Records in the open batch. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the open batch, its head included. */
  get byteLength(): number {
    return this.#length;
  }

  /** Copies a record into the open batch. `timestampMs` is an integer. */
  add(timestampMs: number, key: ByteRange | undefined, value: ByteRange, headers: HeaderList): void {
    if (this.#count === 0) this.#baseMs = this.#maxMs = timestampMs;
    else if (timestampMs > this.#maxMs) this.#maxMs = timestampMs;
    const delta = timestampMs - this.#baseMs;
    const keyBytes = key ? key.end - key.start : -1;
    const body = bodySize(delta, this.#count, keyBytes, value.end - value.start, headers);
    const at = this.#length;
    const needed = at + body + 5;
    if (needed > this.#bytes.length) this.#grow(needed);
    const bytes = this.#bytes;
    let to = putVar(bytes, at, body);
    bytes[to++] = 0;
    to = putVar(bytes, to, delta);
    to = putVar(bytes, to, this.#count);
    to = putVar(bytes, to, keyBytes);
    if (key) to = put(bytes, to, key.bytes, key.start, key.end);
    to = putVar(bytes, to, value.end - value.start);
    to = put(bytes, to, value.bytes, value.start, value.end);
    this.#length = putHeaders(bytes, to, headers);
    this.#count++;
  }

  /** The batch, owned by the caller, or undefined without records. The writer goes on with an empty one. */
  close(): RecordSet | undefined {
    if (this.#count === 0) return undefined;
    const bytes = this.#bytes;
    bytes.fill(0, 0, RECORD_SET_HEAD_BYTES);
    bytes.writeInt32BE(this.#length - LEADER_EPOCH_AT, LENGTH_AT);
    bytes.writeInt32BE(-1, LEADER_EPOCH_AT);
    bytes[MAGIC_AT] = MAGIC;
    bytes.writeInt32BE(this.#count - 1, LAST_DELTA_AT);
    bytes.writeBigInt64BE(BigInt(this.#baseMs), BASE_TIME_AT);
    bytes.writeBigInt64BE(BigInt(this.#maxMs), MAX_TIME_AT);
    bytes.writeInt32BE(this.#count, COUNT_AT);
    const set = { bytes: bytes.subarray(0, this.#length), count: this.#count };
    this.#bytes =
      this.#spares.pop() ?? Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.#length + (this.#length >> 3)));
    this.#length = RECORD_SET_HEAD_BYTES;
    this.#count = 0;
    return set;
  }

  /** Takes back the bytes of a batch that it made and that nobody looks at any more. */
  giveBack({ bytes }: RecordSet): void {
    if (this.#spares.length < SPARES)
      this.#spares.push(Buffer.from(bytes.buffer, 0, bytes.buffer.byteLength));
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Bytes of a batch that holds this one record. */
export function soleRecordSetBytes(
  key: ByteRange | undefined,
  value: ByteRange,
  headers: HeaderList,
): number {
  const body = bodySize(0, 0, key ? key.end - key.start : -1, value.end - value.start, headers);
  return RECORD_SET_HEAD_BYTES + varSize(body) + body;
}

/** Writes producer, sequence and checksum into a batch, in place. */
export function stampRecordSet({ bytes }: RecordSet, stamp: ProducerStamp): void {
  bytes.writeBigInt64BE(stamp.producerId, PRODUCER_AT);
  bytes.writeInt16BE(stamp.producerEpoch, EPOCH_AT);
  bytes.writeInt32BE(stamp.sequence, SEQUENCE_AT);
  bytes.writeUInt32BE(checksum(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
}

function bodySize(
  delta: number,
  index: number,
  keyBytes: number,
  valueBytes: number,
  headers: HeaderList,
): number {
  const key = varSize(keyBytes) + Math.max(0, keyBytes);
  return 1 + varSize(delta) + varSize(index) + key + varSize(valueBytes) + valueBytes + headersSize(headers);
}

function headersSize(headers: HeaderList): number {
  let size = varSize(headers.headers);
  for (let i = 0; i < headers.count; i++) {
    const value = Number(headers.ends[i]) - Number(headers.starts[i]);
    const name = Number(headers.names[i]?.length);
    size += name === 0 ? value : name + varSize(value) + value;
  }
  return size;
}

function putHeaders(bytes: Buffer, start: number, headers: HeaderList): number {
  let at = putVar(bytes, start, headers.headers);
  for (let i = 0; i < headers.count; i++) {
    const name = headers.names[i] ?? bytes;
    const from = Number(headers.starts[i]);
    const to = Number(headers.ends[i]);
    if (name.length > 0) {
      at = put(bytes, at, name, 0, name.length);
      at = putVar(bytes, at, to - from);
    }
    at = put(bytes, at, headers.values[i] ?? bytes, from, to);
  }
  return at;
}

function put(to: Buffer, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= LOOP_BYTES)
    for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number; // inside
  else copy.call(from, to, at, start, end);
  return at + length;
}

/** Bytes of an integer as a zigzag varint. */
function varSize(value: number): number {
  if (value < -0x40000000 || value >= 0x40000000) return wideSize(value);
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

function putVar(bytes: Buffer, start: number, value: number): number {
  if (value < -0x40000000 || value >= 0x40000000) return putWide(bytes, start, value);
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = start;
  while (zigzag >= 0x80) {
    bytes[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  bytes[at++] = zigzag;
  return at;
}

function wideSize(value: number): number {
  let size = 1;
  for (let rest = zigzagOf(value); rest >= 0x80n; rest >>= 7n) size++;
  return size;
}

function putWide(bytes: Buffer, start: number, value: number): number {
  let rest = zigzagOf(value);
  let at = start;
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80;
  bytes[at++] = Number(rest);
  return at;
}

function zigzagOf(value: number): bigint {
  const wide = BigInt(value);
  return wide < 0n ? -wide * 2n - 1n : wide * 2n;
}
