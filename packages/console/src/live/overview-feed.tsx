import { createContext, type ReactNode, useContext, useState } from 'react';
import { getOverview, getOverviewHistory, type Overview, type OverviewSample } from '../generated/client.ts';
import { useFetched } from './fetched.ts';
import { useLive } from './live-stream.ts';
import { learnServerTime } from './server-clock.ts';

/** Samples kept for the charts: the last 15 minutes. */
const SAMPLES_MAX = 900;

/** The overview as it is known, with its history. */
export interface OverviewState {
  readonly overview: Overview | undefined;
  readonly samples: readonly OverviewSample[];
  readonly error: Error | undefined;
  reload(): void;
}

const Context = createContext<OverviewState>({
  overview: undefined,
  samples: [],
  error: undefined,
  reload: () => undefined,
});

/** The overview that the whole page shares. */
export function useOverview(): OverviewState {
  return useContext(Context);
}

/** Keeps the overview up to date for everything inside. */
export function OverviewProvider({ children }: { readonly children: ReactNode }) {
  const [live, setLive] = useState<readonly Overview[]>([]);
  const fetched = useFetched('overview', async (signal) => {
    const [overview, history] = await Promise.all([getOverview(signal), getOverviewHistory(signal)]);
    learnServerTime(overview.time);
    return { overview, samples: history.samples };
  });
  useLive(['overview'], (received) => {
    const fresh = received.filter((message) => message.event === 'overview').map((message) => message.data);
    const last = fresh.at(-1);
    if (!last) return;
    learnServerTime(last.time);
    setLive((before) => [...before, ...fresh].slice(-SAMPLES_MAX));
  });
  const known = fetched.data?.samples ?? [];
  const lastKnown = known.at(-1)?.time ?? '';
  const newer = live.map(({ now }) => now).filter((sample) => sample.time > lastKnown);
  const overview = newest(fetched.data?.overview, live.at(-1));
  const samples = [...known, ...newer].slice(-SAMPLES_MAX);
  return (
    <Context
      value={{ overview, samples, error: overview ? undefined : fetched.error, reload: fetched.reload }}
    >
      {children}
    </Context>
  );
}

function newest(a: Overview | undefined, b: Overview | undefined): Overview | undefined {
  if (!a || !b) return a ?? b;
  return a.time > b.time ? a : b;
}
