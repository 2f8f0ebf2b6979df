import {
  type KafkaClient,
  type KafkaPartition,
  type KafkaPartitionOptions,
  type KafkaPlace,
  openKafkaPartition,
  partitionJournalId,
  type TopicLayout,
} from '@skerry/journal/kafka';
import {
  type Clock,
  type FailpointHook,
  type Logger,
  type Meter,
  type MetricFamily,
  partMeter,
  type Random,
} from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import {
  openPipeline,
  type Pipeline,
  type PipelineTracing,
  type RebirthCause,
  type RebirthWanted,
  type RouteConfig,
} from '@skerry/pipeline';
import { feedSinks, type PointSink, type SeriesStore, SinkRun, type StoreState } from '@skerry/series';
import {
  inheritOrigins,
  openPostgresStore,
  openSinkBook,
  type PostgresPool,
  type RetentionPolicy,
  type SealGroup,
} from '@skerry/series/postgres';
import type { FeedCache } from '../redis-way.ts';
import { seenBase } from '../seen-base.ts';
import { keepingPlace, keptPlace } from './kept-place.ts';

/** One partition of a topic. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** How partitions are written. */
export interface PartitionRunOptions {
  /** The group of writers, which has committed positions in Kafka. */
  readonly group: string;
  readonly layout: TopicLayout;
  readonly routes: RouteConfig;
  /** Name of the process. */
  readonly owner: string;
  readonly sealAfterMs: number;
  /** What the tables keep, with the widths of TimescaleDB's chunks. */
  readonly retention: RetentionPolicy;
  /** After so long the group has taken a partition from a process that it does not hear of. */
  readonly sessionMs: number;
}

/** What partitions are written with. */
export interface PartitionRunNeeds {
  readonly client: KafkaClient;
  readonly pool: PostgresPool;
  /** In which partitions seal together. */
  readonly seals: SealGroup;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
  /** Told of Sparkplug edge nodes whose births are wanted. */
  readonly rebirthWanted: (node: RebirthWanted, cause: RebirthCause) => void;
  /** Further stores that get the points of each partition. */
  readonly sinks: readonly PointSink[];
  /** Follows records of a partition; absent where nothing is traced. */
  readonly tracing?: ((name: PartitionName) => PipelineTracing) | undefined;
  /** Puts newest values into a cache; absent where there is none. */
  readonly cache?: FeedCache | undefined;
}

/** Points in one seal at most, so that many partitions together stay small. */
const SEAL_POINTS = 20_000;
/** Nobody follows a writer's feed. */
const LIVE_ROWS = 1_024;
const IDLE_MS = 50;
/** Between two fetches while records come. */
const GATHER_MS = 100;

/** A partition on its way into the store: its records as a journal, a pipeline, and the store of that journal. */
export class PartitionRun implements AsyncDisposable {
  readonly name: PartitionName;
  readonly pipeline: Pipeline;
  readonly store: SeriesStore;
  readonly journal: KafkaPartition;
  readonly sinks: readonly SinkRun[];
  /** Its gauges; what it counts is in the meter of the process. */
  readonly gauges: () => MetricFamily[];
  readonly #stack: AsyncDisposableStack;

  constructor(
    name: PartitionName,
    parts: Pick<PartitionRun, 'pipeline' | 'store' | 'journal' | 'sinks' | 'gauges'>,
    stack: AsyncDisposableStack,
  ) {
    this.name = name;
    this.pipeline = parts.pipeline;
    this.store = parts.store;
    this.journal = parts.journal;
    this.sinks = parts.sinks;
    this.gauges = parts.gauges;
    this.#stack = stack;
  }

  /** Waits for the seal that is under way. What is decoded and not sealed is read again by the next owner. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/**
 * Takes a partition over where its store stopped; whoever wrote it before can commit nothing more. Fails with the faults
 * of Kafka, of the store, and of `openPipeline`.
 */
export async function openPartitionRun(
  name: PartitionName,
  options: PartitionRunOptions,
  needs: PartitionRunNeeds,
): Promise<PartitionRun> {
  const { topic, partition } = name;
  const { client, pool, clock, logger, failpoint } = needs;
  const meter = partMeter(needs.meter);
  await using stack = new AsyncDisposableStack();
  const [cluster, found] = await Promise.all([client.cluster(), client.topic(topic)]);
  const journalId = partitionJournalId(cluster.id, found.id, partition);
  const store = stack.use(
    await openPostgresStore(
      {
        pool,
        group: needs.seals,
        source: { journalId, label: `${topic}/${partition}` },
        owner: options.owner,
        retention: options.retention,
      },
      { clock, logger, meter, failpoint, breathe: turn },
    ),
  );
  await inheritOrigins(pool, { journalId, topic, partition, partitions: found.partitions.length });
  const loadedState = await store.load();
  const { place, stages } = keptPlace(loadedState);
  const state = { ...loadedState, stages };
  const journal = stack.use(
    await openKafkaPartition(partitionOf(name, options, state, place), { ...needs, meter }),
  );
  const { runs: sinks } = stack.use(await followSource(journalId, state.sealNumber, needs, meter));
  const cache = await needs.cache?.(journalId, state, meter);
  if (cache) stack.use(cache);
  const fed = feedSinks(store, state, sinks);
  // a source that is new begins with the oldest record that Kafka has
  const from = state.journalId === undefined ? journal.start : state.position;
  const pipeline = stack.use(
    await openPipeline(
      {
        routes: options.routes,
        sealPoints: SEAL_POINTS,
        sealAgeMs: options.sealAfterMs,
        sealIdleMs: Math.min(IDLE_MS, options.sealAfterMs),
        liveRowsMax: LIVE_ROWS,
        visibleAt: 'commit',
      },
      {
        journal,
        store: loaded(
          store,
          { ...state, position: from },
          keepingPlace(cache?.feeding(fed) ?? fed, journal, place),
        ),
        clock,
        logger,
        meter,
        failpoint,
        breathe: turn,
        rebirthWanted: needs.rebirthWanted,
        tracing: needs.tracing?.(name),
      },
    ),
  );
  const gauges = () => meter.snapshot();
  return new PartitionRun(name, { pipeline, store, journal, sinks, gauges }, stack.move());
}

/** The partition behind what the store has of it. */
function partitionOf(
  { topic, partition }: PartitionName,
  { layout, sealAfterMs }: PartitionRunOptions,
  state: StoreState,
  place: KafkaPlace | undefined,
): KafkaPartitionOptions {
  return {
    topic,
    partition,
    layout,
    onLost: 'void',
    // nothing shows before its seal
    gatherMs: Math.min(GATHER_MS, sealAfterMs),
    ...(state.journalId === undefined ? {} : { base: seenBase(state) }),
    ...(place ? { place } : {}),
  };
}

/** The sinks on their way after a source. */
async function followSource(
  journalId: string,
  committed: number,
  { sinks, pool, clock, logger }: PartitionRunNeeds,
  meter: Meter,
): Promise<AsyncDisposable & { readonly runs: readonly SinkRun[] }> {
  await using stack = new AsyncDisposableStack();
  const runs: SinkRun[] = [];
  for (const sink of sinks) {
    const book = await openSinkBook({ pool, sink: sink.name, journalId });
    runs.push(stack.use(new SinkRun({ sink, book, committed }, { clock, logger, meter })));
  }
  const owned = stack.move();
  return { runs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A store that has told its state already: `load` is asked once only. `fed` takes its seals. */
function loaded(store: SeriesStore, state: StoreState, fed: Pick<SeriesStore, 'seal'>): SeriesStore {
  return {
    load: async () => state,
    seal: (seal) => fed.seal(seal),
    query: (query, unsealed) => store.query(query, unsealed),
    deadLetters: (filter) => store.deadLetters(filter),
    deadLetter: (offset) => store.deadLetter(offset),
    sessionEvents: (query) => store.sessionEvents(query),
    work: () => store.work(),
    figures: () => store.figures(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
