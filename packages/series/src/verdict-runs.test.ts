import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from './testing/index.ts';
import { decodeVerdicts, encodeVerdicts } from './verdict-runs.ts';

test('encodeVerdicts writes pairs of varints that decodeVerdicts reads', () => {
  const runs = [
    { verdict: 'stored', count: 300 },
    { verdict: 'deadLettered', count: 1 },
    { verdict: 'none', count: 2 },
  ] as const;
  assert.deepEqual([...encodeVerdicts(runs)], [1, 0xac, 2, 5, 1, 0, 2]);
  assert.deepEqual(decodeVerdicts(encodeVerdicts(runs)), runs);
  assert.throws(() => decodeVerdicts(Uint8Array.of(9, 1)), hasCode('chunk-damaged'));
  assert.throws(() => decodeVerdicts(Uint8Array.of(1)), hasCode('chunk-damaged'));
});
