import { crc32 } from 'node:zlib';
import { Damage } from './damage.ts';

const SECTOR_BYTES = 512;
const BATCH_HEADER_BYTES = 80;
const RECORD_HEADER_BYTES = 20;
const NO_PROJECT = 0xffff;

/** Kinds of records that the ledger counts. */
export const KIND = { telemetry: 1, misrouted: 2 } as const;

/** A record of the journal; views are good for the time of the call only. */
export interface JournalRecord {
  readonly offset: number;
  readonly kind: number;
  readonly tenant: string;
  readonly project: string;
  readonly topic: string;
  readonly payload: Buffer;
}

/** What one segment said, beside its records. */
export interface SegmentEnd {
  readonly journalId: string;
  readonly firstOffset: number;
  /** Offset after its last record. */
  readonly end: number;
  readonly telemetryEnd: number;
  /** Header checksum of its last batch, or of the segment before where it has none. */
  readonly chain: number;
  /** Bytes behind the last whole batch, with no valid batch of a later commit among them. */
  readonly tornBytes: number;
}

/**
 * Decodes a segment from docs/formats/segment.md alone. Everything that is not as written there is `Damage`, except
 * a torn end: one with no valid batch behind it of a later commit, which would prove that it had been durable.
 */
export function decodeSegment(bytes: Buffer, onRecord: (record: JournalRecord) => void): SegmentEnd {
  const head = decodeHead(bytes);
  let { at, end, telemetryEnd, chain } = head;
  for (;;) {
    const batch = batchAt(bytes, at, head.journalId);
    if (!batch) break;
    if (batch.firstOffset !== end)
      throw new Damage(`the batch at byte ${at} begins at offset ${batch.firstOffset} and not at ${end}`);
    if (batch.telemetryBefore !== telemetryEnd)
      throw new Damage(
        `the batch at byte ${at} counts ${batch.telemetryBefore} telemetry records before it and not ${telemetryEnd}`,
      );
    if (batch.chain !== chain) throw new Damage(`the batch at byte ${at} breaks the chain of checksums`);
    decodeBody(bytes, batch, onRecord);
    end += batch.count;
    telemetryEnd += batch.telemetryCount;
    chain = batch.checksum;
    at = batch.bodyEnd;
  }
  const behind = laterCommitBehind(bytes, at, end, head.journalId);
  if (behind !== undefined) throw new Damage(`no batch stands at byte ${at}, but one does at byte ${behind}`);
  const { journalId, firstOffset } = head;
  return { journalId, firstOffset, end, telemetryEnd, chain, tornBytes: bytes.byteLength - at };
}

function decodeHead(bytes: Buffer) {
  if (bytes.byteLength < SECTOR_BYTES || bytes.toString('latin1', 0, 8) !== 'SKSEG001')
    throw new Damage('it has no segment header');
  const headBytes = bytes.readUInt32LE(8);
  if (headBytes % SECTOR_BYTES !== 0 || headBytes === 0 || headBytes > bytes.byteLength)
    throw new Damage(`its header claims ${headBytes} bytes`);
  const head = Buffer.from(bytes.subarray(0, headBytes));
  head.writeUInt32LE(0, 60);
  if (crc32(head) !== bytes.readUInt32LE(60)) throw new Damage('the checksum of its header does not fit');
  const firstOffset = offsetAt(bytes, 32);
  return {
    journalId: bytes.toString('hex', 16, 32),
    firstOffset,
    end: firstOffset,
    telemetryEnd: offsetAt(bytes, 40),
    chain: bytes.readUInt32LE(56),
    at: headBytes,
  };
}

interface Batch {
  readonly firstOffset: number;
  readonly count: number;
  readonly telemetryCount: number;
  readonly telemetryBefore: number;
  /** Records of the same commit before the batch. */
  readonly commitBefore: number;
  readonly chain: number;
  readonly checksum: number;
  readonly bodyStart: number;
  readonly tableStart: number;
  readonly bodyEnd: number;
}

/** The whole, valid batch at a place, or undefined. */
function batchAt(bytes: Buffer, at: number, journalId: string): Batch | undefined {
  if (at + BATCH_HEADER_BYTES > bytes.byteLength || bytes.toString('latin1', at, at + 4) !== 'SKB1') return;
  const checksum = bytes.readUInt32LE(at + 72);
  if (crc32(bytes.subarray(at, at + 72)) !== checksum || bytes.readUInt32LE(at + 76) !== 0) return;
  if (bytes.toString('hex', at + 40, at + 56) !== journalId) return;
  const bodyStart = at + BATCH_HEADER_BYTES;
  const bodyEnd = bodyStart + bytes.readUInt32LE(at + 4);
  if (bodyEnd > bytes.byteLength) return;
  if (crc32(bytes.subarray(bodyStart, bodyEnd)) !== bytes.readUInt32LE(at + 68)) return;
  return {
    firstOffset: offsetAt(bytes, at + 8),
    count: bytes.readUInt32LE(at + 16),
    telemetryCount: bytes.readUInt32LE(at + 20),
    telemetryBefore: offsetAt(bytes, at + 24),
    commitBefore: bytes.readUInt16LE(at + 62),
    chain: bytes.readUInt32LE(at + 64),
    checksum,
    bodyStart,
    tableStart: bodyStart + bytes.readUInt32LE(at + 56),
    bodyEnd,
  };
}

/** Where behind a broken place a valid batch stands whose commit began above the offset of that place. */
function laterCommitBehind(
  bytes: Buffer,
  start: number,
  offset: number,
  journalId: string,
): number | undefined {
  let at = bytes.indexOf('SKB1', start + 1, 'latin1');
  while (at >= 0) {
    const batch = batchAt(bytes, at, journalId);
    if (batch && batch.firstOffset - batch.commitBefore > offset) return at;
    at = bytes.indexOf('SKB1', at + 1, 'latin1');
  }
  return undefined;
}

function decodeBody(bytes: Buffer, batch: Batch, onRecord: (record: JournalRecord) => void): void {
  const projects = decodeProjects(bytes, batch);
  let at = batch.bodyStart;
  let telemetry = 0;
  for (let i = 0; i < batch.count; i++) {
    if (at + RECORD_HEADER_BYTES + 4 > batch.tableStart) throw tooShort(batch, i);
    const end = at + 4 + bytes.readUInt32LE(at);
    const kind = Number(bytes[at + 4]);
    const project = bytes.readUInt16LE(at + 6);
    const topicStart = at + 4 + RECORD_HEADER_BYTES;
    const topicEnd = topicStart + bytes.readUInt16LE(at + 16);
    const payloadStart = topicEnd + bytes.readUInt16LE(at + 18) + bytes.readUInt32LE(at + 20);
    if (end > batch.tableStart || payloadStart > end) throw tooShort(batch, i);
    const owner = projects[project];
    if (!owner && project !== NO_PROJECT)
      throw new Damage(`the record ${batch.firstOffset + i} names a project that its batch does not have`);
    if (kind === KIND.telemetry || kind === KIND.misrouted) telemetry += 1;
    onRecord({
      offset: batch.firstOffset + i,
      kind,
      tenant: owner?.tenant ?? '',
      project: owner?.project ?? '',
      topic: bytes.toString('utf8', topicStart, topicEnd),
      payload: bytes.subarray(payloadStart, end),
    });
    at = end;
  }
  if (at !== batch.tableStart)
    throw new Damage(`the batch at offset ${batch.firstOffset} has bytes behind its records`);
  if (telemetry !== batch.telemetryCount)
    throw new Damage(
      `the batch at offset ${batch.firstOffset} counts ${batch.telemetryCount} telemetry records and has ${telemetry}`,
    );
}

function decodeProjects(bytes: Buffer, { tableStart, bodyEnd, firstOffset }: Batch) {
  const short = () => new Damage(`the project table of the batch at offset ${firstOffset} ends early`);
  if (tableStart + 2 > bodyEnd) throw short();
  const count = bytes.readUInt16LE(tableStart);
  const projects: { tenant: string; project: string }[] = [];
  let at = tableStart + 2;
  for (let i = 0; i < count; i++) {
    if (at + 12 > bodyEnd) throw short();
    const tenantEnd = at + 12 + bytes.readUInt16LE(at + 8);
    const projectEnd = tenantEnd + bytes.readUInt16LE(at + 10);
    if (projectEnd > bodyEnd) throw short();
    projects.push({
      tenant: bytes.toString('utf8', at + 12, tenantEnd),
      project: bytes.toString('utf8', tenantEnd, projectEnd),
    });
    at = projectEnd;
  }
  return projects;
}

function offsetAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function tooShort(batch: Batch, index: number): Damage {
  return new Damage(`the record ${batch.firstOffset + index} does not end inside its batch`);
}
