import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerOrder } from './answering-admin.ts';

test('BrokerOrder gives each broker once, in the order given, and what failed last comes last', () => {
  const [one, two, three] = [1, 2, 3].map((port) => ({ host: 'a', port }));
  assert.ok(one && two && three);
  const order = new BrokerOrder();
  assert.deepEqual(order.sorted([one, two, { ...one }, three]), [one, two, three]);
  order.failed(one);
  assert.deepEqual(order.sorted([one, two, three]), [two, three, one]);
  order.failed({ ...two });
  order.failed(three);
  assert.deepEqual(order.sorted([three, two, one]), [one, two, three]);
});
