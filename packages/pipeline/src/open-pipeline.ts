import type { StoreState } from '@skerry/series';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Pipeline, PipelineNeeds, PipelineOptions } from './pipeline.ts';
import { RunningPipeline } from './running-pipeline.ts';

/**
 * Starts a pipeline where its store stopped: the journal is read again from the store's position, and head, dedupe
 * windows, gaps and ledger come out as they were. Fails with `journal-foreign`, `store-ahead` or
 * `journal-trimmed-early` when store and journal do not belong together.
 */
export async function openPipeline(options: PipelineOptions, needs: PipelineNeeds): Promise<Pipeline> {
  const state = await needs.store.load();
  checkState(state, needs.journal);
  const pipeline = new RunningPipeline(
    {
      sealPoints: LIMITS.sealPoints.value,
      sealRecords: LIMITS.sealRecords.value,
      sealAgeMs: LIMITS.sealAgeMs.value,
      sealIdleMs: LIMITS.sealIdleMs.value,
      nodeSeriesMax: LIMITS.nodeSeriesMax.value,
      liveRowsMax: LIMITS.liveRowsMax.value,
      staleMs: 300_000,
      seenEnd: 0,
      visibleAt: 'decode',
      perDeviceStatus: false,
      ...options,
    },
    needs,
    state,
  );
  pipeline.start();
  return pipeline;
}

function checkState(state: StoreState, journal: PipelineNeeds['journal']): void {
  const facts = { position: state.position, start: journal.start, end: journal.end };
  if (state.journalId !== undefined && state.journalId !== journal.id)
    throw new PipelineError(
      'journal-foreign',
      `The store has followed the journal ${state.journalId}; the journal here is ${journal.id}.`,
      { store: state.journalId, journal: journal.id },
    );
  if (state.position > journal.end)
    throw new PipelineError(
      'store-ahead',
      `The store has seen the records below ${state.position}; the journal ends at ${journal.end}.`,
      facts,
    );
  if (state.position < journal.start)
    throw new PipelineError(
      'journal-trimmed-early',
      `The store has seen the records below ${state.position}; the journal holds those from ${journal.start} on.`,
      facts,
    );
}
