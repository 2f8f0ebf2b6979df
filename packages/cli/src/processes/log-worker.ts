import type { ReadinessReason } from '@skerry/api';
import { serveJournal } from '@skerry/journal';
import type { KafkaJournal } from '@skerry/journal/kafka';
import { openSegmentJournal } from '@skerry/journal/segment';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import type { RetainedMessage } from '@skerry/mqtt';
import { checkJournalFolder } from './journal-folder.ts';
import type { KafkaLogOptions } from './kafka-log.ts';
import type { JournalSizes } from './live-platform.ts';
import { portMailbox } from './port-mailbox.ts';
import { placeSnapshot, readRetained, snapshotRetained } from './retained-file.ts';
import { retentionReasons } from './retention-reasons.ts';
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
  /** The journal is a topic of Kafka; the folder has what is kept beside it. */
  readonly kafka?: KafkaLogOptions;
}

/** What the journal's thread tells when it is ready. */
export interface LogThreadFacts {
  readonly retained: readonly RetainedMessage[];
  /** What is added to Kafka's offsets, where the journal is there. */
  readonly shift?: number;
}

await runThread<LogThreadOptions>(async (options, { logger, meter, failpoint, port, fail }) => {
  const disk = nodeDisk();
  const { folder, bytesMax, hoursMax, isReadOnly, tenantPlaces = [], durableEnd = 0, kafka } = options;
  const tenantOf = (topic: string): string => tenantAt(tenantPlaces, topic);
  const needs = { disk, clock: nodeClock(), random: nodeRandom(), logger, meter, failpoint };
  checkJournalFolder(disk, folder, kafka ? 'kafka' : 'segment');
  const onKafka =
    kafka && (await (await import('./kafka-log.ts')).openKafkaLog(folder, isReadOnly, kafka, needs));
  const journal =
    onKafka?.journal ??
    (await openSegmentJournal(
      { folder, journalBytesMax: bytesMax, hoursMax, readOnly: isReadOnly, durableEnd },
      needs,
    ));

  onKafka?.journal.onFailed(fail);
  journal.onBeforeTrim((upTo) => snapshotRetained(folder, journal, upTo, { disk, tenantOf }));
  if (!isReadOnly) placeSnapshot(folder, journal, { disk, tenantOf });
  const retained = await readRetained(folder, journal, { disk, tenantOf });
  const { closed } = serveJournal(
    { main: portMailbox(port('main')), pipeline: portMailbox(port('pipeline')) },
    journal,
    { logger, meter, endOfTurn: setImmediate },
  );
  return {
    facts: { retained, ...(onKafka ? { shift: onKafka.journal.shift } : {}) } satisfies LogThreadFacts,
    figures: (): JournalSizes => {
      const { bytes, capacityBytes } = journal.figures();
      return {
        bytes,
        bytesMax: capacityBytes,
        ...(onKafka ? { reasons: kafkaReasons(onKafka.journal) } : {}),
      };
    },
    close: async () => {
      // the client on the main thread has closed the journal by then
      await closed;
      await onKafka?.client[Symbol.asyncDispose]();
    },
  };
});

function kafkaReasons({ waitsFor, partition }: KafkaJournal): ReadinessReason[] {
  const waits = waitsFor ? [{ code: waitsFor.code, detail: waitsFor.message }] : [];
  return [...waits, ...retentionReasons(partition)];
}
