import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aHeadView, aSeal, NOON, type SamplePoint } from './builders.ts';
import type { StoreHarness } from './compliance.ts';
import { naiveBuckets } from './naive.ts';

const SECOND = 1_000_000;
const MOST = Number.MAX_VALUE;

/** Values of one second each: what a device says that has no value, beside others and the smallest. */
const SECONDS: readonly (readonly number[])[] = [
  [MOST],
  [MOST, MOST, 1.5],
  [5e-324, MOST, 2.2250738585072014e-308, MOST],
  [1e300, 1.7e308],
  [MOST, 1e291, 20],
  [20, 21.5],
];

/** The promises of `SeriesStore` on sums beyond the largest double, as tests. */
export function testSums(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} query answers buckets whose sum is beyond the largest double with that, sealed or not, and goes on to work`, async () => {
    await using harness = await open();
    await harness.store.load();
    const points: SamplePoint[] = [1, -1].flatMap((sign, at) =>
      SECONDS.flatMap((values, second) =>
        values.map((value, i) => ({
          series: at + 1,
          time: NOON + second * SECOND + i,
          value: sign * value,
          offset: second * 10 + i,
          ordinal: at,
        })),
      ),
    );
    // both ends of the doubles within one second
    points.push(
      ...[MOST, -MOST, MOST, -MOST, MOST, MOST].map((value, i) => ({
        series: 1,
        time: NOON + 7_200 * SECOND + i,
        value,
        offset: 80 + i,
        ordinal: 0,
      })),
    );
    const check = async (heads: ReturnType<typeof aHeadView>[]) => {
      for (const series of [1, 2])
        for (const step of [SECOND, 60 * SECOND, 3_600 * SECOND]) {
          const [fromMicros, toMicros] = [NOON, NOON + 9_000 * SECOND];
          const shape = { kind: 'buckets', stepMicros: step } as const;
          const asked = { series, fromMicros, toMicros, shape, deadlineMs: 1e9 };
          const page = await harness.store.query(asked, heads);
          assert.ok(page.kind === 'buckets');
          assert.deepEqual(page.buckets, naiveBuckets(points, series, fromMicros, toMicros, step));
          assert.ok(page.buckets.some(({ sum }) => Math.abs(sum) === MOST));
        }
    };
    await harness.store.seal(aSeal(1, []));
    await check([aHeadView(2, points)]);
    await harness.store.seal(aSeal(2, points));
    await check([]);
    while (await harness.store.work());
    await harness.reopen();
    await harness.store.load();
    await check([]);
    while (await harness.store.work());
    await check([]);
  });
}
