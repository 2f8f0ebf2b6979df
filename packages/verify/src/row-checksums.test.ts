import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { checkRows, hasTable } from './row-checksums.ts';

test('rows of declared pipelines are compared with their checksums, where a file has any', () => {
  using file = new DatabaseSync(':memory:');
  assert.equal(hasTable(file, 'stages'), false);
  file.exec(
    'CREATE TABLE stages(id INTEGER PRIMARY KEY, pipeline TEXT, part TEXT, checksum INTEGER, body TEXT)',
  );
  assert.equal(hasTable(file, 'stages'), true);
  const row = ['Pipeline/a', 'version:1', '{"ü":1}'] as const;
  const add = file.prepare('INSERT INTO stages (pipeline, part, body, checksum) VALUES (?, ?, ?, ?)');
  add.run(...row, crc32(JSON.stringify(row)));
  add.run(row[0], 'version:2', row[2], crc32(JSON.stringify(row)));
  const damage: string[] = [];
  checkRows(file, 'stages', (message) => damage.push(message));
  assert.deepEqual(damage, ['the row of stages with the id 2 does not fit its checksum']);
});
