import type { Offset } from '../journal.ts';
import { damage } from './damage.ts';
import type { FileWindow } from './file-window.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_MARK,
  type BatchHeader,
  decodeBatchHeader,
  decodeSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from './layout.ts';

const SECTOR_BYTES = 512;

/** A segment's header and its length, or undefined when there is no whole, valid one. */
export function readSegmentHeader(
  window: FileWindow,
): { readonly header: SegmentHeader; readonly bytes: number } | undefined {
  const sector = window.view(0, SECTOR_BYTES);
  const length = sector && segmentHeaderBytes(sector);
  if (length === undefined || window.checksum(0, length) === undefined) return undefined;
  const bytes = new Uint8Array(length);
  const header = window.copy(0, bytes) ? decodeSegmentHeader(bytes) : undefined;
  return header && { header, bytes: length };
}

/** Where a walk over a segment stands: the next batch should begin here. */
export interface ScanPlace {
  readonly at: number;
  readonly offset: Offset;
  readonly telemetryBefore: number;
  readonly chain: number;
}

/** The whole, valid batch at a place, whatever its numbers; undefined when there is none. Checks the body too. */
export function batchAt(window: FileWindow, at: number, id: Uint8Array): BatchHeader | undefined {
  const bytes = window.view(at, BATCH_HEADER_BYTES);
  const header = bytes && decodeBatchHeader(bytes, id);
  if (!header) return undefined;
  const sum = window.checksum(at + BATCH_HEADER_BYTES, header.bodyBytes);
  return sum === header.bodyChecksum ? header : undefined;
}

/** The place behind a batch. Fails with `journal-damaged` when the batch does not continue what came before. */
export function placeBehind(path: string, place: ScanPlace, header: BatchHeader): ScanPlace {
  const { at } = place;
  if (header.firstOffset !== place.offset)
    throw damage(path, at, `a batch begins at offset ${header.firstOffset} and not at ${place.offset}`);
  if (header.telemetryBefore !== place.telemetryBefore)
    throw damage(
      path,
      at,
      `a batch counts ${header.telemetryBefore} telemetry records before it and not ${place.telemetryBefore}`,
    );
  if (header.chain !== place.chain) throw damage(path, at, 'the chain of checksums is broken');
  return {
    at: at + BATCH_HEADER_BYTES + header.bodyBytes,
    offset: place.offset + header.count,
    telemetryBefore: place.telemetryBefore + header.telemetryCount,
    chain: header.checksum,
  };
}

/**
 * Where behind a broken place a valid batch stands which was written after that place had become durable; undefined
 * without one. Batches of the write that the broken place belongs to prove nothing, since the parts of one write reach
 * the disk in any order.
 */
export function proofBehind(window: FileWindow, broken: ScanPlace, id: Uint8Array): number | undefined {
  let at = broken.at;
  for (;;) {
    const found = findMark(window, at);
    if (found === undefined) return undefined;
    const header = batchAt(window, found, id);
    if (header && header.firstOffset - header.commitBefore > broken.offset) return found;
    at = found + 1;
  }
}

function findMark(window: FileWindow, from: number): number | undefined {
  const mark = Buffer.from(BATCH_MARK);
  for (let at = from; ; ) {
    const chunk = window.chunk(at, BATCH_HEADER_BYTES);
    if (chunk.byteLength < BATCH_MARK.byteLength) return undefined;
    const found = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).indexOf(mark);
    if (found >= 0) return at + found;
    at += chunk.byteLength - BATCH_MARK.byteLength + 1;
  }
}

/** True when a file holds a valid batch of the journal anywhere. */
export function holdsBatch(window: FileWindow, id: Uint8Array): boolean {
  for (let at = 0; ; at++) {
    const found = findMark(window, at);
    if (found === undefined) return false;
    if (batchAt(window, found, id)) return true;
    at = found;
  }
}
