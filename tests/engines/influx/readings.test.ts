// The same points in PostgreSQL and, by the sink, in InfluxDB 1: both give the same answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema } from '../postgres/scene.ts';
import {
  ALL,
  allPoints,
  ask,
  assertSameBuckets,
  assertSameExtremes,
  assertSameLatest,
  assertSameRanges,
  catchUp,
  DEVICE,
  fill,
  NAMES,
  sidesOf,
} from './readings-scene.ts';
import { sinkOptions } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());
const influx = await startInfluxdb();
after(() => influx[Symbol.asyncDispose]());
const pool = aPool(server.url(), aSchema());
after(() => pool[Symbol.asyncDispose]());

const sides = sidesOf(pool, sinkOptions(influx.url));

before(() => fill(pool, sinkOptions(influx.url)));

test('openInfluxReadings: ranges are those of PostgreSQL, point by point, and a second writing changes nothing', async () => {
  await assertSameRanges(sides);
  await catchUp(pool, sinkOptions(influx.url, { name: 'again' }));
  await assertSameRanges(sides, ['burst', 'mixed', 'whole seconds']);
  const burst = await allPoints(sides.readings, 'burst', { limit: 10_000, newestFirst: false });
  assert.equal(burst.length, 1_300);
});

test('openInfluxReadings: buckets of every step are those of PostgreSQL', async () => {
  const found = await ask(sides.readings, 'many', { kind: 'buckets', stepMicros: 60_000_000 });
  assert.ok(found.kind === 'buckets' && found.buckets.length > 10);
  await assertSameBuckets(sides);
});

test('openInfluxReadings: sums beyond the largest double end there, where InfluxDB sums up', async () => {
  const series = { tenant: 't', project: 'p', device: 'unset', metric: 'unset' };
  const tags = `tenant=t,project=p,device=unset`;
  const of = (i: number) => (i % 30_000 === 7 || i % 30_000 === 8 ? Number.MAX_VALUE : i % 3);
  const count = 51_000;
  const lines = Array.from(
    { length: count },
    (_, i) => `unset,${tags} value=${of(i)} ${BigInt(ALL.fromMicros + i * 10_000) * 1_000n}`,
  );
  const written = await fetch(`${influx.url}/write?db=${sinkOptions(influx.url).database}`, {
    method: 'POST',
    body: lines.join('\n'),
  });
  assert.equal(written.status, 204);
  const range = { fromMicros: ALL.fromMicros, toMicros: ALL.fromMicros + count * 10_000 };
  const shape = { kind: 'buckets', stepMicros: 100_000_000 } as const;
  const page = await sides.readings.points({ series, ...range, deadlineMs: 30_000, shape });
  assert.ok(page.kind === 'buckets');
  const huge = page.buckets.filter(({ max }) => max === Number.MAX_VALUE);
  assert.deepEqual(
    huge.map(({ sum }) => sum),
    [Number.MAX_VALUE, Number.MAX_VALUE],
  );
  const usual = page.buckets.filter(({ max }) => max === 2);
  assert.equal(usual.length + huge.length, page.buckets.length);
  assert.ok(usual.slice(1, -1).some((one) => one.count === 10_000 && Math.abs(one.sum - 10_000) <= 1));
});

test('openInfluxReadings: extremes and newest values are those of PostgreSQL', async () => {
  await assertSameExtremes(sides);
  assert.deepEqual(await sides.readings.latest({ ...DEVICE, device: 'another' }, NAMES), []);
});

test('openInfluxReadings: one measurement of all metrics has the same answers', async () => {
  const options = sinkOptions(influx.url, { name: 'one', measurement: 'all, "of them"', database: 'one' });
  await catchUp(pool, options);
  const one = sidesOf(pool, options);
  await assertSameRanges(one, ['mixed', 'changing', 'große, zahl=1']);
  await assertSameLatest(one);
});

test('the samples have a device of their own in each run, so that one bucket serves many', async () => {
  const anew = './readings-scene.ts?anew';
  const other: { readonly DEVICE: typeof DEVICE } = await import(anew);
  assert.equal(other.DEVICE.tenant, DEVICE.tenant);
  assert.notEqual(other.DEVICE.device, DEVICE.device);
});

test('openInfluxReadings: a server that is away, a database that is not there and a deadline are told', async () => {
  const shape = { kind: 'raw', after: undefined, limit: 1, newestFirst: false } as const;
  const away = sidesOf(pool, sinkOptions('http://127.0.0.1:1')).readings;
  await assert.rejects(ask(away, 'mixed', shape), { code: 'sink-unreachable' });
  const nowhere = sidesOf(pool, sinkOptions(influx.url, { database: 'nowhere' })).readings;
  await assert.rejects(ask(nowhere, 'mixed', shape), {
    code: 'sink-not-found',
    message: /Cannot ask nowhere/,
  });
  const series = { ...DEVICE, metric: 'many' };
  const way = { kind: 'buckets', stepMicros: 7 } as const;
  await assert.rejects(sides.readings.points({ series, ...ALL, deadlineMs: 1, shape: way }), {
    code: 'deadline-passed',
  });
});
