import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../limits.ts';
import { aHeadView, NOON, type SamplePoint } from '../testing/index.ts';
import { MinuteSums, SUM_COLUMNS } from './minute-sums.ts';

const MINUTE = 60_000_000;

function aPoint(rest: Partial<SamplePoint> = {}): SamplePoint {
  return { series: 1, time: NOON, value: 1, offset: 1, ordinal: 0, ...rest };
}

function sumsOf(...seals: readonly (readonly SamplePoint[])[]): MinuteSums {
  const sums = new MinuteSums(7);
  for (const [i, points] of seals.entries()) sums.add(aHeadView(i + 1, points), NOON + i);
  return sums;
}

/** Rows as objects, by series and minute. */
function rowsOf(sums: MinuteSums): Record<string, number>[] {
  const columns = SUM_COLUMNS.map((name, at) => [name, sums.column(at)] as const);
  return Array.from({ length: sums.rows }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, Number(values[row])])),
  );
}

test('MinuteSums: a row for each series and minute, its first and last point by time, offset and ordinal', () => {
  const sums = sumsOf(
    [
      aPoint({ value: 3, offset: 5 }),
      aPoint({ value: -1, offset: 4 }),
      aPoint({ value: 8n, offset: 5, ordinal: 1 }),
    ],
    [aPoint({ time: NOON + MINUTE, value: 2 }), aPoint({ series: 90, value: 4 })],
    // late
    [aPoint({ time: NOON + 1_000, value: 5, offset: 9 }), aPoint({ value: true }), aPoint({ value: 'on' })],
  );
  assert.deepEqual([sums.after, sums.isWhole, sums.rows], [7, true, 3]);
  const [late, next, other] = rowsOf(sums);
  assert.deepEqual(late, {
    series: 1,
    minute: NOON / MINUTE,
    count: 4,
    min: -1,
    max: 8,
    sum: 15,
    headSecs: NOON / 1e6,
    headPosition: 4,
    headOrdinal: 0,
    headValue: -1,
    tailSecs: (NOON + 1_000) / 1e6,
    tailPosition: 9,
    tailOrdinal: 0,
    tailValue: 5,
  });
  assert.deepEqual([next?.minute, next?.sum], [NOON / MINUTE + 1, 2]);
  assert.deepEqual([other?.series, other?.sum], [90, 4]);
});

test('MinuteSums: they stand for the points no more with a value that is not a number, receipts of two months, or too many minutes', () => {
  assert.equal(sumsOf([aPoint({ value: Number.NaN })]).isWhole, false);
  const months = sumsOf([aPoint()]);
  months.add(aHeadView(2, [aPoint()]), Date.UTC(2026, 11, 1) * 1_000);
  assert.deepEqual([months.isWhole, months.rows], [false, 0]);
  const many = Array.from({ length: LIMITS.rollSumsMax.value }, (_, i) =>
    aPoint({ time: NOON + i * MINUTE }),
  );
  const full = sumsOf(many);
  assert.deepEqual([full.isWhole, full.rows], [true, many.length]);
  full.add(aHeadView(2, [aPoint()]), NOON);
  assert.equal(full.isWhole, true);
  full.add(aHeadView(3, [aPoint({ series: 2 })]), NOON);
  assert.deepEqual([full.isWhole, full.rows], [false, 0]);
  full.add(aHeadView(4, [aPoint()]), NOON);
  assert.equal(full.rows, 0);
});
