import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFailpoints } from '@skerry/kernel';
import { aSeal, NOON } from '../testing/index.ts';
import { Turn } from '../turn.ts';
import { DayFile } from './day-file.ts';
import { mergeSlice } from './merge.ts';
import { SqliteFolder } from './sqlite-folder.ts';

test('mergeSlice touches no chunk of a seal above the one it is given', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 6; number++) {
    const point = { series: 1, time: NOON + number, value: number, offset: number, ordinal: 0 };
    await folder.store.seal(aSeal(number, [point]));
  }
  await folder.store[Symbol.asyncDispose]();
  const file = new DayFile(`${folder.folder}/default/2026-11-24.db`, '2026-11-24', 1e9);
  try {
    const bounds = { sealMax: 4, logMicros: NOON, isClosed: true };
    const turn = new Turn(folder.clock, folder.breathe, Infinity);
    assert.deepEqual(mergeSlice(file, -1, bounds, turn, noFailpoints), { cursor: undefined, removed: 3 });
    const rows = file.all('SELECT seal, n FROM chunks ORDER BY seal').map((row) => [row.seal, row.n]);
    assert.deepEqual(rows, [
      [4, 4],
      [5, 1],
      [6, 1],
    ]);
  } finally {
    file.close();
  }
});
