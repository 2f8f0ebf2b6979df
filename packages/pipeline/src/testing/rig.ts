import { createMeter, type LogEntry, loggerTo, noFailpoints } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { MemoryStore } from '@skerry/series/memory';
import { openPipeline } from '../open-pipeline.ts';
import type { Pipeline, PipelineNeeds, PipelineOptions } from '../pipeline.ts';
import { DEFAULT_ROUTES } from '../routes.ts';
import { SampleJournal } from './sample-journal.ts';

/** A journal, a store and a clock that outlive any number of pipelines. */
export class Rig {
  readonly clock = new FakeClock();
  readonly meter = createMeter();
  readonly log: LogEntry[] = [];
  journal = new SampleJournal();
  readonly store: MemoryStore;
  readonly options: PipelineOptions;

  constructor(options: Partial<PipelineOptions> = {}) {
    this.options = { routes: DEFAULT_ROUTES, ...options };
    this.store = new MemoryStore({ failpoint: noFailpoints, clock: this.clock, breathe: turn });
  }

  /** Opens a pipeline over what is there. `changes` replaces ports. */
  open(changes: Partial<PipelineNeeds> = {}): Promise<Pipeline> {
    const { journal, store, clock, meter } = this;
    const logger = loggerTo((entry) => this.log.push(entry));
    return openPipeline(this.options, {
      journal,
      store,
      clock,
      meter,
      logger,
      failpoint: noFailpoints,
      breathe: turn,
      ...changes,
    });
  }

  /** Ends a pipeline as a kill would: what is not sealed is gone. */
  async kill(pipeline: Pipeline): Promise<void> {
    this.store.rollBack();
    await pipeline[Symbol.asyncDispose]();
  }
}

/** Lets everything that is ready run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when `isTrue` is, letting others run; fails after very many turns. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000; i++) {
    if (isTrue()) return;
    await turn();
  }
  throw new Error('The condition did not become true.');
}
