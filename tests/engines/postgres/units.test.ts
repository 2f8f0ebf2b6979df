// Units of series and models of devices, as seals tell them, in PostgreSQL.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { nodeClock } from '@skerry/kernel/node';
import type { Seal } from '@skerry/series';
import { openPostgresReadings } from '@skerry/series/postgres';
import { aSeal, NOON, workAll } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema, aStore, breathe } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

test('PostgresStore: the unit of a series stands in the views, the newest that was told, whichever source told it', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  const seal = (number: number, time: number, units: Seal['units']): Seal => ({
    ...aSeal(
      number,
      [1, 2].map((series) => ({ series, time, value: number, offset: number, ordinal: series })),
    ),
    ...(units && { units }),
  });
  const shown = () => server.sql(`SELECT DISTINCT metric, unit FROM "${schema}".telemetry ORDER BY metric`);
  await using store = await aStore(pool);
  await store.load();
  await store.seal(seal(1, NOON, undefined));
  assert.equal(await shown(), 'm1|\nm2|');
  await store.seal(seal(2, NOON + 1, [{ series: 1, unit: 'Cel' }]));
  assert.equal(await shown(), 'm1|Cel\nm2|');
  await using other = await aStore(pool, { journalId: 'ff'.repeat(16) });
  await other.load();
  const units = [
    { series: 2, unit: 'l/min' },
    { series: 1, unit: 'K\u0000' },
  ];
  await other.seal({ ...seal(1, NOON + 2, units), journalId: 'ff'.repeat(16) });
  assert.match(await shown(), /^m1\|K.+\nm2\|l\/min$/);
});

test('openPostgresReadings: devices are counted by tenant and model, whatever else a model may be', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  const metrics = [
    ['a', 'model', 'px-7'],
    ['b', 'Properties/Hardware Model', 'px-7'],
    ['c', 'Properties/Hardware Model', 'px-8'],
    ['c', 'model', 'px-9'],
    ['d', 'model', 'x'.repeat(65)],
    ['e', 'model', 7],
    ['f', 'temp', 1],
  ] as const;
  const points = metrics.map(([, , value], i) => ({
    series: i + 1,
    time: NOON,
    value,
    offset: i,
    ordinal: 0,
  }));
  const series = metrics.map(([device, metric], i) => ({
    id: i + 1,
    tenant: 't',
    project: 'p',
    device,
    metric,
  }));
  await store.seal(aSeal(1, points, { series }));
  await workAll(store);
  const readings = openPostgresReadings(pool, { clock: nodeClock(), breathe });
  const census = await readings.census(0);
  assert.deepEqual(
    census.map(({ tenant, model, devices }) => [tenant, model, devices]),
    [
      ['t', '', 3],
      ['t', 'px-7', 2],
      ['t', 'px-9', 1],
    ],
  );
});
