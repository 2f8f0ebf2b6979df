import { closeSync, openSync, readSync } from 'node:fs';
import type { DeviceKey } from '@skerry/model';
import { VerifyError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Bytes of one block of a sender's ledger. */
export const BLOCK_BYTES = 32;

/** Codes of a ledger's entries; on disk, never change meaning. */
export const ENTRY = { device: 1, sent: 2, sentAgain: 3, answered: 4 } as const;

/** A device as a ledger names it, with the topic that its messages are published to. */
export interface LedgerDevice extends DeviceKey {
  readonly topic: string;
}

/** What hears of a ledger's entries, in the order of the file. Indices of devices are those of the file. */
export interface LedgerReader {
  device(index: number, device: LedgerDevice): void;
  /** `low` and `high` are the two words of the payload's hash. */
  sent(device: number, epoch: number, seq: number, low: number, high: number): void;
  sentAgain(device: number, epoch: number, seq: number): void;
  answered(device: number, epoch: number, seq: number, reason: number): void;
}

/** The first block of a file. The caller owns it. */
export function ledgerHead(): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write('SKSENT01', 'latin1');
  return block;
}

/** The entry of a device. The caller owns it. */
export function deviceEntry(index: number, { tenant, project, device, topic }: LedgerDevice): Buffer {
  const json = Buffer.from(JSON.stringify({ tenant, project, device, topic }));
  const blocks = Math.ceil(json.byteLength / BLOCK_BYTES);
  const entry = Buffer.alloc((blocks + 1) * BLOCK_BYTES);
  entry[0] = ENTRY.device;
  entry.writeUInt16LE(blocks, 2);
  entry.writeUInt32LE(index, 4);
  entry.writeUInt32LE(json.byteLength, 8);
  json.copy(entry, BLOCK_BYTES);
  return entry;
}

/** What one entry beside that of a device says. */
export interface MessageEntry {
  readonly type: number;
  /** Reason code of an answer, else 0. */
  readonly reason: number;
  /** Index in the file. */
  readonly device: number;
  readonly epoch: number;
  readonly seq: number;
  readonly micros: number;
}

/** Writes an entry of one block at `at`; the hash of a `sent` entry, bytes 16 to 23, is left to the caller. */
export function writeEntry(
  into: Buffer,
  at: number,
  { type, reason, device, epoch, seq, micros }: MessageEntry,
): void {
  into.writeUInt32LE(type | (reason << 8), at);
  into.writeUInt32LE(device, at + 4);
  into.writeUInt32LE(epoch, at + 8);
  into.writeUInt32LE(seq, at + 12);
  into.writeUInt32LE(micros % 2 ** 32, at + 24);
  into.writeUInt32LE(Math.floor(micros / 2 ** 32), at + 28);
}

/**
 * Reads a ledger from its first to its last whole entry. Fails with `verify-unreadable` or `sender-ledger-invalid`.
 */
export function readLedgerFile(path: string, reader: LedgerReader): void {
  const file = open(path);
  try {
    const bytes = Buffer.alloc(LIMITS.ledgerReadBytes.value);
    let kept = 0;
    let position = 0;
    let isFirst = true;
    for (;;) {
      const count = readSync(file, bytes, kept, bytes.byteLength - kept, position);
      if (count === 0) break;
      position += count;
      const filled = bytes.subarray(0, kept + count);
      if (isFirst && filled.byteLength < BLOCK_BYTES) throw invalid(path, 'it has no first block');
      let at = isFirst ? checkHead(path, filled) : 0;
      isFirst = false;
      at = readEntries(path, filled, at, reader);
      filled.copyWithin(0, at);
      kept = filled.byteLength - at;
    }
    if (isFirst) throw invalid(path, 'it is empty');
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new VerifyError('verify-unreadable', `Opening ${path} failed: ${String(cause)}.`, { path }, cause);
  }
}

function checkHead(path: string, bytes: Buffer): number {
  if (bytes.toString('latin1', 0, 8) !== 'SKSENT01')
    throw invalid(path, `it begins ${JSON.stringify(bytes.toString('latin1', 0, 8))} and not SKSENT01`);
  return BLOCK_BYTES;
}

function readEntries(path: string, bytes: Buffer, start: number, reader: LedgerReader): number {
  let at = start;
  while (at + BLOCK_BYTES <= bytes.byteLength) {
    const device = bytes.readUInt32LE(at + 4);
    const epoch = bytes.readUInt32LE(at + 8);
    const seq = bytes.readUInt32LE(at + 12);
    switch (bytes[at]) {
      case ENTRY.sent:
        reader.sent(device, epoch, seq, bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20));
        break;
      case ENTRY.sentAgain:
        reader.sentAgain(device, epoch, seq);
        break;
      case ENTRY.answered:
        reader.answered(device, epoch, seq, Number(bytes[at + 1]));
        break;
      case ENTRY.device: {
        const bodyBytes = bytes.readUInt16LE(at + 2) * BLOCK_BYTES;
        if (at + BLOCK_BYTES + bodyBytes > bytes.byteLength) return at;
        const json = bytes.toString('utf8', at + BLOCK_BYTES, at + BLOCK_BYTES + Math.min(epoch, bodyBytes));
        reader.device(device, parseDevice(path, json));
        at += bodyBytes;
        break;
      }
      default:
        throw invalid(path, `an entry has the type ${bytes[at]}`);
    }
    at += BLOCK_BYTES;
  }
  return at;
}

function parseDevice(path: string, json: string): LedgerDevice {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch (cause) {
    throw invalid(path, 'the entry of a device is no JSON', cause);
  }
  const fields = new Map(Object.entries(Object(found)));
  const text = (name: string): string => {
    const value = fields.get(name);
    if (typeof value !== 'string') throw invalid(path, `the entry of a device has no ${name}`);
    return value;
  };
  return { tenant: text('tenant'), project: text('project'), device: text('device'), topic: text('topic') };
}

/** The error for a ledger that cannot be used. */
export function invalid(path: string, why: string, cause?: unknown): VerifyError {
  return new VerifyError(
    'sender-ledger-invalid',
    `${path} is not a sender's ledger: ${why}.`,
    { path },
    cause,
  );
}
