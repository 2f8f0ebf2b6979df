import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerOrder } from './answering-admin.ts';

const [one, two, three] = [1, 2, 3].map((port) => ({ host: 'a', port }));
assert.ok(one && two && three);

test('BrokerOrder gives each broker once, in the order given, and what failed last comes last', () => {
  const order = new BrokerOrder();
  assert.deepEqual(order.sorted([one, two, { ...one }, three]), [one, two, three]);
  order.failed(one);
  assert.deepEqual(order.sorted([one, two, three]), [two, three, one]);
  order.failed({ ...two });
  order.failed(three);
  assert.deepEqual(order.sorted([three, two, one]), [one, two, three]);
});

test('BrokerOrder keeps what failed behind what ended, and forgets both of what answered', () => {
  const order = new BrokerOrder();
  order.failed(one);
  order.ended(two);
  order.ended(three);
  assert.deepEqual(order.sorted([one, two, three]), [two, three, one]);
  order.ended(one);
  order.ended(two);
  assert.deepEqual(order.sorted([one, two, three]), [three, two, one]);
  order.answered(one);
  assert.deepEqual(order.sorted([three, two, one]), [one, three, two]);
});
