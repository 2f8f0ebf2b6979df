import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { aBatch } from '../testing/records.ts';
import { SimulatedJournal } from '../testing/simulated-journal.ts';

test('SegmentLog that the disk fails says so once, as an error with its reason, and takes nothing any more', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await journal.append(aBatch());
  scene.disk.setFaults(({ kind }) => (kind === 'sync' ? { kind: 'fail', code: 'sync-failed' } : undefined));
  await assert.rejects(journal.append(aBatch()), hasCode('journal-failed'));
  scene.disk.setFaults(() => undefined);
  await assert.rejects(journal.append(aBatch()), hasCode('journal-failed'));
  const told = scene.log.filter(({ level }) => level === 'error');
  assert.deepEqual(
    told.map(({ message }) => message),
    ['The journal has failed.'],
  );
  assert.match(String(told[0]?.fields.reason), /sync/);
  assert.equal(journal.end, 1);
});
