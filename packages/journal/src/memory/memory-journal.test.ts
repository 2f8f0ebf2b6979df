import { FakeClock, SeededRandom } from '@skerry/kernel/testing';
import { type JournalHarness, journalCompliance } from '../testing/compliance.ts';
import { aBatch } from '../testing/records.ts';
import { MemoryJournal } from './memory-journal.ts';

const BYTES_MAX = 10_000;

journalCompliance('MemoryJournal', async (): Promise<JournalHarness> => {
  const journal = new MemoryJournal(
    { clock: new FakeClock(), random: new SeededRandom(1) },
    { journalBytesMax: BYTES_MAX },
  );
  const fillTo = async (share: number): Promise<void> => {
    while (journal.figures().bytes < BYTES_MAX * share)
      await journal.append(aBatch({ payload: 'x'.repeat(180) }));
  };
  return {
    journal,
    fill: () => fillTo(0.88),
    makeRoom: async () => {
      journal.commit({ name: 'room', isMandatory: true, position: journal.end });
      await journal.trim();
    },
    grow: () => fillTo(0.86),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
});
