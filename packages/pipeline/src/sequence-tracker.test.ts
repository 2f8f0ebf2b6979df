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

test('SequenceTracker forgets the oldest gap when a late number splits one of as many as there may be', () => {
  const tracker = new SequenceTracker();
  for (let seq = 0; seq <= 64 * 4; seq += 4) tracker.note('a', seq);
  assert.deepEqual([tracker.gapCount, tracker.forgotten], [64, 0]);
  assert.equal(tracker.note('a', 9), 'late', 'at the edge of a gap');
  assert.deepEqual([tracker.gapCount, tracker.forgotten], [64, 0]);
  assert.equal(tracker.note('a', 14), 'late');
  assert.deepEqual([tracker.gapCount, tracker.forgotten], [64, 1]);
  assert.deepEqual(gapsOf(tracker)[0]?.gaps.slice(0, 4), [
    { from: 5, to: 7 },
    { from: 10, to: 11 },
    { from: 13, to: 13 },
    { from: 15, to: 15 },
  ]);
});

test('SequenceTracker joins a gap that is found after a restart with those it touches, and no others', () => {
  const after = (...seqs: readonly number[]) => {
    const tracker = new SequenceTracker();
    for (const seq of seqs) tracker.note('a', seq);
    return gapsOf(tracker)[0]
      ?.gaps.map(({ from, to }) => `${from}-${to}`)
      .join(' ');
  };
  assert.equal(after(0, 10, 20, 30), '1-9 11-19 21-29');
  assert.equal(after(0, 10, 20, 30, 20, 26), '1-9 11-19 21-29', 'inside one');
  assert.equal(after(0, 10, 20, 30, 10, 26), '1-9 11-29', 'over two');
  assert.equal(after(0, 10, 20, 30, 0, 11), '1-19 21-29', 'up to the one above');
  assert.equal(after(0, 10, 20, 22, 24, 20, 21, 23), '1-9 11-19 21-23', 'from the end of the one below');
  assert.equal(after(0, 10, 20, 22, 24, 20, 21, 22, 24), '1-9 11-19 21-21 23-23', 'none in between');
});

test('SequenceTracker keeps gaps ascending and apart, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 40 }), (seqs) => {
      const tracker = new SequenceTracker();
      for (const seq of seqs) tracker.note('a', seq);
      const gaps = gapsOf(tracker)[0]?.gaps ?? [];
      for (const [i, { from, to }] of gaps.entries()) {
        assert.ok(from <= to);
        assert.ok(i === 0 || from > Number(gaps[i - 1]?.to) + 1, JSON.stringify(gaps));
      }
    }),
  );
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
