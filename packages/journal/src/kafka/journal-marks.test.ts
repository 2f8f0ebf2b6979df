import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../limits.ts';
import { JournalMarks, larger } from './journal-marks.ts';
import { baseAt } from './partition-count.ts';

function offsets(marks: JournalMarks): number[] {
  return marks.list.map(({ offset }) => offset);
}

test('JournalMarks keeps few, the older the farther apart, and always the first and the last', () => {
  const marks = new JournalMarks([], baseAt(0));
  const most = LIMITS.kafkaJournalMarksMax.value;
  for (let offset = 1; offset <= 10 * most; offset++) marks.add(baseAt(offset));
  const kept = offsets(marks);
  assert.ok(kept.length <= most && kept.length > most / 4, String(kept.length));
  assert.deepEqual([kept[0], kept.at(-1)], [0, 10 * most]);
  assert.deepEqual(
    [...kept].sort((a, b) => a - b),
    kept,
  );
  const gaps = kept.slice(1).map((offset, i) => offset - Number(kept[i]));
  assert.ok(Number(gaps[0]) > Number(gaps.at(-1)), gaps.join(' '));
  marks.add(baseAt(5));
  assert.deepEqual(offsets(marks), kept, 'one below the last is nothing new');
  const raised = { offset: 10 * most, telemetry: 7, received: [] };
  marks.add(raised);
  assert.deepEqual([offsets(marks), marks.last], [kept, raised], 'one at the last stands in its place');
});

test('JournalMarks finds the next below and above an offset, and forgets what is below one, but never all', () => {
  const marks = new JournalMarks([baseAt(10), baseAt(20), baseAt(30)], baseAt(0));
  assert.deepEqual([marks.below(9), marks.below(20)?.offset, marks.below(29)?.offset], [undefined, 20, 20]);
  assert.deepEqual([marks.above(11)?.offset, marks.above(30)?.offset, marks.above(31)], [20, 30, undefined]);
  marks.dropBelow(20);
  assert.deepEqual(offsets(marks), [20, 30]);
  marks.dropBelow(99);
  assert.deepEqual(offsets(marks), [30]);
});

test('larger has each project of both lists once, with its larger count', () => {
  const row = (project: string, received: number) => ({ tenant: 't', project, received, receivedQos0: 0 });
  assert.deepEqual(larger([row('a', 2), row('b', 5)], [row('a', 3), row('b', 4), row('c', 1)]), [
    row('a', 3),
    row('b', 5),
    row('c', 1),
  ]);
});
