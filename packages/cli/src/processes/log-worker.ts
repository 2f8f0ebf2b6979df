import { serveJournal } from '@skerry/journal';
import { openSegmentJournal } from '@skerry/journal/segment';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import type { RetainedMessage } from '@skerry/mqtt';
import type { JournalSizes } from './live-platform.ts';
import { portMailbox } from './port-mailbox.ts';
import { readRetained, snapshotRetained } from './retained-file.ts';
import { type TenantPlace, tenantAt } from './tenant-places.ts';
import { runThread } from './thread-side.ts';

/** What the journal's thread is told. */
export interface LogThreadOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly hoursMax: number;
  readonly isReadOnly: boolean;
  /** Where topics name the tenant on whose account their retained messages are; none where nothing is retained. */
  readonly tenantPlaces?: readonly TenantPlace[];
  /** Offset below which records are known to have been durable. */
  readonly durableEnd?: number;
}

/** What the journal's thread tells when it is ready. */
export interface LogThreadFacts {
  readonly retained: readonly RetainedMessage[];
}

await runThread<LogThreadOptions>(async (options, { logger, meter, failpoint, port }) => {
  const disk = nodeDisk();
  const { folder, bytesMax, hoursMax, isReadOnly, tenantPlaces = [], durableEnd = 0 } = options;
  const tenantOf = (topic: string): string => tenantAt(tenantPlaces, topic);
  const journal = await openSegmentJournal(
    { folder, journalBytesMax: bytesMax, hoursMax, readOnly: isReadOnly, durableEnd },
    { disk, clock: nodeClock(), random: nodeRandom(), logger, meter, failpoint },
  );
  journal.onBeforeTrim((upTo) => snapshotRetained(folder, journal, upTo, { disk, tenantOf }));
  const retained = await readRetained(folder, journal, { disk, tenantOf });
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
