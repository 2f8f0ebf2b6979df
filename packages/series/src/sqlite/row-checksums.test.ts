import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { nodeDisk } from '@skerry/kernel/node';
import { aDeadLetter, aSeal, hasCode } from '../testing/index.ts';
import { openAuditSnapshot } from './audit-snapshot.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const DEVICE = { tenant: 't', project: 'p', device: 'd' };
const DEDUPE = { ...DEVICE, count: 1, newestMicros: 5, bytes: Uint8Array.of(1, 0, 0, 0, 7) };
const GAPS = { ...DEVICE, epoch: 'e', highest: 9, gaps: [{ from: 3, to: 4 }] };

/** A store with a row of each kind whose file was changed by `sql`; closed. */
async function changed(sql: string): Promise<SqliteFolder> {
  await using folder = await new SqliteFolder().open();
  const letters = [aDeadLetter(7), aDeadLetter(8)];
  await folder.store.seal(aSeal(1, [], { deadLetters: letters, dedupe: [DEDUPE], gaps: [GAPS] }));
  const change = { offset: 8, state: 'discarded', author: 'ann', changedMicros: 5 } as const;
  await folder.store.seal(aSeal(2, [], { deadLetterChanges: [change] }));
  await folder.store[Symbol.asyncDispose]();
  const copy = folder.killed();
  const file = new DatabaseSync(`${copy.folder}/default/2026-11-24.db`);
  file.exec(sql);
  file.close();
  return copy;
}

test('SqliteStore opens what was not changed, letters that were closed since included', async () => {
  await using folder = await (await changed('SELECT 1')).open();
  assert.equal((await folder.store.deadLetter(8))?.author, 'ann');
  const { dedupe, gaps, deadLetters } = await folder.store.load();
  assert.deepEqual([dedupe, gaps, deadLetters.length], [[DEDUPE], [GAPS], 1]);
});

for (const [table, sql] of [
  ['dedupe', "UPDATE dedupe SET entries = x'01'"],
  ['dedupe', 'UPDATE dedupe SET newest = newest + 1'],
  ['dedupe', 'UPDATE dedupe SET device = device + 1'],
  ['gaps', "UPDATE gaps SET gaps = replace(gaps, '9', '8')"],
  ['gaps', 'UPDATE gaps SET device = device + 1'],
  ['dead_letters', "UPDATE dead_letters SET topic = topic || 'x' WHERE offset = 7"],
  ['dead_letters', "UPDATE dead_letters SET state = 'open' WHERE offset = 8"],
] as const) {
  test(`SqliteStore refuses to open with ${sql}, and names file and row`, async () => {
    await using folder = await changed(sql);
    const isTold = (error: unknown) =>
      hasCode('store-damaged')(error) &&
      new RegExp(`2026-11-24\\.db: the row of ${table} with .*\\d does not fit its checksum`).test(
        String(error),
      );
    await assert.rejects(folder.open(), isTold);
  });
}

test('SqliteStore never serves a payload of a dead letter that was changed, neither shown nor audited', async () => {
  const sql = "UPDATE dead_letters SET payload = CAST('X' AS BLOB) || substr(payload, 2) WHERE offset = 7";
  await using folder = await (await changed(sql)).open();
  const wanted = /the row of dead_letters with offset 7 does not fit its checksum/;
  await assert.rejects(folder.store.deadLetter(7), wanted);
  assert.equal((await folder.store.deadLetter(8))?.state, 'discarded');
  await using snapshot = await openAuditSnapshot(
    { folder: folder.folder, retentionClass: 'default' },
    { clock: folder.clock, disk: nodeDisk(), breathe: folder.breathe },
  );
  await assert.rejects(snapshot.deadLetter(7), wanted);
});

test('SqliteStore does not give a damaged dedupe row a new checksum when it joins rows', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 15; number++)
    await folder.store.seal(aSeal(number, [], { dedupe: [DEDUPE] }));
  const file = new DatabaseSync(`${folder.folder}/default/2026-11-24.db`);
  file.exec("UPDATE dedupe SET entries = x'00' WHERE id = 3");
  file.close();
  await assert.rejects(folder.store.seal(aSeal(16, [], { dedupe: [DEDUPE] })), /the row of dedupe with id 3/);
});
