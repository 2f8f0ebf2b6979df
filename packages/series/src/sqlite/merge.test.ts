import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFailpoints } from '@skerry/kernel';
import { TYPE_CODE } from '../head.ts';
import { aSeal, NOON } from '../testing/index.ts';
import { Turn } from '../turn.ts';
import { writeChunk } from './chunk-rows.ts';
import { DayFile } from './day-file.ts';
import { type MergeBounds, mergeSlice } from './merge.ts';
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
    const rows = file.all('SELECT n, t0 - ? AS first, level, seal FROM chunks ORDER BY t0', NOON);
    assert.deepEqual(
      rows.map((row) => [row.n, row.first, row.level, row.seal]),
      [
        [8192, 1, 2, 5],
        [8192, 8193, 2, 5],
        [10, 16_385, 0, 6],
      ],
    );
  } finally {
    file.close();
  }
});

/** A day's file of which only the first seal, a point of series 9, was made by a store; disposing closes it. */
async function aDayFile(folder: SqliteFolder) {
  await folder.open();
  await folder.store.seal(aSeal(1, [{ series: 9, time: NOON, value: 0, offset: 0, ordinal: 0 }]));
  await folder.store[Symbol.asyncDispose]();
  const file = new DayFile(`${folder.folder}/default/2026-11-24.db`, '2026-11-24', 1e9);
  let at = 0;
  /** Adds chunks of `count` points to a series, one after the other. */
  const add = (series: number, ...counts: readonly number[]): void => {
    for (const count of counts) {
      const times = Float64Array.from({ length: count }, () => NOON + ++at);
      const offsets = times.map((time) => time - NOON);
      writeChunk(
        file,
        { series, level: 0, seal: 2 },
        {
          type: TYPE_CODE.number,
          times,
          offsets,
          ordinals: new Uint16Array(count),
          numbers: new Float64Array(count),
          texts: [],
        },
      );
    }
  };
  const merge = (bounds: Partial<MergeBounds>): number =>
    mergeSlice(
      file,
      -1,
      { sealMax: 9, logMicros: NOON, isClosed: false, ...bounds },
      new Turn(folder.clock, folder.breathe, Infinity),
      noFailpoints,
    ).removed;
  const chunks = () =>
    file
      .all('SELECT n, level FROM chunks WHERE series = 1 ORDER BY t0')
      .map((row) => [row.n, row.level] as const);
  return { file, add, merge, chunks, [Symbol.dispose]: () => file.close() };
}

test('mergeSlice joins 16 chunks of an hour that goes on, each once, and all of them when the hour is over for a minute', async () => {
  await using folder = new SqliteFolder();
  using day = await aDayFile(folder);
  const { add, merge, chunks } = day;
  add(1, ...Array<number>(15).fill(1));
  assert.equal(merge({}), 0);
  add(1, 1);
  assert.equal(merge({}), 15);
  assert.deepEqual(chunks(), [[16, 1]]);
  add(1, ...Array<number>(15).fill(1));
  assert.equal(merge({}), 0, 'what was joined is not joined again');
  add(1, 1);
  assert.equal(merge({}), 15);
  const overMicros = NOON + 61 * 60_000_000;
  assert.equal(merge({ logMicros: overMicros - 1 }), 0);
  assert.equal(merge({ logMicros: overMicros }), 1);
  assert.deepEqual(chunks(), [[32, 2]]);
  add(1, 1);
  assert.equal(merge({ logMicros: overMicros }), 0, 'one that came late waits for the end of the file');
  add(1, 1);
  assert.equal(merge({ logMicros: overMicros }), 1, 'two do not');
  assert.deepEqual(chunks(), [
    [32, 2],
    [2, 2],
  ]);
  assert.equal(merge({ isClosed: true }), 1);
});

test('mergeSlice leaves hours that were over long ago alone until the file is closed', async () => {
  await using folder = new SqliteFolder();
  using day = await aDayFile(folder);
  day.add(1, 1, 1);
  assert.equal(day.merge({ logMicros: NOON + 3 * 3_600_000_000 + 2 }), 0, 'one of the two is too old');
  assert.equal(day.merge({ logMicros: NOON + 3 * 3_600_000_000 + 1 }), 1);
});

test('mergeSlice leaves chunks of 4,096 points or more alone', async () => {
  await using folder = new SqliteFolder();
  using day = await aDayFile(folder);
  day.add(1, 4096, 4095, 4095);
  assert.equal(day.merge({ isClosed: true }), 1);
  assert.deepEqual(
    day.chunks().map(([n]) => n),
    [4096, 8190],
  );
});

test('mergeSlice says that nothing is left to merge when a pass over a closed file is over, and no sooner', async () => {
  await using folder = new SqliteFolder();
  using day = await aDayFile(folder);
  const { file, add, merge } = day;
  add(1, 1, 1);
  merge({});
  assert.equal(file.state().isMerged, false, 'the file is open');
  folder.clock.stepMs = 1000;
  const turn = new Turn(folder.clock, folder.breathe, Infinity);
  const bounds = { sealMax: 9, logMicros: NOON, isClosed: true };
  assert.deepEqual(mergeSlice(file, -1, bounds, turn, noFailpoints), { cursor: 1, removed: 1 });
  assert.deepEqual(mergeSlice(file, 1, bounds, turn, noFailpoints), { cursor: 9, removed: 0 });
  assert.equal(file.state().isMerged, false, 'the pass goes on');
  assert.deepEqual(mergeSlice(file, 9, bounds, turn, noFailpoints), { cursor: undefined, removed: 0 });
  assert.equal(file.state().isMerged, true);
});

test('mergeSlice keeps nothing of a slice that fails', async () => {
  await using folder = new SqliteFolder();
  using day = await aDayFile(folder);
  day.add(1, 1, 1);
  const turn = new Turn(folder.clock, folder.breathe, Infinity);
  const bounds = { sealMax: 9, logMicros: NOON, isClosed: true };
  const fail = (name: string): never => {
    throw new Error(name);
  };
  assert.throws(() => mergeSlice(day.file, -1, bounds, turn, fail), { message: 'merge-before-commit' });
  assert.equal(day.chunks().length, 2);
  assert.equal(day.merge({ isClosed: true }), 1);
});
