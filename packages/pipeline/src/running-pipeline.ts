import assert from 'node:assert/strict';
import type { StoredBatch } from '@skerry/journal';
import type { Timer } from '@skerry/kernel';
import type { DeadLetter, DeviceKey, LedgerReport, SequenceGap } from '@skerry/model';
import type { BucketPage, DeadLetterHead, PointPage, Seal, StoreState } from '@skerry/series';
import { Catalogue } from './catalogue.ts';
import { CommittedLedger } from './committed-ledger.ts';
import { ConnectivityPages } from './connectivity-pages.ts';
import { DeadLetterBook } from './dead-letter-book.ts';
import { DeadLetterPages } from './dead-letter-pages.ts';
import { DelayWindow } from './delay-window.ts';
import { DevicePages } from './device-pages.ts';
import { PipelineError } from './errors.ts';
import { type HeadSlot, HeadSlots } from './head-slots.ts';
import { giveBack, HotQueue } from './hot-queue.ts';
import { LatestValues } from './latest-values.ts';
import { LIMITS } from './limits.ts';
import { LiveDesk } from './live-desk.ts';
import { type LivePlace, LiveRing } from './live-ring.ts';
import type { LiveFilter, LiveSubscription } from './live-subscription.ts';
import type {
  ConnectivityQuery,
  DeadLetterScope,
  DeviceDetail,
  DeviceQuery,
  DeviceRows,
  GapQuery,
  LatestValue,
  OpenReasons,
  Pipeline,
  PipelineAlarm,
  PipelineFigures,
  PipelineNeeds,
  PipelineOptions,
  PointsQuery,
  ScopedDeadLetterFilter,
} from './pipeline.ts';
import { pipelineAlarms } from './pipeline-alarms.ts';
import { figuresOf } from './pipeline-figures.ts';
import { PipelineMeters } from './pipeline-meters.ts';
import { PipelineTrace } from './pipeline-trace.ts';
import { PipelineWatch } from './pipeline-watch.ts';
import { PolicyTime } from './policy-time.ts';
import { RecordCursor } from './record-cursor.ts';
import { RecordProcessor } from './record-processor.ts';
import { compileRoutes } from './routes.ts';
import { isOfAge, nextDue, SealDraft } from './seal-draft.ts';
import { SealedBooks } from './sealed-books.ts';
import { commitSeal } from './sealer.ts';
import { SessionBook } from './session-book.ts';
import { StageDesk } from './stages/stage-desk.ts';
import { Wake } from './wake.ts';

const LAST_ORDINAL = 65_535;
const TICK_MS = 100;
/** Records between two looks at the clock. */
const GROUP = 64;
/** How long a hot batch is waited for before the journal is read, while hot batches come. */
const HOT_GRACE_MS = 20;

interface Open {
  readonly draft: SealDraft;
  readonly slot: HeadSlot;
  readonly number: number;
  dueMs: number;
}

/** The one implementation of `Pipeline`; made by `openPipeline`. */
export class RunningPipeline implements Pipeline {
  position: number;
  committedPosition: number;
  readonly ended: Promise<void>;
  readonly #options: Required<PipelineOptions>;
  readonly #needs: PipelineNeeds;
  readonly #catalogue: Catalogue;
  readonly #latest = new LatestValues();
  readonly #ring: LiveRing;
  readonly #live: LiveDesk;
  readonly #letters = new DeadLetterBook();
  readonly #sessions = new SessionBook();
  readonly #books: SealedBooks;
  readonly stages: StageDesk;
  readonly #processor: RecordProcessor;
  readonly #pages: DevicePages;
  readonly #letterPages: DeadLetterPages;
  readonly #connectivity: ConnectivityPages;
  readonly #ledger: CommittedLedger;
  readonly #meters: PipelineMeters;
  readonly #trace: PipelineTrace | undefined;
  readonly #watch: PipelineWatch;
  readonly #delays = new DelayWindow();
  readonly #policyTime: PolicyTime;
  readonly #hot = new HotQueue();
  readonly #cursor = new RecordCursor();
  readonly #slots: HeadSlots;
  readonly #changed = new Wake();
  readonly #stop = new AbortController();
  readonly #ticker: Timer;
  #open: Open;
  #sealing: Open | undefined;
  #sealed: Promise<void> = Promise.resolve();
  #lastInputMs: number;
  #lastRecordMicros = 0;
  #secondMs = Number.NEGATIVE_INFINITY;
  #isHot = false;
  /** Offset behind the batches that are being worked on. */
  #underWayEnd = 0;
  /** When others last had a turn. */
  #sliceMs = 0;
  #failure: unknown;
  #miscount: string | undefined;
  #retry: string | undefined;
  #fail: (reason: unknown) => void = () => undefined;
  #finish: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: Required<PipelineOptions>, needs: PipelineNeeds, state: StoreState) {
    this.#options = options;
    this.#needs = needs;
    this.position = state.position;
    this.committedPosition = state.position;
    this.ended = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => undefined); // whoever awaits it is told; nobody has to
    this.#meters = new PipelineMeters(needs.meter, options.visibleAt);
    this.#trace = needs.tracing && new PipelineTrace(needs.tracing, needs.clock);
    this.#catalogue = new Catalogue(options.nodeSeriesMax);
    this.#catalogue.restore(state);
    this.#books = new SealedBooks(state.stages, needs.journal.start === 0, needs.logger);
    this.#sessions.restore(state.sessions.clients);
    for (const { series, timeMicros, value } of state.latest) this.#latest.note(series, timeMicros, value);
    for (const head of state.deadLetters)
      this.#letters.restore(head, this.#catalogue.project(head.tenant, head.project));
    this.#ring = new LiveRing(this.#here(), options.liveRowsMax);
    this.#live = new LiveDesk({
      ring: this.#ring,
      journal: needs.journal,
      series: this.#catalogue.series,
      here: () => this.#here(),
      gapped: () => this.#meters.liveGaps.add(1),
    });
    this.#policyTime = new PolicyTime(needs.clock, state.logTimeMicros);
    this.#slots = new HeadSlots(options.sealPoints, () => this.#changed.ring());
    const route = compileRoutes(options.routes);
    this.stages = new StageDesk({ ...needs, book: this.#books.stages, route });
    this.#processor = new RecordProcessor(
      {
        route,
        catalogue: this.#catalogue,
        latest: this.#latest,
        ring: this.#ring,
        letters: this.#letters,
        sessions: this.#sessions,
        ...needs,
        ...this.#books,
      },
      state.telemetryPosition,
    );
    this.#ledger = new CommittedLedger(this.#catalogue, state.telemetryPosition);
    const unsealed = () => this.#unsealed().map((open) => open.draft);
    const [catalogue, sessions, store] = [this.#catalogue, this.#sessions, needs.store];
    this.#connectivity = new ConnectivityPages({ catalogue, sessions, store, unsealed });
    this.#pages = new DevicePages(this.#catalogue, this.#latest, this.#connectivity);
    this.#watch = new PipelineWatch({
      meters: this.#meters,
      catalogue: this.#catalogue,
      pages: this.#pages,
      processor: this.#processor,
      ...needs,
      ...options,
      books: this.#books,
    });
    this.#letterPages = new DeadLetterPages(needs.store, unsealed);
    this.#lastInputMs = needs.clock.monotonicMs();
    this.#open = this.#begin(state.sealNumber + 1, state.logTimeMicros);
    if (state.journalId !== undefined) this.#commitPosition();
    this.#ticker = needs.clock.startTicker(TICK_MS, () => this.#tick());
  }

  /** Begins to work. Called once. */
  start(): void {
    this.#running = this.#run().catch((fault: unknown) => this.#end(fault));
  }

  offer(batch: StoredBatch): boolean {
    if (this.#stop.signal.aborted || !this.#hot.offer(batch, Math.max(this.position, this.#underWayEnd)))
      return false;
    this.#changed.ring();
    return true;
  }

  async flush(): Promise<number> {
    const target = this.#needs.journal.end;
    while (this.committedPosition < target) {
      if (this.#stop.signal.aborted) {
        throw new PipelineError(
          'pipeline-closed',
          `The pipeline ended at position ${this.committedPosition}; a seal up to ${target} was asked for.`,
          {},
          this.#failure,
        );
      }
      const changed = this.#changed.wait();
      if (this.position >= target) this.#seal();
      await changed;
    }
    return this.committedPosition;
  }

  subscribe(filters: readonly LiveFilter[], cursor: string | undefined): LiveSubscription {
    return this.#live.subscribe(filters, cursor);
  }

  devices(query: DeviceQuery): DeviceRows {
    return this.#pages.list(query);
  }

  device(key: DeviceKey): DeviceDetail | undefined {
    return this.#pages.detail(key);
  }

  latest(key: DeviceKey): LatestValue[] | undefined {
    return this.#pages.latest(key);
  }

  gaps(query: GapQuery): SequenceGap[] {
    return this.#pages.gaps(query);
  }

  async points(query: PointsQuery): Promise<PointPage | BucketPage | undefined> {
    const { series: key, ...rest } = query;
    const series = this.#catalogue.find(key)?.series.get(key.metric);
    if (series === undefined) return undefined;
    return this.#slots.reading(this.#unsealed(), (views) =>
      this.#needs.store.query({ ...rest, series }, views),
    );
  }

  deadLetters(filter: ScopedDeadLetterFilter): Promise<DeadLetterHead[]> {
    return this.#letterPages.list(filter);
  }

  deadLetter(offset: number): Promise<DeadLetter | undefined> {
    return this.#letterPages.get(offset);
  }

  deadLetterReasons(scope: DeadLetterScope): OpenReasons {
    return this.#letters.reasons(scope);
  }

  ledger(): LedgerReport {
    return this.#ledger.report(this.#needs.journal, this.committedPosition);
  }

  alarms(): PipelineAlarm[] {
    return pipelineAlarms(this.ledger().imbalances, {
      'journal-miscount': this.#miscount,
      'seal-retry': this.#retry,
      'origin-gap': this.#books.origins.missing,
    });
  }

  figures(): PipelineFigures {
    const { position, committedPosition } = this;
    const [ledger, alarms] = [this.ledger(), this.alarms()];
    const headPoints = this.#open.draft.head.rows;
    const told = { position, committedPosition, ledger, alarms, headPoints };
    return figuresOf(told, this.#lastRecordMicros, {
      processor: this.#processor,
      delays: this.#delays,
      catalogue: this.#catalogue,
      letters: this.#letters,
      ...this.#needs,
    });
  }

  connectivity(query: ConnectivityQuery) {
    return this.#connectivity.of(query);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker[Symbol.dispose]();
    this.#stop.abort();
    this.stages.close();
    this.#changed.ring();
    await this.#running;
    await this.#sealed;
    if (this.#failure === undefined) this.#finish();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const hot = this.#hot.take(this.position);
      if (hot) {
        this.#isHot = true;
        this.#underWayEnd = hot.firstOffset + hot.count;
        await this.#consume(hot);
        giveBack(hot);
      } else if (this.#needs.journal.end > this.position) await this.#readAhead();
      else await this.#wait((signal) => this.#needs.journal.waitBeyond(this.position, signal));
    }
  }

  async #readAhead(): Promise<void> {
    if (this.#isHot) {
      // the batch is on its way to here: waiting is cheaper than reading it back
      this.#isHot = false;
      await this.#wait((signal) => this.#needs.clock.sleep(HOT_GRACE_MS, signal));
      return;
    }
    const batches = await this.#needs.journal.read(this.position, LIMITS.readBytesMax.value);
    const last = batches.at(-1);
    if (last) this.#underWayEnd = last.firstOffset + last.count;
    for (const batch of batches) {
      if (this.#stop.signal.aborted) return;
      if (batch.firstOffset + batch.count > this.position) await this.#consume(batch);
      giveBack(batch);
    }
  }

  /** Waits for `event` or for any change here, whichever comes first. */
  async #wait(event: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController();
    const changed = this.#changed.wait();
    if (this.#stop.signal.aborted || !this.#hot.isEmpty) return;
    await Promise.race([changed, event(over.signal)]);
    over.abort();
    this.#sliceMs = this.#needs.clock.monotonicMs();
  }

  /** Gives the records of a batch from the position on their verdicts, in slices. */
  async #consume(batch: StoredBatch): Promise<void> {
    const record = this.#cursor;
    const { clock } = this.#needs;
    record.begin(batch);
    this.#processor.beginBatch(record);
    this.#compareCounts(batch);
    let grouped = 0;
    while (record.next()) {
      if (record.offset < this.position) continue;
      this.#trace?.begin(record);
      while (!this.#processor.process(record, this.#open.draft)) {
        await this.#roomInHead();
        if (this.#stop.signal.aborted) return;
      }
      this.position = record.offset + 1;
      this.#trace?.judged(record, this.#open.draft);
      if (++grouped < GROUP) continue;
      this.#noteDelay(record.receivedMicros, grouped);
      grouped = 0;
      if (this.#isDue()) this.#seal();
      if (clock.monotonicMs() - this.#sliceMs < LIMITS.sliceMs.value) continue;
      await this.#breathe();
      if (this.#stop.signal.aborted) return;
    }
    this.#noteDelay(record.receivedMicros, grouped);
    this.#needs.failpoint('pipeline-after-decode');
    if (this.#isDue()) this.#seal();
    this.#changed.ring();
    if (clock.monotonicMs() - this.#sliceMs >= LIMITS.sliceMs.value) await this.#breathe();
  }

  async #breathe(): Promise<void> {
    await (this.#needs.breathe?.() ?? this.#needs.clock.sleep(0, this.#stop.signal));
    this.#sliceMs = this.#needs.clock.monotonicMs();
  }

  #compareCounts(batch: StoredBatch): void {
    if (batch.firstOffset !== this.position || batch.telemetryBefore === this.#processor.telemetryPosition)
      return;
    const detail = `Before offset ${batch.firstOffset} the journal counts ${batch.telemetryBefore} telemetry records and the pipeline ${this.#processor.telemetryPosition}.`;
    if (this.#miscount === undefined)
      this.#needs.logger.log('error', 'Journal and pipeline count differently', { detail });
    this.#miscount = detail;
  }

  #noteDelay(receivedMicros: number, count: number): void {
    if (count === 0) return;
    const nowMs = this.#needs.clock.monotonicMs();
    const delayMs = Math.max(0, (this.#needs.clock.nowMicros() - receivedMicros) / 1000);
    if (this.position > this.#options.seenEnd) {
      this.#delays.note(delayMs, count, nowMs);
      this.#meters.decoded(receivedMicros, delayMs / 1000, count);
    }
    this.#lastInputMs = nowMs;
    this.#lastRecordMicros = receivedMicros;
  }

  /** Resolves when the open head may have room again. */
  async #roomInHead(): Promise<void> {
    const changed = this.#changed.wait();
    const before = this.#open;
    this.#seal();
    if (this.#open !== before) return;
    this.#meters.stalls.add(1);
    await changed;
  }

  #isDue(): boolean {
    const { draft, dueMs } = this.#open;
    if (draft.isEmpty) return false;
    return (
      draft.head.rows >= this.#slots.pointsMax(this.#catalogue.series.length) ||
      draft.records >= this.#options.sealRecords ||
      draft.head.textBytes >= LIMITS.headTextBytesMax.value / 2 ||
      draft.deadLetterBytes >= LIMITS.sealDeadLetterBytes.value ||
      isOfAge(this.#needs.clock.monotonicMs(), dueMs, this.position < this.#needs.journal.end)
    );
  }

  /** Begins to seal what is open, unless a seal is on its way or no head is free. */
  #seal(): void {
    const { draft } = this.#open;
    if (this.#sealing || this.#stop.signal.aborted) return;
    this.#processor.expire(draft, this.#policyTime.at(draft.logTimeMicros));
    if (draft.isEmpty || !this.#slots.hasFree) return;
    const closing = this.#open;
    const seal = draft.seal(
      this.#needs.journal.id,
      this.position,
      this.#processor.telemetryPosition,
      this.#catalogue,
      this.#books.takeRows(),
      this.#sessions.sealOf(draft.sessions),
    );
    const commit = this.#ledger.snapshot(this.#processor.telemetryPosition);
    closing.slot.state = 'sealing';
    this.#meters.sealing();
    const trace = this.#trace?.sealing(seal.number);
    this.#sealing = closing;
    this.#open = this.#begin(closing.number + 1, draft.logTimeMicros);
    this.#sealed = this.#commit(trace ? { ...seal, trace } : seal, closing, commit).catch((fault: unknown) =>
      this.#end(fault),
    );
  }

  #begin(number: number, logTimeMicros: number): Open {
    const slot = this.#slots.take();
    assert(slot, 'a head was to be filled and none is free, although that was asked first');
    const draft = new SealDraft(number, this.position, slot.head, logTimeMicros);
    return { draft, slot, number, dueMs: nextDue(this.#needs.clock.monotonicMs(), this.#options.sealAgeMs) };
  }

  async #commit(seal: Seal, closing: Open, commitLedger: () => void): Promise<void> {
    const needs = { ...this.#needs, signal: this.#stop.signal };
    const isDurable = await commitSeal(seal, needs, (reason) => {
      this.#retry = reason;
    });
    if (!isDurable) return;
    commitLedger();
    this.committedPosition = seal.position;
    this.#commitPosition();
    this.#sealing = undefined;
    this.#slots.sealed(closing.slot);
    this.#meters.sealed(needs.clock.nowMicros());
    this.#trace?.sealed();
    this.#changed.ring();
  }

  #commitPosition(): void {
    const position = this.committedPosition;
    this.#needs.journal.commit({ name: 'pipeline/default', isMandatory: true, position });
  }

  /** Heads the store may not have, oldest first. */
  #unsealed(): Open[] {
    return this.#sealing ? [this.#sealing, this.#open] : [this.#open];
  }

  #here(): LivePlace {
    return { offset: this.position - 1, ordinal: LAST_ORDINAL };
  }

  #tick(): void {
    const nowMs = this.#needs.clock.monotonicMs();
    if (this.#open.draft.isEmpty) this.#open.dueMs = nextDue(nowMs, this.#options.sealAgeMs);
    else if (nowMs - this.#lastInputMs >= this.#options.sealIdleMs || this.#isDue()) this.#seal();
    if (nowMs - this.#secondMs < 1000) return;
    this.#secondMs = nowMs;
    this.#watch.look(this.ledger(), nowMs, {
      headPoints: this.#open.draft.head.rows,
      hotBytes: this.#hot.bytes,
      subscriptions: this.#live.subscriptions,
      deadLettersOpen: this.#letters.count,
    });
  }

  #end(fault: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = fault ?? new Error('The pipeline failed without a reason.');
    this.#trace?.sealed(String(fault));
    this.#ticker[Symbol.dispose]();
    this.#stop.abort();
    this.#needs.logger.log('error', 'The pipeline cannot go on', { reason: String(fault) });
    this.#fail(this.#failure);
    this.#changed.ring();
  }
}
