import { CodedError } from '@skerry/kernel';
import { nodeClock, nodeDisk, turn } from '@skerry/kernel/node';
import { SeriesError, type SeriesStore, serveStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { portMailbox } from './port-mailbox.ts';
import { type SeenBase, seenBase } from './seen-base.ts';
import { runThread } from './thread-side.ts';

/** What the store's thread is told. */
export interface StoreThreadOptions {
  readonly folder: string;
  readonly retentionClass: string;
  readonly rawDays: number;
  readonly rollupDays: number;
  /** Nothing is written: seals are refused until the process is started anew. */
  readonly isReadOnly: boolean;
  /** Whether the journal has to be told how far the store has seen it. */
  readonly tellsSeen: boolean;
}

/** What the store's thread tells when it is ready. */
export interface StoreThreadFacts {
  /** How far the store has seen the journal; told when it was asked for. */
  readonly seen: SeenBase | undefined;
  /** Id of the journal that it has followed; undefined while it has seen none, and when it was not asked for. */
  readonly followed: string | undefined;
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
  const state = options.tellsSeen ? await store.load() : undefined;
  return {
    facts: { seen: state && seenBase(state), followed: state?.journalId } satisfies StoreThreadFacts,
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
