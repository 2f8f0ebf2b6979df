import { serveJournal } from '@skerry/journal';
import { openSegmentJournal } from '@skerry/journal/segment';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import type { RetainedMessage } from '@skerry/mqtt';
import type { JournalSizes } from './live-platform.ts';
import { portMailbox } from './port-mailbox.ts';
import { readRetained, snapshotRetained } from './retained-file.ts';
import { runThread } from './thread-side.ts';

/** What the journal's thread is told. */
export interface LogThreadOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly hoursMax: number;
  readonly isReadOnly: boolean;
  /** Offset below which records are known to have been durable. */
  readonly durableEnd?: number;
}

/** What the journal's thread tells when it is ready. */
export interface LogThreadFacts {
  readonly retained: readonly RetainedMessage[];
}

await runThread<LogThreadOptions>(async (options, { logger, meter, failpoint, port }) => {
  const disk = nodeDisk();
  const { folder, bytesMax, hoursMax, isReadOnly, durableEnd = 0 } = options;
  const journal = await openSegmentJournal(
    { folder, journalBytesMax: bytesMax, hoursMax, readOnly: isReadOnly, durableEnd },
    { disk, clock: nodeClock(), random: nodeRandom(), logger, meter, failpoint },
  );
  journal.onBeforeTrim((upTo) => snapshotRetained(folder, journal, upTo, disk));
  const retained = await readRetained(folder, journal, disk);
  const { closed } = serveJournal(
    { main: portMailbox(port('main')), pipeline: portMailbox(port('pipeline')) },
    journal,
    { logger, meter, endOfTurn: setImmediate },
  );
  return {
    facts: { retained } satisfies LogThreadFacts,
    figures: (): JournalSizes => {
      const { bytes, capacityBytes } = journal.figures();
      return { bytes, bytesMax: capacityBytes };
    },
    // the client on the main thread has closed the journal by then
    close: () => closed,
  };
});
