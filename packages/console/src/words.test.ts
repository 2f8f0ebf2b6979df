import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatMillis, formatRate } from './format.ts';
import { ageParts, freshnessAt } from './freshness.ts';
import { messages } from './messages.ts';

test('freshnessAt goes from live to silent with age', () => {
  assert.deepEqual([0, 29_999, 30_000, 299_999, 300_000, 86_400_000].map(freshnessAt), [
    'live',
    'live',
    'recent',
    'recent',
    'quiet',
    'silent',
  ]);
});

test('messages.ago says ages in words and never a negative one', () => {
  assert.equal(messages.ago(-5_000), 'just now');
  assert.equal(messages.ago(12_400), '12 seconds ago');
  assert.equal(messages.ago(3 * 3_600_000), '3 hours ago');
  assert.deepEqual(ageParts(40 * 3_600_000), { count: 1, unit: 'day' });
});

test('formatRate, formatMillis and formatBytes choose a unit that fits', () => {
  assert.deepEqual([formatRate(9.95), formatRate(12_345.6)], ['10', '12,346']);
  assert.deepEqual([formatMillis(42.4), formatMillis(1_500)], ['42 ms', '1.5 s']);
  assert.deepEqual(
    [formatBytes(512), formatBytes(1_536), formatBytes(2 ** 31)],
    ['512 B', '1.5 KiB', '2 GiB'],
  );
});
