import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChaosRow } from '@skerry/api';
import { ChaosTally } from './chaos-tally.ts';

const CUT: ChaosRow = {
  input: 'cut-publish',
  level: '5',
  inputs: 1,
  expected: { kind: 'closed' },
  answer: { kind: 'closed' },
  verdict: 'yes',
  letter: undefined,
};

test('ChaosTally makes one row of inputs of a kind that were answered alike, and counts each input', () => {
  const tally = new ChaosTally();
  const odd: ChaosRow = { ...CUT, answer: { kind: 'closed', code: 0x81 }, verdict: 'NOT' };
  const older: ChaosRow = { ...CUT, level: '3.1.1' };
  const letter: ChaosRow = {
    ...CUT,
    input: 'nan',
    level: undefined,
    answer: { kind: 'dead-lettered', reason: 'undecodable' },
  };
  for (const row of [CUT, CUT, odd, older, CUT, letter]) tally.add(row);
  assert.deepEqual(tally.rows, [{ ...CUT, inputs: 3 }, odd, older, letter]);
  assert.equal(tally.sent, 6);
  assert.deepEqual(tally.counts, { stored: 0, deadLettered: 1, refused: 0, closed: 5, wrong: 1 });
});
