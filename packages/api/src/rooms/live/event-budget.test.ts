import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBudget } from './event-budget.ts';

function aHolder(bytes: number) {
  const holder = {
    bytes,
    shed: () => {
      holder.bytes = Math.max(0, holder.bytes - 10);
    },
  };
  return holder;
}

test('EventBudget takes from who holds most until all are within the bound', () => {
  const budget = new EventBudget(50);
  const [large, small] = [aHolder(60), aHolder(15)];
  const place = budget.enter(large);
  budget.enter(small);
  budget.check();
  assert.deepEqual([large.bytes, small.bytes], [30, 15]);
  large.bytes = 80;
  place[Symbol.dispose]();
  budget.check();
  assert.deepEqual([budget.bytes, large.bytes], [15, 80]);
});
