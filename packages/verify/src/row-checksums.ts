import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';

type Row = Record<string, SQLOutputValue>;

/** Columns whose values, as a JSON array, the checksum of a row covers, and the bytes behind them. */
const TABLES = {
  dead_letters: {
    key: 'offset',
    order:
      'offset received tenant project device topic client reason detail stage qos state author changed payload_checksum',
    bytes: undefined,
  },
  dedupe: { key: 'id', order: 'device tier count newest', bytes: 'entries' },
  gaps: { key: 'device', order: 'device gaps', bytes: undefined },
  stages: { key: 'id', order: 'pipeline part body', bytes: undefined },
} as const;

/** Whether a file has a table: that of declared pipelines is made with its first row. */
export function hasTable(file: DatabaseSync, table: keyof typeof TABLES): boolean {
  const found = file
    .prepare("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = ?")
    .get(table);
  return found?.n === 1;
}

/** Names the rows of a table that do not fit their checksums (docs/formats/series.md, "Checksums of rows"). */
export function checkRows(
  file: DatabaseSync,
  table: keyof typeof TABLES,
  onDamage: (message: string) => unknown,
): void {
  const { key, order, bytes } = TABLES[table];
  for (const row of file.prepare(`SELECT * FROM ${table}`).iterate()) {
    const head = crc32(JSON.stringify(order.split(' ').map((name) => row[name])));
    const found = bytes === undefined ? head : crc32(bytesOf(row, bytes), head);
    const isPayloadWhole =
      table !== 'dead_letters' || crc32(bytesOf(row, 'payload')) === row.payload_checksum;
    if (found !== row.checksum || !isPayloadWhole)
      onDamage(`the row of ${table} with the ${key} ${row[key]} does not fit its checksum`);
  }
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : new Uint8Array();
}
