import { type JournalHarness, journalCompliance } from '../testing/compliance.ts';
import { aBatch } from '../testing/records.ts';
import { SimulatedJournal } from '../testing/simulated-journal.ts';

const BYTES_MAX = 40_000;

journalCompliance('SegmentJournal', async (): Promise<JournalHarness> => {
  const scene = new SimulatedJournal(1, { journalBytesMax: BYTES_MAX });
  const journal = await scene.open();
  const { disk } = scene;
  return {
    journal,
    fill: async () => disk.setCapacity(disk.usedBytes),
    makeRoom: async () => disk.setCapacity(2 ** 20),
    grow: async () => {
      while (journal.figures().bytes < BYTES_MAX * 0.86)
        await journal.append(aBatch({ payload: 'x'.repeat(180) }));
    },
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
});
