import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionEntry, RoleEntry, SinkEntry } from '@skerry/api';
import { FakeClock } from '@skerry/kernel/testing';
import { TableMetrics, type TableMetricsNeeds } from './table-metrics.ts';

const NO_ACCOUNTS: Awaited<ReturnType<TableMetricsNeeds['ledger']['report']>>['totals'] = {
  received: 7,
  stored: 7,
  deduplicated: 0,
  filtered: 0,
  deadLettered: 0,
  discarded: 0,
  expired: 0,
  pending: 0,
};

/** Tables that answer while `isThere`. */
function theTables(
  partitions: readonly PartitionEntry[] = [],
  stores: readonly SinkEntry[] = [],
  processes: readonly RoleEntry[] = [],
) {
  const clock = new FakeClock();
  const state = { isThere: true, counts: 0 };
  const answer = async <T>(value: T): Promise<T> => {
    if (!state.isThere) throw new Error('PostgreSQL has gone');
    return value;
  };
  const readings: TableMetricsNeeds['readings'] = {
    figures: () => answer({ sources: [], devices: 3, series: 0, bytes: 0, points: 0, deadLettersOpen: 0 }),
    census: () => {
      state.counts += 1;
      return answer([
        { tenant: 'acme', model: '', devices: 3, fresh: 2 },
        { tenant: 'acme', model: 'px-7', devices: 1, fresh: 1 },
      ]);
    },
    devices: () => answer({ total: 0, entries: [] }),
  };
  const ledger = { report: () => answer({ imbalances: [], totals: NO_ACCOUNTS }) };
  const site = {
    partitions: () => answer({ items: partitions, trouble: undefined }),
    sinks: () => answer(stores),
    roles: () => answer({ items: processes, silentAfterMs: 10_000 }),
  };
  return {
    state,
    clock,
    metrics: new TableMetrics({ readings, ledger, site, stageTotals: { families: () => [] }, clock }),
  };
}

async function samplesOf(metrics: TableMetrics, name: string) {
  return (await metrics.families()).find((one) => one.name === name)?.samples;
}

test('TableMetrics fails as the readings do, whatever fails beside it, and counts anew once they answer again', async () => {
  const { state, metrics } = theTables();
  const unhandled: unknown[] = [];
  const note = (cause: unknown) => unhandled.push(cause);
  process.on('unhandledRejection', note);
  try {
    state.isThere = false;
    await assert.rejects(metrics.families(), /PostgreSQL has gone/);
    await assert.rejects(metrics.families(), /PostgreSQL has gone/);
    await new Promise((resolve) => setImmediate(resolve)); // where the process tells what nobody has handled
  } finally {
    process.off('unhandledRejection', note);
  }
  assert.deepEqual(unhandled, []);
  state.isThere = true;
  assert.deepEqual(await samplesOf(metrics, 'iot_device_count'), [
    { labels: { tenant: 'acme', model: '', phase: 'fresh' }, value: 2 },
    { labels: { tenant: 'acme', model: '', phase: 'stale' }, value: 1 },
    { labels: { tenant: 'acme', model: 'px-7', phase: 'fresh' }, value: 1 },
    { labels: { tenant: 'acme', model: 'px-7', phase: 'stale' }, value: 0 },
  ]);
});

test('TableMetrics counts devices every ten seconds at most', async () => {
  const { state, clock, metrics } = theTables();
  await metrics.families();
  await metrics.families();
  assert.equal(state.counts, 1);
  clock.advance(10_000);
  await metrics.families();
  assert.equal(state.counts, 2);
});

test('TableMetrics tells what waits in each partition and how long Kafka keeps it, as far as it is known', async () => {
  const now = new FakeClock().nowMicros();
  const one: PartitionEntry = {
    topic: 't',
    partition: 0,
    owner: undefined,
    lastOwner: 'w',
    position: 90,
    end: 100,
    lagRecords: 10,
    lagSeconds: 60,
    retentionAtMicros: now + 7_200_000_000,
    reasons: [{ code: 'unowned', detail: 'no writer has it' }],
  };
  const trimmed = { code: 'offset-trimmed', detail: 'retention has removed records' };
  const { metrics } = theTables([
    one,
    { ...one, partition: 1, lagSeconds: undefined, retentionAtMicros: undefined, reasons: [trimmed] },
    {
      ...one,
      partition: 2,
      end: undefined,
      lagRecords: undefined,
      lagSeconds: undefined,
      retentionAtMicros: undefined,
    },
    { ...one, partition: 3, retentionAtMicros: now - 1 },
  ]);
  const found = async (name: string) =>
    (await samplesOf(metrics, name))?.map(({ labels, value }) => [labels.topic, labels.partition, value]);
  assert.deepEqual(await found('iot_site_lag_records'), [
    ['t', '0', 10],
    ['t', '1', 10],
    ['t', '3', 10],
  ]);
  assert.deepEqual(await found('iot_site_lag_seconds'), [
    ['t', '0', 60],
    ['t', '3', 60],
  ]);
  assert.deepEqual(await found('iot_site_retention_left_seconds'), [
    ['t', '0', 7_200],
    ['t', '1', 0],
    ['t', '3', 0],
  ]);
});

test('TableMetrics tells what each sink lacks and how long that is kept for it, but of none that writers who live do not feed', async () => {
  const now = new FakeClock().nowMicros();
  const one: SinkEntry = {
    name: 'history',
    kind: 'influxdb1',
    isPrimary: false,
    state: 'behind',
    position: 3,
    committed: 9,
    points: 10,
    refused: 0,
    missed: 0,
    lagSeconds: 600,
    retentionAtMicros: now + 3_600_000_000,
    lastError: undefined,
  };
  const stores: SinkEntry[] = [
    { ...one, name: 'store', isPrimary: true, retentionAtMicros: undefined },
    one,
    { ...one, name: 'late', retentionAtMicros: now - 5 },
    { ...one, name: 'whole', lagSeconds: 0, retentionAtMicros: undefined },
    { ...one, name: 'removed', state: 'unknown' },
  ];
  const writer = (state: RoleEntry['state']): RoleEntry => ({
    ...{ role: 'writer', name: 'w', place: 'h', version: '1', state, reasons: [], toldMs: 1 },
    ...{ sinceMicros: now, startedMicros: now, toldMicros: now, slot: undefined, buffer: undefined },
    ...{ sources: [], partitions: ['t/0'] },
  });
  const told = async (state: RoleEntry['state'], name: string) =>
    (await samplesOf(theTables([], stores, [writer(state)]).metrics, name))?.map(({ labels, value }) => [
      labels.sink,
      value,
    ]);
  const [lag, left] = ['iot_site_sink_lag_seconds', 'iot_site_sink_retention_left_seconds'];
  const live = [
    ['history', 600],
    ['late', 600],
    ['whole', 0],
  ];
  assert.deepEqual(await told('degraded', lag), live);
  assert.deepEqual(await told('silent', lag), [...live, ['removed', 600]]);
  assert.deepEqual(await told('ready', left), [
    ['history', 3_600],
    ['late', 0],
  ]);
});
