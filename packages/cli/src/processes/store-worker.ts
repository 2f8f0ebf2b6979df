import { CodedError } from '@skerry/kernel';
import { nodeClock, nodeDisk, turn } from '@skerry/kernel/node';
import { SeriesError, type SeriesStore, serveStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { portMailbox } from './port-mailbox.ts';
import { runThread } from './thread-side.ts';

/** What the store's thread is told. */
export interface StoreThreadOptions {
  readonly folder: string;
  readonly retentionClass: string;
  readonly rawDays: number;
  readonly rollupDays: number;
  /** Nothing is written: seals are refused until the process is started anew. */
  readonly isReadOnly: boolean;
}

/** What the store's thread tells when it is ready. */
export interface StoreThreadFacts {
  /** Offset below which the store has seen the journal; told when nothing is written. */
  readonly position: number | undefined;
}

await runThread<StoreThreadOptions>(async (options, { logger, meter, failpoint, port, fail }) => {
  const needs = { clock: nodeClock(), disk: nodeDisk(), logger, meter, failpoint, breathe: turn };
  const store = await openSqliteStore(options, needs);
  serveStore(portMailbox(port('pipeline')), options.isReadOnly ? refusingSeals(store) : store, {
    breathe: turn,
    onWorkFailed: (fault) => {
      const advice = fault instanceof CodedError ? fault.advice : 'end-process';
      if (advice === 'end-process') fail(fault);
      else logger.log(advice === 'retry' ? 'warn' : 'error', 'Upkeep of the store failed.', { fault });
    },
  });
  // without writes the journal has to be told how far it was durable
  const position = options.isReadOnly ? (await store.load()).position : undefined;
  return {
    facts: { position } satisfies StoreThreadFacts,
    figures: () => store.figures(),
    close: async () => store[Symbol.asyncDispose](),
  };
});

/** The same store without writes. A refused seal is tried again, so the heads stay visible. */
function refusingSeals(store: SeriesStore): SeriesStore {
  return {
    load: () => store.load(),
    seal: async () => {
      throw new SeriesError('store-full', 'Cannot seal: the process came up read-only.');
    },
    query: (query, unsealed) => store.query(query, unsealed),
    deadLetters: (filter) => store.deadLetters(filter),
    deadLetter: (offset) => store.deadLetter(offset),
    sessionEvents: (query) => store.sessionEvents(query),
    work: async () => false,
    figures: () => store.figures(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
