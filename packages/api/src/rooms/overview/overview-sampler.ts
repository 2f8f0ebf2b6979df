import type { Clock, Logger, Timer } from '@skerry/kernel';
import type { LedgerReport, Scope } from '@skerry/model';
import { LIMITS } from '../../limits.ts';
import type { OverviewFigures, Platform } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { showOverview } from '../../shape.ts';
import { formatTime } from '../../time.ts';
import { figuresWithin, receivedWithin } from './overview-part.ts';

/** Samples over which a rate is taken. */
const RATE_SAMPLES = 3;

interface Mark {
  readonly atMs: number;
  readonly records: number;
  readonly points: number;
  readonly ledger: LedgerReport;
}

/**
 * Asks the platform for its figures once a second, whoever watches, keeps the last minutes and tells subscribers:
 * the cost is one question a second however many streams are open.
 */
export class OverviewSampler implements Disposable {
  readonly #platform: Platform;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #process: { readonly startedMicros: number; readonly version: string };
  readonly #history: Model<'OverviewSample'>[] = [];
  readonly #marks: Mark[] = [];
  readonly #subscribers = new Map<(overview: Model<'Overview'>) => void, readonly Scope[] | undefined>();
  readonly #ticker: Timer;
  #isAsking = false;

  constructor(platform: Platform, clock: Clock, logger: Logger) {
    this.#platform = platform;
    this.#clock = clock;
    this.#logger = logger;
    this.#process = { startedMicros: clock.nowMicros(), version: platform.configuration().version };
    this.#ticker = clock.startTicker(1_000, () => void this.#tick());
    void this.#tick();
  }

  /** The figures now, of all or of what lies in the scopes; rates are those of the last sample. */
  async current(scopes?: readonly Scope[]): Promise<Model<'Overview'>> {
    const figures = await this.#platform.overview();
    return scopes ? await this.#showPart(figures, scopes) : this.#show(figures, this.#sample(figures));
  }

  /** The last minutes, oldest first. None is kept of a part. */
  history(scopes?: readonly Scope[]): Model<'OverviewHistory'> {
    return { time: formatTime(this.#clock.nowMicros()), samples: scopes ? [] : [...this.#history] };
  }

  /** Calls back with every new sample, of all or of what lies in the scopes, until disposed. */
  subscribe(callback: (overview: Model<'Overview'>) => void, scopes?: readonly Scope[]): Disposable {
    this.#subscribers.set(callback, scopes);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(callback) };
  }

  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
    this.#subscribers.clear();
  }

  async #tick(): Promise<void> {
    if (this.#isAsking) return; // the platform is slow: a sample is left out rather than queued
    this.#isAsking = true;
    try {
      await this.#take(await this.#platform.overview());
    } catch (error) {
      this.#logger.log('warn', 'overview sample failed', { error: String(error) });
    } finally {
      this.#isAsking = false;
    }
  }

  async #take(figures: OverviewFigures): Promise<void> {
    this.#marks.push({
      atMs: this.#clock.monotonicMs(),
      records: figures.recordsReceived,
      points: figures.pointsStored,
      ledger: figures.ledger,
    });
    if (this.#marks.length > RATE_SAMPLES + 1) this.#marks.shift();
    const sample = this.#sample(figures);
    if (this.#marks.length > 1) this.#history.push(sample); // the first has no rate yet
    if (this.#history.length > LIMITS.overviewHistorySecs.value) this.#history.shift();
    const overview = this.#show(figures, sample);
    const parts = new Map<string, Model<'Overview'>>();
    for (const [tell, scopes] of this.#subscribers) {
      if (!scopes) {
        tell(overview);
        continue;
      }
      const key = JSON.stringify(scopes);
      const part = parts.get(key) ?? (await this.#showPart(figures, scopes));
      parts.set(key, part);
      tell(part);
    }
  }

  #sample(figures: OverviewFigures): Model<'OverviewSample'> {
    return {
      time: formatTime(this.#clock.nowMicros()),
      receivedPerSecond: this.#rate((mark) => mark.records),
      pointsPerSecond: this.#rate((mark) => mark.points),
      delayP50Ms: figures.delay?.p50Ms ?? null,
      delayP99Ms: figures.delay?.p99Ms ?? null,
      backlogRecords: figures.backlogRecords,
      journalBytes: figures.journalBytes,
      storeBytes: figures.storeBytes,
    };
  }

  /** How fast a total grows, per second, over the last samples. */
  #rate(totalOf: (mark: Mark) => number): number {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    const seconds = first && last ? (last.atMs - first.atMs) / 1_000 : 0;
    return first && last && seconds > 0
      ? Math.round(((totalOf(last) - totalOf(first)) / seconds) * 10) / 10
      : 0;
  }

  async #showPart(whole: OverviewFigures, scopes: readonly Scope[]): Promise<Model<'Overview'>> {
    const { total } = await this.#platform.devices({ scopes, limit: 1 });
    const figures = figuresWithin(whole, total, scopes);
    const receivedPerSecond = this.#rate((mark) => receivedWithin(mark.ledger, scopes));
    const sample = { ...this.#sample(figures), receivedPerSecond, pointsPerSecond: 0 };
    return { ...this.#show(figures, sample), isPart: true };
  }

  #show(figures: OverviewFigures, sample: Model<'OverviewSample'>): Model<'Overview'> {
    return showOverview(figures, sample, this.#process);
  }
}
