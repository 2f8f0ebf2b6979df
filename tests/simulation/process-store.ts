import type { SeededRandom } from '@skerry/kernel/testing';
import { type Seal, SeriesError, type SeriesStore } from '@skerry/series';

/** A store as one process reaches it: after `end` it never answers again. */
export interface ProcessStore {
  readonly store: SeriesStore;
  end(): void;
}

/** Gives a process its way to the store. `fullShare`: how likely a seal is refused once because the store has no room. */
export function processStore(
  inner: SeriesStore,
  random: SeededRandom,
  fullShare: () => number,
): ProcessStore {
  let isOver = false;
  const guarded = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      answer.then(
        (value) => isOver || resolve(value),
        (cause: unknown) => isOver || reject(cause),
      );
    });
  const store: SeriesStore = {
    load: () => guarded(inner.load()),
    seal: (seal: Seal) =>
      random.chance(fullShare())
        ? Promise.reject(new SeriesError('store-full', `Cannot take seal ${seal.number}: no room.`))
        : guarded(inner.seal(seal)),
    query: (query, unsealed) => guarded(inner.query(query, unsealed)),
    deadLetters: (filter) => guarded(inner.deadLetters(filter)),
    deadLetter: (offset) => guarded(inner.deadLetter(offset)),
    sessionEvents: (query) => guarded(inner.sessionEvents(query)),
    work: () => guarded(inner.work()),
    figures: () => guarded(inner.figures()),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return {
    store,
    end: () => {
      isOver = true;
    },
  };
}
