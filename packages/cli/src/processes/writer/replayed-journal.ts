import type { Journal } from '@skerry/journal';
import { type Clock, type Logger, type Meter, noFailpoints, partMeter } from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import type { SeriesDefinition } from '@skerry/model';
import { openPipeline, type RouteConfig } from '@skerry/pipeline';
import {
  createHead,
  headValue,
  type Seal,
  type SeriesStore,
  type SinkPoints,
  type StoreState,
  textBytesOf,
  viewOf,
} from '@skerry/series';

/** Which points of a journal are wanted: of records and event times, each from, inclusive, to, exclusive. */
export interface ReplayRange {
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly fromMicros: number;
  readonly toMicros: number;
}

/** The reading side of a journal. */
export type ReplayedJournal = Pick<
  Journal,
  'id' | 'start' | 'end' | 'telemetryEnd' | 'received' | 'read' | 'waitBeyond'
>;

/** What a journal is decoded with. */
export interface ReplayNeeds {
  readonly routes: RouteConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly signal: AbortSignal;
}

/**
 * Decodes a journal from its oldest record on, so that births, declared pipelines and numbers of devices are known as far
 * as it holds them, and hands the points of a range on, seal by seal. Nothing else is kept, and nothing is changed.
 * Resolves at the end that the journal had, or at that of the range. Fails as `take` and the journal do.
 */
export async function replayJournal(
  journal: ReplayedJournal,
  range: ReplayRange,
  { routes, clock, logger, meter, signal }: ReplayNeeds,
  take: (points: SinkPoints) => Promise<void>,
): Promise<void> {
  const end = Math.min(journal.end, Math.max(journal.start, range.toOffset));
  if (end <= journal.start) return;
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => undefined); // told by the race below
  const [first] = await journal.read(journal.start, 1);
  const begin = { position: journal.start, telemetryPosition: first?.telemetryBefore ?? 0 };
  const store = handingOn(begin, async (seal, nameOf) => {
    try {
      signal.throwIfAborted();
      const points = wanted(seal, range, nameOf);
      if (points) await take(points);
    } catch (error) {
      fault.reject(error);
    }
  });
  const pipeline = await openPipeline(
    { routes, visibleAt: 'commit', liveRowsMax: 1_024, sealPoints: 20_000 },
    {
      journal: { ...bounded(journal, end), commit: () => undefined },
      store,
      clock,
      logger,
      meter: partMeter(meter),
      failpoint: noFailpoints,
      breathe: turn,
    },
  );
  try {
    while (pipeline.figures().position < end) {
      signal.throwIfAborted();
      await Promise.race([fault.promise, clock.sleep(20, signal)]);
    }
    await Promise.race([fault.promise, pipeline.flush()]);
  } finally {
    await pipeline[Symbol.asyncDispose]();
  }
}

/** A journal that ends where it ended. */
function bounded(journal: ReplayedJournal, end: number): ReplayedJournal {
  return {
    id: journal.id,
    start: journal.start,
    end,
    telemetryEnd: journal.telemetryEnd,
    received: () => journal.received(),
    read: async (from, bytesMax) =>
      (await journal.read(from, bytesMax)).filter(({ firstOffset }) => firstOffset < end),
    // nothing comes behind the end
    waitBeyond: (offset, signal) => (offset < end ? journal.waitBeyond(offset, signal) : aborted(signal)),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The points of a seal that are in the range; undefined when none is. */
function wanted(seal: Seal, range: ReplayRange, nameOf: SinkPoints['nameOf']): SinkPoints | undefined {
  const { rows, columns } = seal.points;
  const chosen: number[] = [];
  for (let row = 0; row < rows; row++) {
    const offset = Number(columns.offset[row]);
    const micros = Number(columns.time[row]);
    if (offset < range.fromOffset || offset >= range.toOffset) continue;
    if (micros >= range.fromMicros && micros < range.toMicros) chosen.push(row);
  }
  if (chosen.length === 0) return undefined;
  if (chosen.length === rows) return { view: seal.points, nameOf };
  const values = chosen.map((row) => headValue(columns, row));
  const textBytes = values.reduce<number>((sum, value) => sum + textBytesOf(value), 0);
  const head = createHead(chosen.length, textBytes);
  for (const [i, row] of chosen.entries()) {
    const [series, micros] = [Number(columns.series[row]), Number(columns.time[row])];
    head.append(series, micros, values[i] ?? 0, Number(columns.offset[row]), Number(columns.ordinal[row]));
  }
  return { view: viewOf(head, seal.number), nameOf };
}

/** A store that is empty, and gives each seal away. */
function handingOn(
  begin: Pick<StoreState, 'position' | 'telemetryPosition'>,
  give: (seal: Seal, nameOf: SinkPoints['nameOf']) => Promise<void>,
): SeriesStore {
  const names = new Map<number, SeriesDefinition>();
  const nothing = async () => [];
  return {
    load: async () => ({
      journalId: undefined,
      sealNumber: 0,
      ...begin,
      logTimeMicros: 0,
      series: [],
      latest: [],
      accounts: [],
      dedupe: [],
      gaps: [],
      deadLetters: [],
      stages: [],
      sessions: { clients: [], devices: [] },
    }),
    seal: async (seal) => {
      for (const one of seal.series) names.set(one.id, one);
      await give(seal, (series) => names.get(series));
    },
    query: async () => ({ kind: 'buckets', buckets: [], resolutionMicros: 0 }),
    deadLetters: nothing,
    deadLetter: async () => undefined,
    sessionEvents: nothing,
    work: async () => false,
    figures: async () => ({ bytes: 0, points: 0, chunks: 0, files: 0, rollupLag: 0, oldestDay: undefined }),
    async [Symbol.asyncDispose]() {
      names.clear();
    },
  };
}
