import { openJournalFollower } from '@skerry/journal';
import { openSegmentReader } from '@skerry/journal/segment';
import type { Clock } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom, turn } from '@skerry/kernel/node';
import {
  openPipeline,
  type Pipeline,
  type RouteConfig,
  type RouteEra,
  type ServedPipeline,
  servePipeline,
} from '@skerry/pipeline';
import { ThreadedStore } from '@skerry/series';
import type { SideConfig } from '../config/side-schema.ts';
import { portMailbox } from './port-mailbox.ts';
import { keepingRoutes, RouteHistory } from './route-history.ts';
import { runThread } from './thread-side.ts';
import { embeddedTracing, openTracer } from './tracing.ts';

/** What the pipeline's thread is told. */
export interface PipelineThreadOptions {
  readonly journalFolder: string;
  /** Then it is read through the log's thread. */
  readonly isOnKafka: boolean;
  readonly routes: RouteConfig;
  readonly sealPoints: number;
  readonly sealAgeMs: number;
  readonly isReadOnly: boolean;
  /** Whether metrics tell of each device. */
  readonly perDeviceStatus: boolean;
  readonly tracing: SideConfig['tracing'];
}

/** What the pipeline's thread tells when it is ready. */
export interface PipelineThreadFacts {
  /** The routes under which each record was, or is, decoded. */
  readonly eras: readonly RouteEra[];
}

const LAST_SEAL_MS = 5_000;

await runThread<PipelineThreadOptions>(async (options, { logger, meter, failpoint, port, fail }) => {
  const clock = nodeClock();
  const disk = nodeDisk();
  const { journalFolder: folder, routes, sealPoints, sealAgeMs, isReadOnly, perDeviceStatus } = options;
  const tracer = await openTracer('up', options, { clock, random: nodeRandom(), logger, meter });
  const reader = options.isOnKafka ? undefined : openSegmentReader(folder, { disk });
  const journal = await openJournalFollower(portMailbox(port('log')), reader);
  const store = keepingRoutes(
    new ThreadedStore(portMailbox(port('store'))),
    (position) => new RouteHistory({ folder, journal, position, routes, isReadOnly }, { disk, logger }),
  );
  const early: Parameters<ServedPipeline['rebirth']>[] = [];
  let rebirth: ServedPipeline['rebirth'] = (...wish) => early.push(wish);
  const pipeline = await openPipeline(
    { routes, sealPoints, sealAgeMs, perDeviceStatus, seenEnd: journal.end },
    {
      ...{ journal, store, clock, logger, meter, failpoint },
      breathe: turn,
      rebirthWanted: (node, cause) => rebirth(node, cause),
      tracing: tracer && embeddedTracing(tracer),
    },
  );
  journal.onBatch((batch) => pipeline.offer(batch));
  const served = servePipeline(portMailbox(port('main')), pipeline, { clock, meter });
  rebirth = served.rebirth;
  for (const wish of early) rebirth(...wish);
  pipeline.ended.catch(fail);
  return {
    facts: { eras: store.eras } satisfies PipelineThreadFacts,
    figures: () => undefined,
    close: async () => {
      // what cannot be sealed now is read from the journal at the next start
      if (!pipeline.alarms().some(({ code }) => code === 'seal-retry')) await lastSeal(pipeline, clock);
      served[Symbol.dispose]();
      journal[Symbol.dispose]();
      await pipeline[Symbol.asyncDispose]();
      await tracer?.[Symbol.asyncDispose]();
      reader?.close();
    },
  };
});

async function lastSeal(pipeline: Pipeline, clock: Clock): Promise<void> {
  const hurry = new AbortController();
  await Promise.race([pipeline.flush(), clock.sleep(LAST_SEAL_MS, hurry.signal)]);
  hurry.abort();
}
