import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { nodeDisk } from '@skerry/kernel/node';
import fc from 'fast-check';
import {
  aHeadView,
  aSeal,
  NOON,
  naiveBuckets,
  naiveExtremes,
  naivePoints,
  type SamplePoint,
  workAll,
} from '../testing/index.ts';
import { openAuditSnapshot } from './audit-snapshot.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const [FROM, TO] = [NOON - 2 * DAY, NOON + 5 * DAY];
/** Two full stretches of one block and the beginning of the next, and one far away. */
const IDS = [
  ...Array.from({ length: 40 }, (_, i) => i * 3),
  ...Array.from({ length: 20 }, (_, i) => 256 + i),
  5000,
];

interface Round {
  readonly points: readonly {
    place: number;
    late: number;
    value: number | string | boolean;
    times: number;
  }[];
  readonly gapMinutes: number;
}

const value = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: -5000, max: 5000 }).map((n) => n / 100) },
  { weight: 1, arbitrary: fc.constantFrom<string | boolean>('on', true) },
);
const point = fc.record({
  place: fc.nat(IDS.length - 1),
  late: fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(90_000) }),
  value,
  times: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(140) }),
});
const rounds: fc.Arbitrary<Round[]> = fc.array(
  fc.record({ points: fc.array(point, { minLength: 60, maxLength: 150 }), gapMinutes: fc.nat(25) }),
  { minLength: 1, maxLength: 24 },
);

function pointsOf(round: Round, start: number, offset: number): SamplePoint[] {
  return round.points.flatMap(({ place, late, value, times }, i) =>
    Array.from({ length: times }, (_, more) => ({
      series: Number(IDS[place]),
      time: start - late * SECOND + more,
      value: typeof value === 'number' ? value + more : value,
      offset: offset + i,
      ordinal: more,
    })),
  );
}

async function compare(
  folder: SqliteFolder,
  all: readonly SamplePoint[],
  heads: readonly SamplePoint[] = [],
) {
  const { store } = folder;
  const views = heads.length > 0 ? [aHeadView(1e6, heads)] : [];
  const total = [...all, ...heads];
  for (const series of [0, 3, 117, 256, 275, 5000, 6]) {
    const ask = { series, fromMicros: FROM, toMicros: TO, deadlineMs: 1e9 };
    const shape = { kind: 'raw', after: undefined, limit: 100_000, newestFirst: false } as const;
    const raw = await store.query({ ...ask, shape }, views);
    assert.ok(raw.kind === 'points');
    const found = raw.values.map((one, i) => [raw.times[i], raw.offsets[i], raw.ordinals[i], one]);
    const wanted = naivePoints(total, series, FROM, TO);
    assert.deepEqual(
      found,
      wanted.map((one) => [one.time, one.offset, one.ordinal, one.value]),
    );
    const newest = await store.query({ ...ask, shape: { ...shape, limit: 3, newestFirst: true } }, views);
    assert.ok(newest.kind === 'points');
    assert.deepEqual(
      newest.values,
      wanted
        .slice(-3)
        .reverse()
        .map((one) => one.value),
    );
    const buckets = await store.query({ ...ask, shape: { kind: 'buckets', stepMicros: HOUR } }, views);
    assert.ok(buckets.kind === 'buckets');
    const exact = naiveBuckets(total, series, FROM, TO, HOUR);
    assert.deepEqual(
      buckets.buckets.map((one) => ({ ...one, sum: one.sum.toFixed(6) })),
      exact.map((one) => ({ ...one, sum: one.sum.toFixed(6) })),
    );
    const picks = await store.query({ ...ask, shape: { kind: 'extremes', points: 16 } }, views);
    assert.ok(picks.kind === 'points');
    assert.deepEqual(
      [...picks.times],
      naiveExtremes(total, series, FROM, TO, 16).map((one) => one.time),
    );
  }
}

async function compareLatest(folder: SqliteFolder, all: readonly SamplePoint[]): Promise<void> {
  const { latest } = await folder.store.load();
  for (const series of IDS) {
    const wanted = naivePoints(all, series, FROM, TO).at(-1);
    const found = latest.find((one) => one.series === series);
    assert.deepEqual([series, found?.timeMicros, found?.value], [series, wanted?.time, wanted?.value]);
  }
}

test('points of many series are the same in packs, taken apart, merged, after kills and in a closed day', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.nat(23), fc.boolean(), async (all, killAt, isWorking) => {
      let folder = await new SqliteFolder().open();
      const stack = [folder];
      const stored: SamplePoint[] = [];
      let time = NOON;
      for (const [index, round] of all.entries()) {
        time += round.gapMinutes * 60 * SECOND;
        const points = pointsOf(round, time, index * 1000);
        if (index % 7 === 0) await compare(folder, stored, points);
        await folder.store.seal(aSeal(index + 1, points, { logTimeMicros: time }));
        stored.push(...points);
        if (index === killAt) {
          let copy: SqliteFolder | undefined;
          folder.failpoint = (name) => {
            if (name === 'merge-before-commit' || name === 'rollup-before-commit') copy ??= folder.killed();
          };
          await workAll(folder.store);
          assert.ok(copy);
          folder = await copy.open();
          stack.push(folder);
        }
        if (isWorking) await workAll(folder.store);
      }
      await compare(folder, stored);
      await compareLatest(folder, stored);
      folder.clock.advance((2 * DAY) / 1000);
      const last = aSeal(all.length + 1, [], { logTimeMicros: time + DAY });
      await folder.store.seal(last);
      await workAll(folder.store);
      await compare(folder, stored);
      await compareLatest(folder, stored);
      for (const one of stack) await one[Symbol.asyncDispose]();
    }),
    { numRuns: 25 },
  );
});

function steady(seal: number, perSeries: number): SamplePoint[] {
  return Array.from({ length: 64 * perSeries }, (_, i) => ({
    series: 256 + (i % 64),
    time: NOON + (seal * 60 + Math.floor(i / 64)) * SECOND,
    value: i / 4,
    offset: seal * 100_000 + i,
    ordinal: 0,
  }));
}

function rowsIn(folder: SqliteFolder, where: string): number {
  using file = new DatabaseSync(`${folder.folder}/default/2026-11-24.db`, { readOnly: true });
  return Number(file.prepare(`SELECT count(*) AS n FROM chunks WHERE ${where}`).get()?.n);
}

test('a seal of many series with few points each writes a row for all of them, merging a row for each', async () => {
  await using folder = await new SqliteFolder().open();
  for (let seal = 1; seal <= 20; seal++) {
    await folder.store.seal(aSeal(seal, steady(seal, 2), { logTimeMicros: NOON + seal * 60 * SECOND }));
    await workAll(folder.store);
  }
  assert.equal(rowsIn(folder, 'series = -2'), 20);
  assert.equal(rowsIn(folder, 'series >= 0'), 0);
  await folder.store.seal(aSeal(21, steady(21, 130), { logTimeMicros: NOON + HOUR }));
  assert.equal(rowsIn(folder, 'series >= 0 AND seal = 21'), 64, 'many points have a chunk of their own');
  await folder.store.seal(aSeal(22, steady(22, 1), { logTimeMicros: NOON + HOUR + 120 * SECOND }));
  await workAll(folder.store);
  assert.equal(rowsIn(folder, 'series < 0'), 0);
  assert.equal(rowsIn(folder, 'series >= 0'), 64);
  assert.equal((await folder.store.figures()).chunks, 64);
});

test('an audit finds the points of packs by their offsets', async () => {
  await using folder = await new SqliteFolder().open();
  for (let seal = 1; seal <= 5; seal++)
    await folder.store.seal(aSeal(seal, steady(seal, 3), { position: seal * 100_000 + 192 }));
  assert.equal(rowsIn(folder, 'series = -2'), 5);
  await using snapshot = await openAuditSnapshot(
    { folder: folder.folder, retentionClass: 'default' },
    { clock: folder.clock, disk: nodeDisk(), breathe: () => folder.breathe() },
  );
  const found: SamplePoint[] = [];
  for await (const { series, times, values, offsets, ordinals } of snapshot.points(200_010, 300_100))
    for (const [i, one] of values.entries())
      found.push({
        series,
        time: Number(times[i]),
        value: one,
        offset: Number(offsets[i]),
        ordinal: Number(ordinals[i]),
      });
  const wanted = [2, 3]
    .flatMap((seal) => steady(seal, 3))
    .filter((one) => one.offset >= 200_010 && one.offset < 300_100);
  assert.deepEqual(
    found.sort((a, b) => a.offset - b.offset),
    wanted,
  );
});
