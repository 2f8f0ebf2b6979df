import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitTable, MetricFamily } from '@skerry/kernel';
import type { Model } from '../../schemas.ts';
import { openScene } from '../../testing/scene.ts';
import { listLimits } from './limit-list.ts';

const TABLE: LimitTable = {
  queueMax: { value: 10, unit: 'count', what: 'Q.', whenFull: 'Refused.', metric: 'q', key: 'a.b' },
  bytesMax: { value: 5, unit: 'bytes', what: 'B.', whenFull: 'Refused.', metric: 'dropped_total' },
  trimPercent: { value: 80, unit: 'percent', what: 'T.', whenFull: 'Trimmed.', metric: 'q' },
  plainMax: { value: 1, unit: 'levels', what: 'P.', whenFull: 'Refused.' },
};

test('listLimits tells how near a limit is by the highest value of its gauge, and by nothing else', () => {
  const metrics: MetricFamily[] = [
    {
      name: 'q',
      kind: 'gauge',
      help: '',
      samples: [
        { labels: { of: 'a' }, value: 3 },
        { labels: { of: 'b' }, value: 7 },
      ],
    },
    { name: 'dropped_total', kind: 'counter', help: '', samples: [{ labels: {}, value: 4 }] },
  ];
  const { items } = listLimits({ x: TABLE }, metrics);
  assert.deepEqual(
    items.map(({ package: room, name, current, key }) => [room, name, current, key]),
    [
      ['x', 'queueMax', 7, 'a.b'],
      ['x', 'bytesMax', null, null],
      ['x', 'trimPercent', null, null],
      ['x', 'plainMax', null, null],
    ],
  );
});

test('listLimits does not take the sum over all sessions for the subscriptions of one', () => {
  const limit = {
    value: 10,
    unit: 'count',
    what: 'S.',
    whenFull: 'Refused.',
    metric: 'subscriptions',
  } as const;
  const table: LimitTable = { subscriptionsMax: limit, subscriptionsTotalMax: limit };
  const samples = [{ labels: {}, value: 9 }];
  const { items } = listLimits({ mqtt: table }, [
    { name: 'subscriptions', kind: 'gauge', help: '', samples },
  ]);
  assert.deepEqual(
    items.map(({ current }) => current),
    [null, 9],
  );
});

test('listLimits of a server tells its own connections', async () => {
  await using scene = await openScene();
  const { items }: Model<'LimitList'> = await scene.json('/api/v1/limits');
  const connections = items.find(({ name }) => name === 'connectionsMax');
  assert.equal(connections?.package, 'api');
  assert.equal(connections?.value, 512);
});
