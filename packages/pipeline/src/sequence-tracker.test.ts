import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SequenceTracker } from './sequence-tracker.ts';

const DEVICE = { tenant: 't', project: 'p', device: 'd' };
const gapsOf = (tracker: SequenceTracker) =>
  tracker.snapshot(DEVICE).map(({ epoch, highest, gaps }) => ({ epoch, highest, gaps }));

test('SequenceTracker notes gaps with their bounds and closes them when late numbers come', () => {
  const tracker = new SequenceTracker();
  assert.deepEqual(
    [1, 2, 6, 4, 3, 5].map((seq) => tracker.note('a', seq)),
    ['next', 'next', 'gap', 'late', 'late', 'late'],
  );
  assert.deepEqual(gapsOf(tracker), [{ epoch: 'a', highest: 6, gaps: [] }]);
});

test('SequenceTracker counts a restart once', () => {
  const tracker = new SequenceTracker();
  for (let seq = 0; seq < 10; seq++) tracker.note('', seq);
  assert.deepEqual(
    [0, 1, 2].map((seq) => tracker.note('', seq)),
    ['restart', 'next', 'next'],
  );
});

test('SequenceTracker takes a lower number in a new epoch as a restart and follows both', () => {
  const tracker = new SequenceTracker();
  tracker.note('a', 5);
  tracker.note('a', 8);
  assert.equal(tracker.note('b', 0), 'restart');
  assert.equal(tracker.note('c', 1), 'next');
  assert.equal(tracker.note('a', 6), 'late');
  assert.deepEqual(gapsOf(tracker)[0], { epoch: 'a', highest: 8, gaps: [{ from: 7, to: 7 }] });
});

test('SequenceTracker forgets the oldest beyond its limits and counts them', () => {
  const tracker = new SequenceTracker();
  for (let seq = 0; seq < 200; seq += 2) tracker.note('a', seq);
  assert.equal(tracker.gapCount, 64);
  assert.equal(tracker.forgotten, 35);
  for (const epoch of ['b', 'c', 'd', 'e']) tracker.note(epoch, 1000);
  assert.equal(tracker.gapCount, 0);
  assert.equal(tracker.forgotten, 99);
});

test('SequenceTracker knows exactly which numbers of a shuffled range are missing', () => {
  const numbers = fc.uniqueArray(fc.nat(60), { minLength: 1 });
  fc.assert(
    fc.property(numbers, (seqs) => {
      const tracker = new SequenceTracker();
      // a number below the first one would be a restart
      const ordered = [Math.min(...seqs), ...seqs.filter((seq) => seq !== Math.min(...seqs))];
      for (const seq of ordered) assert.notEqual(tracker.note('a', seq), 'restart');
      const missing = new Set<number>();
      for (const { from, to } of gapsOf(tracker)[0]?.gaps ?? [])
        for (let seq = from; seq <= to; seq++) missing.add(seq);
      for (let seq = Math.min(...seqs); seq <= Math.max(...seqs); seq++)
        assert.equal(missing.has(seq), !seqs.includes(seq), String(seq));
    }),
  );
});

test('SequenceTracker goes on from its snapshot', () => {
  const tracker = new SequenceTracker();
  for (const seq of [1, 5, 9]) tracker.note('a', seq);
  const again = new SequenceTracker();
  for (const one of tracker.snapshot(DEVICE)) again.restore(one);
  assert.equal(again.note('a', 7), 'late');
  assert.equal(again.note('a', 10), 'next');
});
