import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricFamily } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import type { ReadingRole } from '@skerry/series/postgres';
import { LIMITS } from '../../limits.ts';
import { StageTotals } from './stage-totals.ts';

const HIGH = { tenant: 'acme', project: 'plant', pipeline: 'high', stage: 'only' };

/** What a writer told: messages that came to a stage, and groups of it. */
function aWriter(id: string, came: number, groups: number, facts: Partial<ReadingRole> = {}): ReadingRole {
  const stages: MetricFamily[] = [
    { name: 'in_total', kind: 'counter', help: 'Came.', samples: [{ labels: HIGH, value: came }] },
    { name: 'groups', kind: 'gauge', help: 'Groups.', samples: [{ labels: HIGH, value: groups }] },
  ];
  const report = { ...NOBODY, stages };
  return { id, isEnded: false, toldMicros: 0, ageMs: 500, report, ...facts };
}

const NOBODY = {
  ...{
    role: 'writer' as const,
    place: 'box:/w',
    name: 'box/1',
    version: '0.1.0',
    startedMicros: 0,
    sinceMicros: 0,
  },
  ...{ reasons: [], slot: null, buffer: null, sources: [], partitions: [] },
};

/** Totals over what `site.roles` are at each look. */
function theTotals(roles: readonly ReadingRole[]) {
  const site: { roles: readonly ReadingRole[]; isThere: boolean } = { roles, isThere: true };
  const readings = {
    roles: async () => {
      if (!site.isThere) throw new Error('PostgreSQL has gone');
      return site.roles;
    },
  };
  const totals = new StageTotals({ readings, clock: new FakeClock() });
  const values = () =>
    totals.families().map(({ name, samples }) => [name, samples.map(({ value }) => value)]);
  const look = async (next: readonly ReadingRole[]) => {
    site.roles = next;
    await totals.look();
    return Object.fromEntries(values()) as Readonly<Record<string, number[]>>;
  };
  return { site, totals, look };
}

test('StageTotals adds up what writers did since its first look, and never goes back', async () => {
  const { look } = theTotals([aWriter('a', 100, 2)]);
  assert.deepEqual(await look([aWriter('a', 100, 2)]), { in_total: [0], groups: [2] });
  assert.deepEqual(await look([aWriter('a', 107, 3)]), { in_total: [7], groups: [3] });
  const both = [aWriter('a', 107, 3), aWriter('b', 5, 1)];
  assert.deepEqual(await look(both), { in_total: [12], groups: [4] }, 'one that is new began at 0');
  const left = [aWriter('a', 110, 3, { isEnded: true }), aWriter('b', 6, 1)];
  assert.deepEqual(
    await look(left),
    { in_total: [16], groups: [1] },
    'its last word counts, its gauges do not',
  );
  assert.deepEqual(await look([aWriter('b', 6, 1)]), { in_total: [16], groups: [1] });
  const silent = { ageMs: LIMITS.roleSilentMs.value + 1 };
  assert.deepEqual(await look([aWriter('b', 6, 1, silent), aWriter('c', 4, 9)]), {
    in_total: [20],
    groups: [9],
  });
});

test('StageTotals counts nothing twice of one that is missing for a look, nor back where a count goes back', async () => {
  const { look } = theTotals([]);
  assert.deepEqual(await look([]), {});
  assert.deepEqual((await look([aWriter('a', 10, 1)])).in_total, [10]);
  assert.deepEqual((await look([aWriter('b', 1, 1)])).in_total, [11]);
  assert.deepEqual((await look([aWriter('a', 12, 1), aWriter('b', 1, 1)])).in_total, [13]);
  assert.deepEqual((await look([aWriter('a', 9, 1), aWriter('b', 1, 1)])).in_total, [13]);
  assert.deepEqual((await look([aWriter('a', 13, 1), aWriter('b', 1, 1)])).in_total, [14]);
});

test('StageTotals leaves out what no process tells any more, and keeps its count while PostgreSQL is away', async () => {
  const { look, site, totals } = theTotals([]);
  assert.deepEqual(await look([]), {});
  assert.deepEqual(await look([aWriter('a', 3, 1)]), { in_total: [3], groups: [1] });
  site.isThere = false;
  await assert.rejects(totals.look(), /PostgreSQL has gone/);
  site.isThere = true;
  assert.deepEqual(await look([aWriter('a', 5, 1)]), { in_total: [5], groups: [1] });
  const gone = await look([{ ...aWriter('b', 0, 0), report: { ...NOBODY, stages: [] } }]);
  assert.deepEqual(gone, { in_total: [] });
});
