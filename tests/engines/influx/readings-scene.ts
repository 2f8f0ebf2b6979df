import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { nodeClock } from '@skerry/kernel/node';
import type { DeviceKey, PointValue, SeriesDefinition, SeriesKey } from '@skerry/model';
import { type BucketPage, feedSinks, type PointPage, type SeriesQuery } from '@skerry/series';
import { type InfluxReadings, type InfluxSinkOptions, openInfluxReadings } from '@skerry/series/influx';
import { openPostgresReadings, type PostgresPool, type PostgresReadings } from '@skerry/series/postgres';
import { aSeal, type SamplePoint, workAll } from '@skerry/series/testing';
import { until } from '../../e2e/condition.ts';
import { aStore, breathe } from '../postgres/scene.ts';
import { aRun, BASE } from './scene.ts';

const SECOND = 1_000_000;
/** The device of all samples: another one in each run, so that a bucket may hold the points of earlier ones. */
export const DEVICE: DeviceKey = {
  tenant: 't 1',
  project: `p='1'`,
  device: `pump "7", north\\2 ${randomUUID()}`,
};
/** Everything. */
export const ALL = { fromMicros: BASE - 10 * SECOND, toMicros: BASE + 3_000 * SECOND };

/** What one series gets: its metric and its points, in the order of their records. */
type Sample = Pick<SamplePoint, 'time' | 'value'> & { readonly offset: number };

/** Points by metric, each in the order of their records. */
const METRICS: Readonly<Record<string, readonly Sample[]>> = {
  // four messages a second with times of whole seconds, and one that comes twice in one record
  'whole seconds': Array.from({ length: 400 }, (_, i) => ({
    time: BASE + Math.floor(i / 4) * SECOND,
    value: i / 7,
    offset: 2_499_898 + i - (i % 50 === 1 ? 1 : 0),
  })),
  // every precision within 10 ms of each other, so that what is moved passes others
  mixed: Array.from({ length: 300 }, (_, i) => ({
    time: BASE + Math.floor(i / 6) * SECOND + ([0, 3_000, 3_001, 9_999, 10_000, 500_000][i % 6] ?? 0),
    value: i % 5 === 0 ? -0 : Math.sin(i) * 1e3,
    offset: 249_000 + 901 * i,
  })),
  // a burst at one microsecond, longer than its nanoseconds tell apart
  burst: Array.from({ length: 1_300 }, (_, i) => ({
    time: BASE + 17 * SECOND + 123_457,
    value: i,
    offset: 700 + i,
  })),
  'große, zahl=1': Array.from({ length: 60 }, (_, i) => ({
    time: BASE + i * 250_000,
    value:
      i % 3 === 0 ? 9_007_199_254_740_993n + BigInt(i) : i % 3 === 1 ? 2n ** 64n - 1n - BigInt(i) : BigInt(i),
    offset: 31 * i,
  })),
  text: Array.from({ length: 60 }, (_, i) => ({
    time: BASE + i * SECOND,
    value: ['', 'line\n"two"\\', '值, a=b', 'x'.repeat(3_000)][i % 4] ?? '',
    offset: 17 * i,
  })),
  flag: Array.from({ length: 60 }, (_, i) => ({ time: BASE + i * 333, value: i % 3 === 0, offset: 5 * i })),
  // a metric that changes its type
  changing: Array.from({ length: 90 }, (_, i) => ({
    time: BASE + i * 100_000,
    value: ([1.5 * i, `v${i}`, i % 2 === 0, 2n ** 60n + BigInt(i)] as const)[i % 4] ?? 0,
    offset: 7 * i,
  })),
  // more than is read for one answer: InfluxDB computes it
  many: Array.from({ length: 52_000 }, (_, i) => ({
    time: BASE + i * 20_000 + 1_000,
    value: Math.round(1e4 * Math.sin(i / 300)) / 64,
    offset: i,
  })),
};

/** All metrics. */
export const NAMES = Object.keys(METRICS);
const SERIES: readonly SeriesDefinition[] = NAMES.map((metric, i) => ({ id: i + 1, ...DEVICE, metric }));

/** Points of all series as seals: by offset, as a journal has them. */
function seals(): SamplePoint[][] {
  const points = NAMES.flatMap((metric, i) =>
    (METRICS[metric] ?? []).map((one): SamplePoint => ({ ...one, series: i + 1, ordinal: 0 })),
  ).sort((a, b) => a.offset - b.offset);
  const numbered = points.map((point, i) => {
    let ordinal = 0;
    while (points[i - 1 - ordinal]?.offset === point.offset) ordinal++;
    return { ...point, ordinal };
  });
  // by offset; the burst is of one seal
  const borders = [0, 650, 2_100, 30_000, Number.POSITIVE_INFINITY];
  return borders
    .slice(1)
    .map((end, i) => numbered.filter(({ offset }) => offset >= Number(borders[i]) && offset < end));
}

/** Seals of all samples into PostgreSQL, and by a sink that keeps up into InfluxDB. */
export async function fill(pool: PostgresPool, options: InfluxSinkOptions): Promise<void> {
  await using store = await aStore(pool);
  const state = await store.load();
  await using sink = await aRun(pool, options);
  const fed = feedSinks(store, state, [sink.run]);
  let position = 0;
  for (const [i, points] of seals().entries()) {
    const next = Number(points.at(-1)?.offset) + 1;
    const rest = {
      series: i === 0 ? SERIES : [],
      from: position,
      position: next,
      logTimeMicros: BASE + i + 1,
    };
    await fed.seal(aSeal(i + 1, points, rest));
    position = next;
  }
  await until(
    'the sink has it',
    () => sink.run.position === 4,
    30_000,
    () => sink.run.trouble?.detail,
  );
  await workAll(store);
}

/** A sink that is new reads all that is committed. */
export async function catchUp(pool: PostgresPool, options: InfluxSinkOptions): Promise<void> {
  await using sink = await aRun(pool, options);
  await until(
    'it has all',
    () => sink.run.position === 4,
    30_000,
    () => sink.run.trouble?.detail,
  );
}

/** What is compared. */
export interface Sides {
  readonly readings: InfluxReadings;
  readonly tables: PostgresReadings;
}

/** Both sides of a sink. */
export function sidesOf(pool: PostgresPool, options: InfluxSinkOptions): Sides {
  const needs = { clock: nodeClock(), breathe };
  return { readings: openInfluxReadings(options, needs), tables: openPostgresReadings(pool, needs) };
}

/** Asks for a metric of the device. */
export async function ask(
  readings: Pick<InfluxReadings, 'points'> | Pick<PostgresReadings, 'points'>,
  metric: string,
  shape: SeriesQuery['shape'],
  range = ALL,
): Promise<PointPage | BucketPage> {
  const series: SeriesKey = { ...DEVICE, metric };
  const page = await readings.points({ series, ...range, deadlineMs: 30_000, shape });
  assert.ok(page, metric);
  return page;
}

/** Times and values, page by page. */
export async function allPoints(
  readings: Pick<InfluxReadings, 'points'> | Pick<PostgresReadings, 'points'>,
  metric: string,
  choice: { readonly limit: number; readonly newestFirst: boolean },
  range = ALL,
): Promise<(readonly [number, PointValue])[]> {
  const found: (readonly [number, PointValue])[] = [];
  for (let after: PointPage['next']; ; ) {
    const page = await ask(readings, metric, { kind: 'raw', after, ...choice }, range);
    assert.ok(page.kind === 'points' && page.times.length <= choice.limit);
    found.push(...page.values.map((value, i) => [Number(page.times[i]), value] as const));
    after = page.next;
    if (!after) return found;
  }
}

/** A range whose ends cut seconds, milliseconds and what InfluxDB has moved. */
const CUT = { fromMicros: BASE + 3 * SECOND + 3_001, toMicros: BASE + 21 * SECOND + 4_000 };

/** Fails where a range of points differs. */
export async function assertSameRanges(
  { readings, tables }: Sides,
  metrics: readonly string[] = NAMES,
): Promise<void> {
  for (const metric of metrics)
    for (const range of [ALL, CUT])
      for (const newestFirst of [false, true]) {
        const limit = ['many', 'burst'].includes(metric) ? 4_997 : 37;
        const found = await allPoints(readings, metric, { limit, newestFirst }, range);
        const wanted = await allPoints(tables, metric, { limit: 10_000, newestFirst }, range);
        assert.deepEqual(found, wanted, `${metric} ${newestFirst} ${range.fromMicros - BASE}`);
      }
}

/** Fails where buckets differ. */
export async function assertSameBuckets({ readings, tables }: Sides): Promise<void> {
  for (const metric of NAMES)
    for (const range of [ALL, CUT])
      for (const stepMicros of [7_777, 10_000, 250_000, SECOND, 60 * SECOND, 3_600 * SECOND]) {
        if (metric === 'many' && stepMicros < 250_000) continue;
        const found = await ask(readings, metric, { kind: 'buckets', stepMicros }, range);
        const wanted = await ask(tables, metric, { kind: 'buckets', stepMicros }, range);
        assert.ok(found.kind === 'buckets' && wanted.kind === 'buckets');
        const place = `${metric} ${stepMicros} ${range.fromMicros - BASE}`;
        assert.equal(found.buckets.length, wanted.buckets.length, place);
        for (const [i, { sum, ...rest }] of wanted.buckets.entries()) {
          const own: number = found.buckets[i]?.sum ?? Number.NaN;
          assert.deepEqual({ ...found.buckets[i], sum }, { ...rest, sum }, place);
          // doubles that are added in another order
          assert.ok(Math.abs(own - sum) <= 1e-9 * Math.max(1, Math.abs(sum)), `${place}: ${own}, ${sum}`);
        }
      }
}

/** Fails where extremes or newest values differ. */
export async function assertSameExtremes({ readings, tables }: Sides): Promise<void> {
  for (const metric of NAMES)
    for (const range of [ALL, CUT])
      for (const points of [4, 40, 1_000]) {
        const [found, wanted] = await Promise.all(
          [readings, tables].map((one) => ask(one, metric, { kind: 'extremes', points }, range)),
        );
        assert.ok(found?.kind === 'points' && wanted?.kind === 'points');
        const told = ({ times, values }: PointPage) => values.map((value, i) => [Number(times[i]), value]);
        assert.deepEqual(told(found), told(wanted), `${metric} ${points} ${range.fromMicros - BASE}`);
      }
  await assertSameLatest({ readings, tables });
}

/** Fails where newest values differ; the order of metrics is that of the tables. */
export async function assertSameLatest({ readings, tables }: Sides): Promise<void> {
  const wanted = (await tables.latest(DEVICE)) ?? [];
  assert.equal(wanted.length, NAMES.length);
  const metrics = wanted.map(({ metric }) => metric);
  assert.deepEqual(await readings.latest(DEVICE, metrics), wanted);
}
