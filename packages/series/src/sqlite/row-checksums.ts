import { crc32 } from 'node:zlib';
import { storeDamaged } from './sqlite-fault.ts';
import type { Row } from './store-file.ts';

/**
 * Checksums of rows that are not chunks (docs/formats/series.md): SQLite does not notice a flipped bit in a value, and
 * dead letters, dedupe entries and gaps would be served or acted upon as they are.
 */
export const LETTER_COLUMNS = [
  'offset',
  'received',
  'tenant',
  'project',
  'device',
  'topic',
  'client',
  'reason',
  'detail',
  'stage',
  'qos',
  'state',
  'author',
  'changed',
  'payload_checksum',
] as const;

/** Checksum of a row of `dead_letters` whose `payload_checksum` is that of its payload. */
export function letterChecksum(row: Row): number {
  return crc32(JSON.stringify(LETTER_COLUMNS.map((name) => row[name])));
}

/** Fails with `store-damaged` when a row of `dead_letters` is not what was written; its payload when it is there. */
export function checkLetter(path: string, row: Row): void {
  const isWhole = row.checksum === letterChecksum(row);
  const { payload } = row;
  const isPayloadWhole = payload === undefined || checksumOf(payload) === row.payload_checksum;
  if (!isWhole || !isPayloadWhole) throw damagedRow(path, 'dead_letters', `offset ${row.offset}`);
}

/** Checksum of a row of `dedupe`. */
export function dedupeChecksum(row: Readonly<Record<string, unknown>>): number {
  const head = JSON.stringify([row.device, row.tier, row.count, row.newest]);
  return crc32(row.entries as Uint8Array, crc32(head)); // a BLOB column is given as bytes
}

/** Fails with `store-damaged` when a row of `dedupe` is not what was written. */
export function checkDedupe(path: string, row: Row): void {
  const isWhole = row.entries instanceof Uint8Array && row.checksum === dedupeChecksum(row);
  if (!isWhole) throw damagedRow(path, 'dedupe', `id ${row.id}, device ${row.device}`);
}

/** Checksum of a row of `gaps`. */
export function gapsChecksum(device: number, gaps: string): number {
  return crc32(JSON.stringify([device, gaps]));
}

/** Fails with `store-damaged` when a row of `gaps` is not what was written. */
export function checkGaps(path: string, row: Row): void {
  const isWhole = row.checksum === gapsChecksum(Number(row.device), String(row.gaps));
  if (!isWhole) throw damagedRow(path, 'gaps', `device ${row.device}`);
}

/** Checksum of a row of `stages`. */
export function stageChecksum(pipeline: string, part: string, body: string): number {
  return crc32(JSON.stringify([pipeline, part, body]));
}

/** Fails with `store-damaged` when a row of `stages` is not what was written. */
export function checkStage(path: string, row: Row): void {
  const isWhole = row.checksum === stageChecksum(String(row.pipeline), String(row.part), String(row.body));
  if (!isWhole) throw damagedRow(path, 'stages', `id ${row.id}`);
}

/** Checksum of bytes of a column; undefined when it holds none. */
export function checksumOf(value: unknown): number | undefined {
  return value instanceof Uint8Array ? crc32(value) : undefined;
}

function damagedRow(path: string, table: string, row: string): Error {
  return storeDamaged(path, `the row of ${table} with ${row} does not fit its checksum`);
}
