import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal } from '@skerry/journal/memory';
import { aBatch } from '@skerry/journal/testing';
import { FakeClock, memoryDisk, SeededRandom } from '@skerry/kernel/testing';
import { placeSnapshot, readRetained, snapshotRetained } from './retained-file.ts';

const FOLDER = '/var/skerry';
const decoder = new TextDecoder();

/** Journals with the same id. */
function aJournal(): MemoryJournal {
  return new MemoryJournal({ clock: new FakeClock(), random: new SeededRandom(1) });
}

test('placeSnapshot: what a journal takes in that has lost its end is retained beside what the snapshot has', async () => {
  const needs = { disk: memoryDisk({ folders: [FOLDER] }), tenantOf: () => '' };
  const retained = async (journal: MemoryJournal) =>
    (await readRetained(FOLDER, journal, needs)).map(({ payload }) => decoder.decode(payload));
  const whole = aJournal();
  await whole.append(aBatch({}, {}, { topic: 'a', payload: 'first', retain: true }));
  await snapshotRetained(FOLDER, whole, whole.end, needs);
  const cut = aJournal();
  assert.equal(cut.id, whole.id);
  placeSnapshot(FOLDER, cut, needs);
  await cut.append(aBatch({ topic: 'b', payload: 'second', retain: true }));
  assert.deepEqual(await retained(cut), ['first', 'second']);
  await snapshotRetained(FOLDER, cut, cut.end, needs);
  placeSnapshot(FOLDER, cut, needs);
  assert.deepEqual(await retained(cut), ['first', 'second']);
});
