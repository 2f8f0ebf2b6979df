import {
  ApiError,
  type AuditStep,
  type BucketRows,
  type ChaosDesk,
  type DeadLetterChoice,
  type DeadLetterOutcome,
  type IncomingTelemetry,
  type LiveEvent,
  type LiveFilter,
  type OverviewFigures,
  type Platform,
  type PlatformConfiguration,
  type PointPosition,
  type PointRows,
  type RangeQuery,
  type ReadinessReason,
  type SimulationDesk,
  type SitePlatform,
  type StagePlatform,
  type TakenTelemetry,
} from '@skerry/api';
import { type Clock, CodedError, type Meter, type MetricFamily } from '@skerry/kernel';
import type { PipelineClient, PipelineFigures } from '@skerry/pipeline';
import type { PointPage, SeriesQuery, StoreFigures } from '@skerry/series';
import { changeDeadLetters } from './dead-letter-desk.ts';
import { NodeSite } from './node-site.ts';
import type { PlatformIngress } from './platform-ingress.ts';
import { ProcessFigures } from './process-figures.ts';
import { LiveStages } from './stage-platform.ts';
import { takeTelemetryIn } from './telemetry-desk.ts';
import type { ThreadReport } from './thread-messages.ts';
import { WatchedPipeline } from './watched-pipeline.ts';

/** What the journal's thread tells about itself. */
export interface JournalSizes {
  readonly bytes: number;
  /** 0 where only Kafka's retention bounds it. */
  readonly bytesMax: number;
  /** What is wrong with it, where it is Kafka's: why appends wait, when retention takes what is not stored. */
  readonly reasons?: readonly ReadinessReason[];
}

/** What the platform of a running process works with. */
export interface LivePlatformNeeds {
  readonly role: 'up' | 'cloud';
  /** Folder of journal and store. */
  readonly dataDir: string;
  readonly pipeline: Pick<PipelineClient, 'request' | 'subscribe' | 'ended'>;
  readonly ingress: PlatformIngress;
  /** Resolves when everything added so far is durable. */
  readonly flush: () => Promise<void>;
  readonly reports: {
    readonly journal: () => Promise<ThreadReport | undefined>;
    readonly store: () => Promise<ThreadReport | undefined>;
  };
  /** MQTT connections now. */
  readonly connections: () => number;
  /** Bytes that the disk of the data folder has left; undefined where it cannot be told. */
  readonly diskFreeBytes: () => Promise<number | undefined>;
  readonly audit: (signal: AbortSignal) => AsyncIterable<AuditStep>;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly configuration: () => PlatformConfiguration;
  readonly simulation: SimulationDesk;
  readonly chaos: ChaosDesk;
  readonly refusals: Platform['refusals'];
  /** How dead letters are changed where the own journal is not the one that they are in. */
  readonly changeDeadLetters?: (
    kind: 'replay' | 'discard',
    choice: DeadLetterChoice,
    author: string,
  ) => Promise<DeadLetterOutcome>;
  /** Declared pipelines where they are not those of the own journal. */
  readonly stages?: StagePlatform;
  /** The site where it is more than this process. */
  readonly site?: SitePlatform;
  /** Offset behind the last durable record of the own journal. */
  readonly journalEnd: () => number;
  readonly isReadOnly: boolean;
  /** What is wrong with the journal, where it is Kafka's. */
  readonly journalReasons?: () => readonly ReadinessReason[];
  /** The topic that is the journal, where it is Kafka's. */
  readonly journalTopic?: string;
  /** What is not as agreed and keeps the process from nothing. */
  readonly notes?: () => readonly ReadinessReason[];
}

const PAGE_ROWS = 4_096;

const REFUSAL_DETAILS = {
  'disk-full': 'the disk is full; publishers are asked to wait until it has room again',
  'journal-full':
    'the journal has reached its share of the disk; publishers wait until the store has caught up',
  'read-only':
    'nothing is taken in: started with --read-only, as the supervisor does after the disk has refused three times in a row to make bytes durable',
  backlog: 'the journal cannot keep up; publishers are asked to wait',
} as const;

/** The platform behind the HTTP API: the threads of this process, asked by message. */
export class LivePlatform implements Platform, Disposable {
  readonly stages: StagePlatform;
  readonly site: SitePlatform;
  readonly #needs: LivePlatformNeeds;
  readonly #pipeline: WatchedPipeline;
  readonly #figures: ProcessFigures;
  /** Points in the store when the process started, so that the total goes on over restarts. */
  #pointsBefore: number | undefined;

  constructor(needs: LivePlatformNeeds) {
    this.#pipeline = new WatchedPipeline(needs.pipeline, needs.clock);
    this.#needs = { ...needs, pipeline: this.#pipeline };
    this.stages = needs.stages ?? new LiveStages(this.#needs);
    const { role, dataDir, clock, journalEnd, reports } = needs;
    this.site =
      needs.site ??
      new NodeSite({
        dataDir,
        reasons: () => this.readiness(),
        figures: () => this.#pipeline.request('figures'),
        journalEnd,
        journalTopic: needs.journalTopic ?? 'journal',
        points: async () => ((await reports.store())?.figures as StoreFigures | undefined)?.points ?? 0, // told by store-worker
        clock,
      });
    this.#figures = new ProcessFigures({ role, dataDir, reasons: () => this.readiness() }, needs);
  }

  get simulation(): SimulationDesk {
    return this.#needs.simulation;
  }

  get chaos(): ChaosDesk {
    return this.#needs.chaos;
  }

  get refusals(): Platform['refusals'] {
    return this.#needs.refusals;
  }

  [Symbol.dispose](): void {
    this.#pipeline[Symbol.dispose]();
    this.#figures[Symbol.dispose]();
  }

  async overview(): Promise<OverviewFigures> {
    const { pipeline, reports, connections } = this.#needs;
    const [figures, journal, store, diskFreeBytes] = await Promise.all([
      pipeline.request('figures'),
      reports.journal(),
      reports.store(),
      this.#needs.diskFreeBytes(),
    ]);
    const journalFigures = journal?.figures as JournalSizes | undefined; // told by log-worker
    const storeFigures = store?.figures as StoreFigures | undefined; // told by store-worker
    return {
      recordsReceived: figures.recordsReceived,
      pointsStored: this.#pointsTotal(figures, storeFigures),
      delay: figures.delay,
      backlogRecords: figures.backlogRecords,
      backlogAgeMs: figures.backlogAgeMs,
      devices: figures.devices,
      series: figures.series,
      connections: connections(),
      deadLettersOpen: figures.deadLettersOpen,
      journalBytes: journalFigures?.bytes ?? 0,
      journalBytesMax: journalFigures?.bytesMax ?? 0,
      storeBytes: storeFigures?.bytes ?? 0,
      diskFreeBytes,
      ledger: figures.ledger,
    };
  }

  devices(query: Parameters<Platform['devices']>[0]) {
    return this.#needs.pipeline.request('devices', query);
  }

  device(key: Parameters<Platform['device']>[0]) {
    return this.#needs.pipeline.request('device', key);
  }

  latest(key: Parameters<Platform['latest']>[0]) {
    return this.#needs.pipeline.request('latest', key);
  }

  connectivity(query: Parameters<Platform['connectivity']>[0]) {
    return this.#needs.pipeline.request('connectivity', query);
  }

  async *points(query: Parameters<Platform['points']>[0]): AsyncGenerator<PointRows> {
    let after: PointPosition | undefined = query.after;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0 && !query.signal.aborted) {
      const limit = Math.min(PAGE_ROWS, left);
      const shape = { kind: 'raw', after, limit, newestFirst: query.newestFirst } as const;
      const page = await this.#ask(query, shape);
      if (page?.kind !== 'points') return;
      yield rowsOf(page);
      left -= page.times.length;
      after = page.next;
      if (!after) return;
    }
  }

  async buckets(query: RangeQuery & { readonly stepMicros: number }): Promise<BucketRows> {
    const page = await this.#ask(query, { kind: 'buckets', stepMicros: query.stepMicros });
    if (page?.kind !== 'buckets') return { buckets: [], resolutionMicros: 0 };
    return { buckets: page.buckets, resolutionMicros: page.resolutionMicros };
  }

  async extremes(query: RangeQuery & { readonly points: number }): Promise<PointRows> {
    const page = await this.#ask(query, { kind: 'extremes', points: query.points });
    return page?.kind === 'points' ? rowsOf(page) : NO_ROWS;
  }

  ledger() {
    return this.#needs.pipeline.request('ledger');
  }

  audit(signal: AbortSignal): AsyncIterable<AuditStep> {
    return this.#needs.audit(signal);
  }

  gaps(query: Parameters<Platform['gaps']>[0]) {
    return this.#needs.pipeline.request('gaps', query);
  }

  deadLetters(query: Parameters<Platform['deadLetters']>[0]) {
    return this.#needs.pipeline.request('deadLetters', query);
  }

  deadLetter(offset: number) {
    return this.#needs.pipeline.request('deadLetter', offset);
  }

  deadLetterReasons(scope: Parameters<Platform['deadLetterReasons']>[0]) {
    return this.#needs.pipeline.request('deadLetterReasons', scope);
  }

  replayDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome> {
    return this.#change('replay', choice, author);
  }

  discardDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome> {
    return this.#change('discard', choice, author);
  }

  async *live(
    filters: readonly LiveFilter[],
    afterId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LiveEvent[]> {
    for await (const pull of this.#needs.pipeline.subscribe(filters, afterId, signal)) {
      const events: LiveEvent[] = [];
      if (pull.gap) {
        const { after, until, reason } = pull.gap;
        events.push({ event: 'gap', id: until, data: { after, reason, missed: undefined } });
      }
      if (pull.devices.length > 0) events.push({ event: 'points', id: pull.cursor, data: pull.devices });
      if (events.length > 0) yield events;
    }
  }

  intakeRefusal(): ReadinessReason | undefined {
    const refusal = this.#needs.ingress.refusal();
    return refusal === undefined ? undefined : { code: refusal, detail: REFUSAL_DETAILS[refusal] };
  }

  takeIn(telemetry: IncomingTelemetry): Promise<TakenTelemetry> {
    return takeTelemetryIn(telemetry, this.#needs);
  }

  /** What does not answer has no samples meanwhile, and readiness says so; the process tells of itself all the same. */
  async metrics(): Promise<readonly MetricFamily[]> {
    const { pipeline, reports } = this.#needs;
    const parts = await Promise.allSettled([
      pipeline.request('metrics'),
      reports.journal().then((journal) => journal?.metrics ?? []),
      reports.store().then((store) => store?.metrics ?? []),
    ]);
    const told = parts.flatMap((part) => {
      if (part.status === 'fulfilled') return [part.value];
      if (part.reason instanceof CodedError) return [];
      throw part.reason;
    });
    return await this.#figures.families(told);
  }

  readiness(): ReadinessReason[] {
    const reasons: ReadinessReason[] = [];
    const refusal = this.#needs.ingress.refusal();
    if (refusal !== undefined) reasons.push({ code: refusal, detail: REFUSAL_DETAILS[refusal] });
    reasons.push(...(this.#needs.journalReasons?.() ?? []), ...this.#pipeline.reasons);
    return reasons;
  }

  notes(): readonly ReadinessReason[] {
    return this.#needs.notes?.() ?? [];
  }

  configuration(): PlatformConfiguration {
    return this.#needs.configuration();
  }

  /** Refused at once while nothing is taken in: the caller would wait for the disk otherwise. */
  async #change(
    kind: 'replay' | 'discard',
    choice: DeadLetterChoice,
    author: string,
  ): Promise<DeadLetterOutcome> {
    const { changeDeadLetters: elsewhere } = this.#needs;
    if (elsewhere) return await elsewhere(kind, choice, author);
    const refusal = this.#needs.ingress.refusal();
    if (refusal !== undefined) throw new ApiError('unavailable', REFUSAL_DETAILS[refusal]);
    return await changeDeadLetters(kind, choice, author, this.#needs);
  }

  #ask(query: RangeQuery, shape: SeriesQuery['shape']) {
    const { series, fromMicros, toMicros, deadlineMs } = query;
    return this.#needs.pipeline.request('points', { series, fromMicros, toMicros, deadlineMs, shape });
  }

  #pointsTotal(figures: PipelineFigures, store: StoreFigures | undefined): number {
    if (store) this.#pointsBefore ??= Math.max(0, store.points + figures.headPoints - figures.pointsDecoded);
    return (this.#pointsBefore ?? 0) + figures.pointsDecoded;
  }
}

const NO_ROWS: PointRows = {
  times: new Float64Array(0),
  values: [],
  offsets: new Float64Array(0),
  ordinals: new Uint16Array(0),
};

function rowsOf({ times, values, offsets, ordinals }: PointPage): PointRows {
  return { times, values, offsets, ordinals };
}
