import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginning } from './journal-beginning.ts';
import type { PartitionBase } from './partition-count.ts';

function counts(offset: number, received = offset, receivedQos0 = 0): PartitionBase {
  const row = { tenant: 't', project: 'p', received, receivedQos0 };
  return { offset, telemetry: received, received: [row] };
}

function memory(...marks: PartitionBase[]) {
  return { journalId: 'a', shift: 0, marks, retained: [] };
}

test('beginning is at the newest counts below what the store has seen, while Kafka has all above them', () => {
  const kept = memory(counts(0), counts(40), counts(80));
  assert.equal(beginning(kept, counts(60), { start: 0, end: 100 }).begin, kept.marks[1]);
  assert.equal(beginning(kept, counts(60), { start: 40, end: 100 }).begin, kept.marks[1]);
  assert.equal(beginning(kept, counts(80), { start: 90, end: 100 }).begin, kept.marks[2]);
  assert.equal(beginning(kept, undefined, { start: 90, end: 100 }).begin, kept.marks[2]);
});

test('beginning is at what the store has seen where Kafka lacks what lies between, and no loss that was counted is forgotten', () => {
  const kept = memory(counts(40, 40, 3));
  const above = beginning(kept, counts(80), { start: 80, end: 80 });
  assert.deepEqual(above, { begin: counts(80, 80, 3), kept, isContinued: true });
  const cut = beginning(kept, counts(80), { start: 0, end: 60 });
  assert.deepEqual(cut.begin, counts(80, 80, 3));
  const lost = memory(counts(40, 240));
  assert.deepEqual(beginning(lost, counts(80), { start: 80, end: 80 }).begin, counts(80, 240));
  assert.deepEqual(beginning(undefined, counts(80), { start: 60, end: 90 }).begin, counts(80));
});

test('beginning is at the oldest record, and goes on from nothing, where nobody knows anything', () => {
  const nothing = { begin: { offset: 7, telemetry: 0, received: [] }, isContinued: false };
  assert.deepEqual(beginning(undefined, undefined, { start: 7, end: 9 }), { ...nothing, kept: undefined });
  const kept = memory(counts(8));
  assert.deepEqual(beginning(kept, counts(0), { start: 7, end: 9 }), { ...nothing, kept });
});
