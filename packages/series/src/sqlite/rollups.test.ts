import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aHeadView, aSeal, NOON, naiveBuckets, type SamplePoint, workAll } from '../testing/index.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const HOUR_MS = 3_600_000;
const START = NOON - 10 * HOUR;

async function compareBuckets(
  folder: SqliteFolder,
  all: readonly SamplePoint[],
  step: number,
  unsealed: readonly SamplePoint[] = [],
): Promise<number> {
  const [fromMicros, toMicros] = [START - 240 * HOUR, START + 480 * HOUR];
  let coarsest = 0;
  for (const series of [1, 2, 300]) {
    const shape = { kind: 'buckets', stepMicros: step } as const;
    const heads = unsealed.length > 0 ? [aHeadView(1e6, unsealed)] : [];
    const page = await folder.store.query({ series, fromMicros, toMicros, deadlineMs: 1e9, shape }, heads);
    assert.ok(page.kind === 'buckets');
    assert.deepEqual(page.buckets, naiveBuckets([...all, ...unsealed], series, fromMicros, toMicros, step));
    coarsest = Math.max(coarsest, page.resolutionMicros);
  }
  return coarsest;
}

test('rollups answer exactly after raw points are gone, late data, folding, kills and heads included', async () => {
  const late = fc.array(fc.record({ hour: fc.nat(160), back: fc.nat(200), minute: fc.nat(59) }), {
    maxLength: 30,
  });
  const property = fc.asyncProperty(late, fc.nat(160), async (lateness, killAt) => {
    let folder = await new SqliteFolder().open();
    const stack: SqliteFolder[] = [folder];
    const all: SamplePoint[] = [];
    for (let hour = 0; hour < 160; hour++) {
      const times = lateness
        .filter((one) => one.hour === hour)
        .map((one) => (hour - one.back) * HOUR + one.minute * MINUTE);
      const points = [hour * HOUR, hour * HOUR + 90 * 1e6, ...times].map((micros, ordinal) => ({
        series: [1, 2, 300][ordinal % 3] ?? 1,
        time: START + micros,
        value: ((hour * 7 + ordinal) % 50) / 4,
        offset: hour * 100 + ordinal,
        ordinal,
      }));
      folder.clock.advance(HOUR_MS);
      await folder.store.seal(aSeal(hour + 1, points, { logTimeMicros: START + hour * HOUR }));
      all.push(...points);
      if (hour === killAt) {
        let copy: SqliteFolder | undefined;
        folder.failpoint = (name) => {
          if (name === 'rollup-before-commit') copy ??= folder.killed();
        };
        await workAll(folder.store);
        assert.ok(copy);
        folder = await copy.open();
        stack.push(folder);
      }
      await workAll(folder.store);
    }
    const oldest = (await folder.store.figures()).oldestDay ?? '';
    assert.ok(oldest > '2026-11-25', oldest);
    assert.equal(await compareBuckets(folder, all, MINUTE), MINUTE);
    assert.equal(await compareBuckets(folder, all, HOUR), HOUR);
    assert.equal(await compareBuckets(folder, all, 24 * HOUR), HOUR);
    const more = [{ series: 1, time: START + 5 * MINUTE, value: 99, offset: 1e6, ordinal: 0 }];
    await compareBuckets(folder, all, MINUTE, more);
    await folder.store.seal(aSeal(161, more, { logTimeMicros: START + 160 * HOUR }));
    await compareBuckets(folder, [...all, ...more], MINUTE);
    await folder.reopen();
    await workAll(folder.store);
    await compareBuckets(folder, [...all, ...more], HOUR);
    for (const one of stack) await one[Symbol.asyncDispose]();
  });
  await fc.assert(property, { numRuns: 4 });
});
