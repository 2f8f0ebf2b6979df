import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OffsetList } from './offset-list.ts';

test('OffsetList holds any number of offsets in their order, the largest exactly, and forgets them', () => {
  const list = new OffsetList();
  const offsets = Array.from({ length: 1_000 }, (_, i) => Number.MAX_SAFE_INTEGER - 1_000 + i);
  for (const offset of offsets) list.push(offset);
  assert.deepEqual(
    offsets.map((_, i) => list.at(i)),
    offsets,
  );
  assert.deepEqual([list.length, list.at(-1), list.at(1_000)], [1_000, offsets.at(-1), undefined]);
  list.clear().push(7);
  assert.deepEqual([list.length, list.at(0), list.at(1)], [1, 7, undefined]);
});
