import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceCounter } from './device-census.ts';
import { LIMITS } from './limits.ts';

const key = (n: number) => ({ tenant: 'acme', project: 'plant', device: `d${n}` });

test('DeviceCounter counts by tenant, model and phase, and by status over all of them', () => {
  const counter = new DeviceCounter(false);
  counter.add('acme', '', 'fresh', 2);
  counter.add('acme', 'px-7', 'stale');
  counter.add('zenith', '', 'fresh');
  counter.status(key(1), 'fresh');
  assert.deepEqual(counter.census, {
    counts: [
      { tenant: 'acme', model: '', phase: 'fresh', count: 2 },
      { tenant: 'acme', model: '', phase: 'stale', count: 0 },
      { tenant: 'acme', model: 'px-7', phase: 'fresh', count: 0 },
      { tenant: 'acme', model: 'px-7', phase: 'stale', count: 1 },
      { tenant: 'zenith', model: '', phase: 'fresh', count: 1 },
      { tenant: 'zenith', model: '', phase: 'stale', count: 0 },
    ],
    statuses: [
      { labels: { status: 'fresh' }, value: 3 },
      { labels: { status: 'stale' }, value: 1 },
    ],
  });
  counter.begin();
  counter.add('acme', 'px-7', 'stale');
  assert.deepEqual(
    counter.census.counts.map(({ count }) => count),
    [0, 0, 0, 1, 0, 0],
    'what is no more is told as none',
  );
});

test('DeviceCounter tells of each device up to its limit and of no tenant beyond its own', () => {
  const counter = new DeviceCounter(true);
  for (let n = 0; n < LIMITS.censusDevicesMax.value + 5; n++) counter.status(key(n), 'stale');
  const { statuses } = counter.census;
  assert.equal(statuses.length, LIMITS.censusDevicesMax.value);
  assert.deepEqual(statuses[0], {
    labels: { device_id: 'd0', tenant: 'acme', project: 'plant' },
    value: 0,
  });
  const tenants = LIMITS.censusTenantsMax.value;
  for (let n = 0; n < tenants + 3; n++) counter.add(`t${n}`, '', 'fresh');
  const { counts } = counter.census;
  assert.equal(counts.length, 2 * (tenants + 1));
  assert.equal(counts.find(({ tenant, phase }) => tenant === '(other)' && phase === 'fresh')?.count, 3);
  for (let n = 0; n < LIMITS.censusModelsMax.value + 2; n++) counter.add('t0', `m${n}`, 'stale');
  const models = counter.census.counts.filter((one) => one.tenant === 't0' && one.phase === 'stale');
  assert.equal(models.length, LIMITS.censusModelsMax.value + 2, 'with those that tell none, and all others');
  assert.equal(models.at(-1)?.model, '(other)');
  assert.equal(models.at(-1)?.count, 2);
});
