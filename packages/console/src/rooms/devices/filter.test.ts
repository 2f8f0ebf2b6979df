import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNarrow, narrowingOf, readFilter, readOrder } from './filter.ts';

test('readFilter and readOrder read the address, and what it does not say narrows nothing', () => {
  const none = new URLSearchParams('');
  assert.equal(isNarrow(readFilter(none)), false);
  assert.deepEqual(narrowingOf(readFilter(none)), {});
  assert.deepEqual(readOrder(none), { sort: 'device', isDescending: false });
  const query = new URLSearchParams('search=+pump&project=p&fresh=quiet&sort=last-seen&order=desc');
  assert.deepEqual(narrowingOf(readFilter(query)), {
    search: 'pump',
    project: 'p',
    seenFrom: 'now-1d',
    seenBefore: 'now-5m',
  });
  assert.deepEqual(readOrder(query), { sort: 'last-seen', isDescending: true });
});

test('readFilter leaves out an age and an order that are none', () => {
  const query = new URLSearchParams('fresh=toString&sort=constructor');
  assert.deepEqual(narrowingOf(readFilter(query)), {});
  assert.equal(readOrder(query).sort, 'device');
});
