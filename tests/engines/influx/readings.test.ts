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
