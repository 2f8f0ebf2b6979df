import { openJournalFollower } from '@skerry/journal';
import { openSegmentReader } from '@skerry/journal/segment';
import { nodeClock, nodeDisk, turn } from '@skerry/kernel/node';
import { openPipeline, type RouteConfig, servePipeline } from '@skerry/pipeline';
import { ThreadedStore } from '@skerry/series';
import { portMailbox } from './port-mailbox.ts';
import { runThread } from './thread-side.ts';

/** What the pipeline's thread is told. */
export interface PipelineThreadOptions {
  readonly journalFolder: string;
  readonly routes: RouteConfig;
  readonly sealPoints: number;
  readonly sealAgeMs: number;
}

const LAST_SEAL_MS = 10_000;

await runThread<PipelineThreadOptions>(async (options, { logger, meter, failpoint, port, fail }) => {
  const clock = nodeClock();
  const reader = openSegmentReader(options.journalFolder, { disk: nodeDisk() });
  const journal = await openJournalFollower(portMailbox(port('log')), reader);
  const store = new ThreadedStore(portMailbox(port('store')));
  const { routes, sealPoints, sealAgeMs } = options;
  const pipeline = await openPipeline(
    { routes, sealPoints, sealAgeMs },
    { journal, store, clock, logger, meter, failpoint, breathe: turn },
  );
  journal.onBatch((batch) => pipeline.offer(batch));
  const served = servePipeline(portMailbox(port('main')), pipeline, { clock, meter });
  pipeline.ended.catch(fail);
  return {
    facts: undefined,
    figures: () => undefined,
    close: async () => {
      const hurry = new AbortController();
      // what cannot be sealed now is read from the journal at the next start
      await Promise.race([pipeline.flush(), clock.sleep(LAST_SEAL_MS, hurry.signal)]);
      hurry.abort();
      served[Symbol.dispose]();
      await pipeline[Symbol.asyncDispose]();
      reader.close();
    },
  };
});
