import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { nodeDisk } from '@skerry/kernel/node';
import { aSeal, hasCode, NOON } from '../testing/index.ts';
import { openAuditSnapshot } from './audit-snapshot.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const DAY = 86_400_000_000;
const ROW = { pipeline: 'Pipeline/a', part: 'group:x', body: '{"newest":1}' };

test('a store without declared pipelines has no table for them, and a new day carries the rows of the day before', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, []));
  const tables = (day: string) => {
    const file = new DatabaseSync(`${folder.folder}/default/${day}.db`, { readOnly: true });
    const found = file.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'stages'").get();
    file.close();
    return found?.n;
  };
  assert.equal(tables('2026-11-24'), 0);
  folder.clock.advance(2 * 3_600_000);
  await folder.store.seal(aSeal(2, [], { logTimeMicros: NOON + DAY }));
  assert.equal(tables('2026-11-25'), 0);
  await folder.store.seal(aSeal(3, [], { logTimeMicros: NOON + DAY, stages: [ROW] }));
  folder.clock.advance(2 * 3_600_000);
  await folder.store.seal(aSeal(4, [], { logTimeMicros: NOON + 2 * DAY }));
  assert.equal(tables('2026-11-26'), 1);
  await using snapshot = await openAuditSnapshot(
    { folder: folder.folder, retentionClass: 'default' },
    { clock: folder.clock, disk: nodeDisk(), breathe: folder.breathe },
  );
  assert.deepEqual(await snapshot.stages(), [ROW]);
  await folder.reopen();
  assert.deepEqual((await folder.store.load()).stages, [ROW]);
});

test('a row that was changed is refused by the store and by the audit, with file and row', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, [], { stages: [ROW] }));
  await folder.store[Symbol.asyncDispose]();
  await using copy = folder.killed();
  const file = new DatabaseSync(`${copy.folder}/default/2026-11-24.db`);
  file.exec("UPDATE stages SET body = replace(body, '1', '2')");
  file.close();
  const isTold = (error: unknown) =>
    hasCode('store-damaged')(error) &&
    /the row of stages with id 1 does not fit its checksum/.test(String(error));
  await assert.rejects(copy.open(), isTold);
  await using snapshot = await openAuditSnapshot(
    { folder: copy.folder, retentionClass: 'default' },
    { clock: copy.clock, disk: nodeDisk(), breathe: copy.breathe },
  );
  await assert.rejects(snapshot.stages(), isTold);
});
