import { MessageChannel } from 'node:worker_threads';
import {
  HotBatches,
  type JournalClient,
  type JournalFollower,
  openJournalClient,
  openJournalFollower,
  RecordAppender,
} from '@skerry/journal';
import { openSegmentReader } from '@skerry/journal/segment';
import type { Clock, Logger, Meter } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { SkerryConfig } from '../../config/schema.ts';
import { ownScript } from '../../own-place.ts';
import type { LogThreadOptions } from '../log-worker.ts';
import { foldersOf } from '../places.ts';
import { portMailbox } from '../port-mailbox.ts';
import { startThread, type Thread } from '../thread-host.ts';
import { BurstGather } from './burst-gather.ts';

/** The gateway's own journal: written and synced on a thread of its own, read on this one. */
export interface GatewayBuffer {
  readonly thread: Thread;
  readonly journal: JournalClient;
  readonly follower: JournalFollower;
  readonly appender: RecordAppender;
}

/** Opens the journal in the data folder; the stack ends it. Fails as the journal does. */
export async function openGatewayBuffer(
  { dataDir, journal }: Pick<SkerryConfig, 'dataDir' | 'journal'>,
  needs: {
    readonly clock: Clock;
    readonly meter: Meter;
    readonly logger: Logger;
    readonly failpoint: string | undefined;
  },
  stack: AsyncDisposableStack,
): Promise<GatewayBuffer> {
  const folder = foldersOf(dataDir).journal;
  const toMain = new MessageChannel();
  const toUplink = new MessageChannel();
  const { bytesMax, hoursMax } = journal;
  const thread = stack.use(
    await startThread({
      name: 'log',
      script: ownScript('processes/log-worker'),
      ports: { main: toMain.port2, pipeline: toUplink.port2 },
      failpoint: needs.failpoint,
      logger: needs.logger,
      options: { folder, bytesMax, hoursMax, isReadOnly: false } satisfies LogThreadOptions,
    }),
  );
  const client = stack.use(await openJournalClient(portMailbox(toMain.port1)));
  const reader = openSegmentReader(folder, { disk: nodeDisk() });
  stack.defer(() => reader.close());
  const batches = new HotBatches(reader, (bytes) => appender.reuse(bytes));
  const follower = await openJournalFollower(portMailbox(toUplink.port1), batches);
  const gather = new BurstGather(needs.clock);
  const appender = new RecordAppender(
    (batch) => client.append(batch),
    { clock: needs.clock, meter: needs.meter },
    { endOfTurn: gather.begin, onAdded: gather.added },
  );
  follower.onBatch((batch) => {
    batches.offer(batch);
    return true;
  });
  return { thread, journal: client, follower, appender };
}
