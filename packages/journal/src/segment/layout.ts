import { crc32 } from 'node:zlib';
import type { EncodedBatch } from '../batch.ts';
import type { Offset, ReceivedCount } from '../journal.ts';

/** Bytes before the body of a batch. */
export const BATCH_HEADER_BYTES = 80;
const SECTOR_BYTES = 512;
const SEGMENT_HEAD_BYTES = 64;
const BATCH_MAGIC = 0x31424b53; // SKB1
const SEGMENT_MAGIC_LOW = 0x45534b53; // SKSE
const SEGMENT_MAGIC_HIGH = 0x31303047; // G001
const CHECKED_BYTES = 72;
const ID_START = 40;
const HIGH = 2 ** 32;
const FLAG_RETAINED = 1;

/** The bytes `SKB1`, by which a batch is looked for behind a broken place. */
export const BATCH_MARK = Uint8Array.of(0x53, 0x4b, 0x42, 0x31);
/** Name of a segment: the offset of its first record. */
export const SEGMENT_NAME = /^\d{20}\.seg$/;

/** What stands before the body of a batch. */
export interface BatchHeader {
  readonly bodyBytes: number;
  readonly firstOffset: Offset;
  readonly count: number;
  readonly telemetryCount: number;
  readonly telemetryBefore: number;
  readonly appendedMicros: number;
  readonly tableStart: number;
  readonly hasRetained: boolean;
  /** Records that the same write brought before this batch. */
  readonly commitBefore: number;
  /** Header checksum of the batch before. */
  readonly chain: number;
  readonly bodyChecksum: number;
  /** Checksum of this header. */
  readonly checksum: number;
}

/** Where a batch goes in the journal. */
export interface BatchPlace
  extends Pick<BatchHeader, 'firstOffset' | 'telemetryBefore' | 'appendedMicros' | 'commitBefore' | 'chain'> {
  /** Journal id, 16 bytes. */
  readonly id: Uint8Array;
}

/** Writes the header of a batch into 80 bytes and returns its checksum. */
export function encodeBatchHeader(into: Uint8Array, batch: EncodedBatch, place: BatchPlace): number {
  const view = new DataView(into.buffer, into.byteOffset, BATCH_HEADER_BYTES);
  view.setUint32(0, BATCH_MAGIC, true);
  view.setUint32(4, batch.bytes.byteLength, true);
  setLong(view, 8, place.firstOffset);
  view.setUint32(16, batch.count, true);
  view.setUint32(20, batch.telemetryCount, true);
  setLong(view, 24, place.telemetryBefore);
  setLong(view, 32, place.appendedMicros);
  into.set(place.id, ID_START);
  view.setUint32(56, batch.tableStart, true);
  view.setUint16(60, batch.hasRetained ? FLAG_RETAINED : 0, true);
  view.setUint16(62, place.commitBefore, true);
  view.setUint32(64, place.chain, true);
  view.setUint32(68, crc32(batch.bytes), true);
  const checksum = crc32(into.subarray(0, CHECKED_BYTES));
  view.setUint32(72, checksum, true);
  view.setUint32(76, 0, true);
  return checksum;
}

/** The header in 80 bytes, or undefined when it is not a whole, valid one of the journal with this id. */
export function decodeBatchHeader(bytes: Uint8Array, id: Uint8Array): BatchHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BATCH_HEADER_BYTES);
  if (view.getUint32(0, true) !== BATCH_MAGIC || view.getUint32(76, true) !== 0) return undefined;
  const checksum = view.getUint32(72, true);
  if (crc32(bytes.subarray(0, CHECKED_BYTES)) !== checksum) return undefined;
  if (!isEqual(bytes.subarray(ID_START, ID_START + id.byteLength), id)) return undefined;
  return {
    bodyBytes: view.getUint32(4, true),
    firstOffset: getLong(view, 8),
    count: view.getUint32(16, true),
    telemetryCount: view.getUint32(20, true),
    telemetryBefore: getLong(view, 24),
    appendedMicros: getLong(view, 32),
    tableStart: view.getUint32(56, true),
    hasRetained: (view.getUint16(60, true) & FLAG_RETAINED) !== 0,
    commitBefore: view.getUint16(62, true),
    chain: view.getUint32(64, true),
    bodyChecksum: view.getUint32(68, true),
    checksum,
  };
}

/** What a segment says at its start. */
export interface SegmentHeader {
  /** Journal id, 16 bytes. */
  readonly id: Uint8Array;
  readonly firstOffset: Offset;
  readonly telemetryBefore: number;
  readonly createdMicros: number;
  /** Header checksum of the last batch before the segment. */
  readonly chain: number;
  /** Received records per project before the segment. */
  readonly totals: readonly ReceivedCount[];
}

/** The header of a segment, in whole sectors. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array<ArrayBuffer> {
  const rows = header.totals.map((one) => [one.tenant, one.project, one.received, one.receivedQos0]);
  const totals = new TextEncoder().encode(JSON.stringify(rows));
  const length = Math.ceil((SEGMENT_HEAD_BYTES + totals.byteLength) / SECTOR_BYTES) * SECTOR_BYTES;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEGMENT_MAGIC_LOW, true);
  view.setUint32(4, SEGMENT_MAGIC_HIGH, true);
  view.setUint32(8, length, true);
  view.setUint32(12, totals.byteLength, true);
  bytes.set(header.id, 16);
  setLong(view, 32, header.firstOffset);
  setLong(view, 40, header.telemetryBefore);
  setLong(view, 48, header.createdMicros);
  view.setUint32(56, header.chain, true);
  bytes.set(totals, SEGMENT_HEAD_BYTES);
  view.setUint32(60, crc32(bytes), true);
  return bytes;
}

/** Bytes of a segment's header by its first sector, or undefined when that is none. */
export function segmentHeaderBytes(sector: Uint8Array): number | undefined {
  if (sector.byteLength < SECTOR_BYTES) return undefined;
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  if (view.getUint32(0, true) !== SEGMENT_MAGIC_LOW || view.getUint32(4, true) !== SEGMENT_MAGIC_HIGH)
    return undefined;
  const length = view.getUint32(8, true);
  const totals = view.getUint32(12, true);
  const isPossible = length % SECTOR_BYTES === 0 && length >= SEGMENT_HEAD_BYTES + totals;
  return isPossible ? length : undefined;
}

/** A segment's header from exactly its bytes, or undefined when it is not a whole, valid one. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (segmentHeaderBytes(bytes) !== bytes.byteLength) return undefined;
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const checksum = view.getUint32(60, true);
  view.setUint32(60, 0, true);
  if (crc32(copy) !== checksum) return undefined;
  const end = SEGMENT_HEAD_BYTES + view.getUint32(12, true);
  // the checksum holds, so this is the list that `encodeSegmentHeader` wrote
  const rows = JSON.parse(new TextDecoder().decode(copy.subarray(SEGMENT_HEAD_BYTES, end))) as Row[];
  return {
    id: copy.slice(16, 32),
    firstOffset: getLong(view, 32),
    telemetryBefore: getLong(view, 40),
    createdMicros: getLong(view, 48),
    chain: view.getUint32(56, true),
    totals: rows.map(([tenant, project, received, receivedQos0]) => ({
      tenant,
      project,
      received,
      receivedQos0,
    })),
  };
}

type Row = readonly [tenant: string, project: string, received: number, receivedQos0: number];

/** The name of the segment whose first record has this offset. */
export function segmentName(firstOffset: Offset): string {
  return `${String(firstOffset).padStart(20, '0')}.seg`;
}

/** Whether two byte strings are the same. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

function setLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, value / HIGH, true);
}

function getLong(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH;
}
