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

test('mergeSlice joins as many chunks at a time as hold 16,384 points, to the last, and leaves one that is over alone', async () => {
  await using folder = await new SqliteFolder().open();
  let at = 0;
  for (const [index, count] of [4095, 4095, 4095, 4095, 4, 10].entries()) {
    const points = Array.from({ length: count }, () => {
      at += 1;
      return { series: 1, time: NOON + at, value: at, offset: at, ordinal: 0 };
    });
    await folder.store.seal(aSeal(index + 1, points));
  }
  await folder.store[Symbol.asyncDispose]();
  const file = new DayFile(`${folder.folder}/default/2026-11-24.db`, '2026-11-24', 1e9);
  try {
    const bounds = { sealMax: 9, logMicros: NOON, isClosed: true };
    const turn = new Turn(folder.clock, folder.breathe, Infinity);
    mergeSlice(file, -1, bounds, turn, noFailpoints);
    const rows = file.all('SELECT n, t0 - ? AS first FROM chunks ORDER BY t0', NOON);
    assert.deepEqual(
      rows.map((row) => [row.n, row.first]),
      [
        [8192, 1],
        [8192, 8193],
        [10, 16_385],
      ],
    );
  } finally {
    file.close();
  }
});
