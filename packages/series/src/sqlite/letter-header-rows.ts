import { crc32 } from 'node:zlib';
import type { Seal } from '../store.ts';
import { storeDamaged } from './sqlite-fault.ts';
import type { StoreFile } from './store-file.ts';

const TABLE =
  'CREATE TABLE IF NOT EXISTS letter_headers(offset INTEGER PRIMARY KEY, headers BLOB, checksum INTEGER)';

/** Whether a file has the table: files of stores whose dead letters had no headers have none. */
export const HAS_LETTER_HEADERS =
  "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'letter_headers'";

/** Copies the rows of the file attached as `old` whose dead letters were carried over. */
export const CARRY_LETTER_HEADERS = `${TABLE}; INSERT INTO letter_headers SELECT * FROM old.letter_headers
  WHERE offset IN (SELECT offset FROM dead_letters);`;

/** Keeps the headers of new dead letters; inside the transaction of the seal. */
export function writeLetterHeaders(file: StoreFile, { deadLetters }: Pick<Seal, 'deadLetters'>): void {
  let isMade = false;
  for (const { offset, headers } of deadLetters) {
    if (headers === undefined) continue;
    if (!isMade) file.run(TABLE);
    isMade = true;
    file.run('INSERT INTO letter_headers VALUES (?, ?, ?)', offset, headers, checksum(offset, headers));
  }
}

/** The headers of a dead letter. Fails with `store-damaged` when the row is not what was written. */
export function letterHeaders(file: Pick<StoreFile, 'get' | 'path'>, offset: number): Uint8Array | undefined {
  if (Number(file.get(HAS_LETTER_HEADERS)?.n) === 0) return undefined;
  const row = file.get('SELECT * FROM letter_headers WHERE offset = ?', offset);
  if (!row) return undefined;
  const { headers } = row;
  if (headers instanceof Uint8Array && row.checksum === checksum(offset, headers)) return headers;
  throw storeDamaged(file.path, `the row of letter_headers with offset ${offset} does not fit its checksum`);
}

function checksum(offset: number, headers: Uint8Array): number {
  return crc32(headers, crc32(String(offset)));
}
