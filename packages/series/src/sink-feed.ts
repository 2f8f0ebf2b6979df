import type { SeriesKey } from '@skerry/model';
import type { SinkRun } from './sink-run.ts';
import type { Seal, SeriesStore, StoreState } from './store.ts';

/**
 * A primary store whose seals go on to sinks once they are committed. `state` is what the store told at its load; a seal
 * that fails reaches no sink, and one that succeeds waits for none.
 */
export function feedSinks(
  store: Pick<SeriesStore, 'seal'>,
  { series }: Pick<StoreState, 'series'>,
  runs: readonly SinkRun[],
): Pick<SeriesStore, 'seal'> {
  if (runs.length === 0) return store;
  const names: (SeriesKey | undefined)[] = [];
  for (const one of series) names[one.id] = one;
  const nameOf = (id: number) => names[id];
  return {
    async seal(seal: Seal) {
      await store.seal(seal);
      for (const one of seal.series) names[one.id] = one;
      for (const run of runs) run.offer(seal.number, { view: seal.points, nameOf });
    },
  };
}
