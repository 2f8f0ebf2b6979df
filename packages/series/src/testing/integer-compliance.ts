import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aSeal, NOON, someSeries } from './builders.ts';
import { type StoreHarness, workAll } from './compliance.ts';

/** What stores promise of integers beyond doubles; part of `testSeriesStore`. */
export function testIntegers(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} keeps integers of 78 digits and their signs, as points and as newest values`, async () => {
    await using harness = await open();
    await harness.store.load();
    const most = BigInt('9'.repeat(78));
    const values = [2n ** 70n, -(2n ** 70n), most, -most, 2n ** 255n];
    const points = values.map((value, i) => ({
      series: i + 1,
      time: NOON + i,
      value,
      offset: i,
      ordinal: 0,
    }));
    await harness.store.seal(aSeal(1, points, { series: someSeries([1, 2, 3, 4, 5]) }));
    await workAll(harness.store);
    await harness.reopen();
    const { latest } = await harness.store.load();
    assert.deepEqual(
      latest.map(({ value }) => value),
      values,
    );
    const shape = { kind: 'raw', after: undefined, limit: 10, newestFirst: false } as const;
    for (const [i, value] of values.entries()) {
      const asked = { series: i + 1, fromMicros: 0, toMicros: 2 * NOON, shape, deadlineMs: 1e6 };
      const page = await harness.store.query(asked, []);
      assert.deepEqual(page.kind === 'points' && page.values, [value]);
    }
  });
}
