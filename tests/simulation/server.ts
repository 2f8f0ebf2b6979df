import {
  type JournalFollower,
  openJournalClient,
  openJournalFollower,
  RecordAppender,
  type StoredBatch,
  serveJournal,
} from '@skerry/journal';
import { openSegmentJournal, openSegmentReader } from '@skerry/journal/segment';
import {
  type Clock,
  createMeter,
  type Disk,
  type FailpointHook,
  type Logger,
  type Net,
  type Random,
} from '@skerry/kernel';
import { openBroker } from '@skerry/mqtt';
import {
  type AuditReport,
  auditLedger,
  compileRoutes,
  type MemoryAuditSource,
  openPipeline,
  type Pipeline,
  type PipelineNeeds,
  type RouteConfig,
} from '@skerry/pipeline';
import type { SeriesStore } from '@skerry/series';
import { IngressAdapter } from './ingress-adapter.ts';
import { threadChannel } from './thread-channel.ts';

/** How a simulated server is configured. */
export interface ServerSetting {
  readonly port: number;
  /** Folder of the journal. */
  readonly folder: string;
  readonly journalBytesMax: number;
  readonly segmentBytes: number;
  readonly batchBytesMax: number;
  readonly reserveBytes: number;
  /** Age limit of records; without a limit when absent. */
  readonly hoursMax?: number;
  readonly routes: RouteConfig;
  readonly sealPoints: number;
  readonly sealAgeMs: number;
  readonly sealIdleMs: number;
  readonly pipelineCreditBytes: number;
}

/** What a simulated server stands on: the ports of one process, and those who watch it. */
export interface ServerNeeds {
  readonly disk: Disk;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: SeriesStore;
  readonly failpoint: FailpointHook;
  readonly logger: Logger;
  /** How long the next message between two threads takes, in ms. */
  readonly threadDelayMs: () => number;
  /** A reader was given a batch while the journal said that it ends at `durableEnd`. */
  readonly seen: (batch: StoredBatch, durableEnd: number) => void;
  /** The journal is open and ends at `end`. */
  readonly opened: (end: number) => void;
  /** A fault that ends the process. */
  readonly failed: (cause: unknown) => void;
}

/** A running server; disposing it stops it in an orderly way. */
export interface Server extends AsyncDisposable {
  readonly pipeline: Pipeline;
  readonly ingress: IngressAdapter;
  journalEnd(): number;
  /** Why nothing is taken in, or undefined. */
  refusal(): string | undefined;
  /** Recounts journal and store record by record. */
  audit(source: MemoryAuditSource): Promise<AuditReport | undefined>;
}

const AUDIT_SIGNAL = new AbortController().signal;

/**
 * Starts the server as its process does: journal, pipeline and main each as on a thread of its own, which here are turns
 * of one thread and channels that take their time. Closed in the order broker, pipeline, journal.
 */
export async function openServer(setting: ServerSetting, needs: ServerNeeds): Promise<Server> {
  const { clock, failpoint, logger, net, random } = needs;
  const meter = createMeter();
  await using stack = new AsyncDisposableStack();
  const [mainToLog, logToMain] = threadChannel(clock, needs.threadDelayMs);
  const [pipelineToLog, logToPipeline] = threadChannel(clock, needs.threadDelayMs);
  await openLog(setting, { main: logToMain, pipeline: logToPipeline }, needs);
  const client = stack.use(await openJournalClient(mainToLog));
  client.onFailed(needs.failed);
  const reader = stack.use(openSegmentReader(setting.folder, needs));
  const follower = await openJournalFollower(pipelineToLog, reader);
  const { pipelineJournal, give } = watched(follower, needs);
  const pipeline = stack.use(
    await openPipeline(setting, {
      journal: pipelineJournal,
      store: needs.store,
      clock,
      logger,
      meter,
      failpoint,
    }),
  );
  pipeline.ended.catch(needs.failed);
  follower.onBatch((batch) => give(batch, pipeline));
  const appender = new RecordAppender(
    (batch) => client.append(batch),
    { clock, meter },
    {
      retryMs: 50,
      batchBytesMax: setting.batchBytesMax,
      endOfTurn: (callback) => clock.startTimer(0, callback),
    },
  );
  appender.onFailed(needs.failed);
  const ingress = new IngressAdapter(appender, clock, compileRoutes(setting.routes));
  stack.use(
    await openBroker(
      { address: { host: '127.0.0.1', port: setting.port } },
      { net, clock, random, logger, meter, ingress, failpoint, retained: [] },
    ),
  );
  const owned = stack.move();
  return {
    pipeline,
    ingress,
    journalEnd: () => client.end,
    refusal: () => appender.refusal(),
    audit: (source) => audited(follower, source, setting.routes),
    [Symbol.asyncDispose]: async () => {
      await appender.flush();
      await pipeline.flush();
      await owned.disposeAsync();
    },
  };
}

/** What runs on the thread of the log; it ends with the client's closing. */
async function openLog(
  setting: ServerSetting,
  mailboxes: Parameters<typeof serveJournal>[0],
  needs: ServerNeeds,
): Promise<void> {
  const { clock, failpoint, logger, random, disk } = needs;
  const meter = createMeter();
  const journal = await openSegmentJournal(setting, { disk, clock, random, logger, meter, failpoint });
  needs.opened(journal.end);
  serveJournal(mailboxes, journal, {
    logger,
    meter,
    pipelineCreditBytes: setting.pipelineCreditBytes,
    // a commit takes its time, and what arrives meanwhile shares the next
    endOfTurn: (callback) => clock.startTimer(needs.threadDelayMs(), callback),
  });
}

/** The journal as the pipeline reads it, with every batch shown to the watcher first. */
function watched(follower: JournalFollower, { seen }: ServerNeeds) {
  const pipelineJournal: PipelineNeeds['journal'] = {
    get id() {
      return follower.id;
    },
    get start() {
      return follower.start;
    },
    get end() {
      return follower.end;
    },
    get telemetryEnd() {
      return follower.telemetryEnd;
    },
    received: () => follower.received(),
    read: async (from, bytesMax) => {
      const batches = await follower.read(from, bytesMax);
      for (const batch of batches) seen(batch, follower.end);
      return batches;
    },
    waitBeyond: (offset, signal) => follower.waitBeyond(offset, signal),
    commit: (consumer) => follower.commit(consumer),
  };
  const give = (batch: StoredBatch, pipeline: Pipeline): boolean => {
    seen(batch, follower.end);
    return pipeline.offer(batch);
  };
  return { pipelineJournal, give };
}

async function audited(journal: JournalFollower, source: MemoryAuditSource, routes: RouteConfig) {
  let report: AuditReport | undefined;
  for await (const step of auditLedger({ journal, source, routes, signal: AUDIT_SIGNAL }))
    if (step.kind === 'result') report = step.report;
  return report;
}
