import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka';
import { JournalError } from '../errors.ts';
import { checksum } from './checksum.ts';
import { RECORD_SET_HEAD_BYTES } from './record-set-writer.ts';

const COMPRESSION = 7;
const LOG_APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;
const BEFORE_LENGTH = 12;

/** A batch as a broker hands it over, its records not compressed any more. */
export interface FetchedSet {
  readonly baseOffset: number;
  /** Of the leader that took it. */
  readonly leaderEpoch: number;
  /** Offset of its last record, which may have been removed since. */
  readonly lastOffset: number;
  /** Records that are there. */
  readonly count: number;
  /** Time of the first record, or of the append where the topic says so; milliseconds since 1970. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** The broker's own time stands for that of every record. */
  readonly isAppendTime: boolean;
  readonly isTransactional: boolean;
  /** Holds a marker of a transaction and no record. */
  readonly isControl: boolean;
  readonly producerId: bigint;
  readonly records: Buffer;
}

/**
 * The whole batches in the bytes of a fetch, in order; a last one that is cut is left out, as brokers do when it does
 * not fit. Fails with `journal-damaged` on a checksum that does not fit and on formats before Kafka 0.11.
 */
export function readRecordSets(bytes: Buffer): FetchedSet[] {
  const sets: FetchedSet[] = [];
  let at = 0;
  while (at + RECORD_SET_HEAD_BYTES <= bytes.length) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    sets.push(readSet(bytes.subarray(at, end)));
    at = end;
  }
  return sets;
}

function readSet(bytes: Buffer): FetchedSet {
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const magic = bytes[16];
  if (magic !== 2) throw damaged(baseOffset, `is of format ${magic}, and 2 is wanted`);
  if (checksum(bytes.subarray(21)) !== bytes.readUInt32BE(17))
    throw damaged(baseOffset, 'has a checksum that does not fit');
  const attributes = bytes.readInt16BE(21);
  const packed = bytes.subarray(RECORD_SET_HEAD_BYTES);
  return {
    baseOffset,
    leaderEpoch: bytes.readInt32BE(BEFORE_LENGTH),
    lastOffset: baseOffset + bytes.readInt32BE(23),
    count: bytes.readInt32BE(57),
    baseMs: Number(bytes.readBigInt64BE(27)),
    maxMs: Number(bytes.readBigInt64BE(35)),
    isAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    producerId: bytes.readBigInt64BE(43),
    records: unpacked(packed, attributes & COMPRESSION, baseOffset),
  };
}

function unpacked(bytes: Buffer, compression: number, baseOffset: number): Buffer {
  if (compression === 0) return bytes;
  const algorithm = compressionsAlgorithmsByBitmask[String(compression)];
  if (!algorithm) throw damaged(baseOffset, `is compressed by the unknown method ${compression}`);
  try {
    return algorithm.decompressSync(bytes);
  } catch (cause) {
    throw damaged(baseOffset, 'cannot be decompressed', cause);
  }
}

/** A cursor over the records of a batch. The places are indexes into `bytes` and are those of the record that `next` moved to. */
export class FetchedRecords {
  bytes: Buffer = Buffer.alloc(0);
  offset = -1;
  timestampMs = 0;
  /** Where the key lies; both -1 without one. */
  keyStart = -1;
  keyEnd = -1;
  /** Where the value lies; both -1 without one. */
  valueStart = -1;
  valueEnd = -1;
  headerCount = 0;
  /** Where the first header lies, for `eachHeader`. */
  headersStart = 0;
  #set: FetchedSet | undefined;
  #left = 0;
  #at = 0;

  /** Begins a batch; `next` moves to its first record. Keeps views of it. */
  begin(set: FetchedSet): void {
    this.#set = set;
    this.bytes = set.records;
    this.#left = set.count;
    this.#at = 0;
  }

  /** Moves to the next record; false behind the last. Fails with `journal-damaged`. */
  next(): boolean {
    const set = this.#set;
    if (!set || this.#left === 0) return false;
    this.#left--;
    const length = this.#varint();
    const end = this.#at + length;
    if (!(length >= 0 && end <= this.bytes.length))
      throw damaged(set.baseOffset, 'holds a record that ends outside it');
    this.#at++;
    const delta = this.#varint();
    this.timestampMs = set.isAppendTime ? set.maxMs : set.baseMs + delta;
    this.offset = set.baseOffset + this.#varint();
    const keyBytes = this.#varint();
    this.keyStart = keyBytes < 0 ? -1 : this.#at;
    this.keyEnd = keyBytes < 0 ? -1 : this.#skip(keyBytes);
    const valueBytes = this.#varint();
    this.valueStart = valueBytes < 0 ? -1 : this.#at;
    this.valueEnd = valueBytes < 0 ? -1 : this.#skip(valueBytes);
    this.headerCount = this.#varint();
    this.headersStart = this.#at;
    if (!(this.#at <= end && this.headerCount >= 0 && this.headerCount <= length))
      throw damaged(set.baseOffset, 'holds a record whose fields do not fit it');
    this.#at = end;
    return true;
  }

  /** Calls back with the places of each header's name and value (-1 without one), in order. */
  eachHeader(
    callback: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void,
  ): void {
    const after = this.#at;
    this.#at = this.headersStart;
    for (let i = 0; i < this.headerCount; i++) {
      const nameBytes = this.#varint();
      const nameStart = this.#at;
      const nameEnd = this.#skip(Math.max(0, nameBytes));
      const valueBytes = this.#varint();
      const valueStart = valueBytes < 0 ? -1 : this.#at;
      const valueEnd = valueBytes < 0 ? -1 : this.#skip(valueBytes);
      if (!(this.#at <= after)) throw damaged(Number(this.#set?.baseOffset), 'holds headers that do not fit');
      callback(nameStart, nameEnd, valueStart, valueEnd);
    }
    this.#at = after;
  }

  #skip(bytes: number): number {
    this.#at += bytes;
    return this.#at;
  }

  #varint(): number {
    const { bytes } = this;
    let byte = Number(bytes[this.#at++]);
    let value = byte & 0x7f;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = Number(bytes[this.#at++]);
      value += (byte & 0x7f) * scale;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

function damaged(offset: number, what: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal-damaged',
    `The batch of Kafka records from offset ${offset} on ${what}.`,
    { offset },
    cause,
  );
}
