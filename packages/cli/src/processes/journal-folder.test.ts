import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalMemoryFile } from '@skerry/journal/kafka';
import { openSegmentJournal } from '@skerry/journal/segment';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { FakeClock, SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { checkJournalFolder, KAFKA_MEMORY } from './journal-folder.ts';

const FOLDER = 'state/journal';

function aDisk() {
  return new SimulatedDisk({ folders: ['state'], random: new SeededRandom(1) });
}

async function makeSegments(disk: SimulatedDisk): Promise<void> {
  const needs = { clock: new FakeClock(), random: new SeededRandom(2), meter: createMeter() };
  await using _ = await openSegmentJournal(
    { folder: FOLDER, segmentBytes: 4_096, reserveBytes: 0 },
    { ...needs, disk, logger: silentLogger, failpoint: noFailpoints },
  );
}

function makeKafkaMemory(disk: SimulatedDisk): void {
  disk.makeFolder(FOLDER);
  const memory = { journalId: '0'.repeat(32), shift: 0, marks: [], retained: [] };
  journalMemoryFile(disk, { folder: FOLDER, name: KAFKA_MEMORY }).write(memory);
}

test('checkJournalFolder lets a folder begin with either engine, and go on with its own', async () => {
  const disk = aDisk();
  const other = aDisk();
  for (const engine of ['segment', 'kafka'] as const)
    assert.doesNotThrow(() => checkJournalFolder(disk, FOLDER, engine));
  await makeSegments(disk);
  makeKafkaMemory(other);
  assert.doesNotThrow(() => checkJournalFolder(disk, FOLDER, 'segment'));
  assert.doesNotThrow(() => checkJournalFolder(other, FOLDER, 'kafka'));
});

test('checkJournalFolder refuses the other engine, and says how to go on', async () => {
  const disk = aDisk();
  const other = aDisk();
  await makeSegments(disk);
  makeKafkaMemory(other);
  assert.throws(() => checkJournalFolder(disk, FOLDER, 'kafka'), {
    code: 'config-invalid',
    message:
      'journal.engine: found kafka, and state/journal is of a journal in files, wanted segment: a data folder keeps the engine that it began with. Set journal.engine back, or dataDir to a new folder.',
  });
  assert.throws(() => checkJournalFolder(other, FOLDER, 'segment'), {
    code: 'config-invalid',
    message: /found segment, and state\/journal is of one in Kafka, wanted kafka/,
  });
});

test('checkJournalFolder lets files go on beside what an earlier try on Kafka has left', async () => {
  const disk = aDisk();
  await makeSegments(disk);
  makeKafkaMemory(disk);
  assert.doesNotThrow(() => checkJournalFolder(disk, FOLDER, 'segment'));
});
