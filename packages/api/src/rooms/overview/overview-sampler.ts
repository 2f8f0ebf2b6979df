import type { Clock, Logger, Timer } from '@skerry/kernel';
import { LIMITS } from '../../limits.ts';
import type { OverviewFigures, Platform } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { showOverview } from '../../shape.ts';
import { formatTime } from '../../time.ts';

/** Samples over which a rate is taken. */
const RATE_SAMPLES = 3;

interface Mark {
  readonly atMs: number;
  readonly records: number;
  readonly points: number;
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
  readonly #subscribers = new Set<(overview: Model<'Overview'>) => void>();
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

  /** The figures now; rates are those of the last sample. */
  async current(): Promise<Model<'Overview'>> {
    const figures = await this.#platform.overview();
    return this.#show(figures, this.#sample(figures));
  }

  /** The last minutes, oldest first. */
  history(): Model<'OverviewHistory'> {
    return { time: formatTime(this.#clock.nowMicros()), samples: [...this.#history] };
  }

  /** Calls back with every new sample until disposed. */
  subscribe(callback: (overview: Model<'Overview'>) => void): Disposable {
    this.#subscribers.add(callback);
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
      this.#take(await this.#platform.overview());
    } catch (error) {
      this.#logger.log('warn', 'overview sample failed', { error: String(error) });
    } finally {
      this.#isAsking = false;
    }
  }

  #take(figures: OverviewFigures): void {
    this.#marks.push({
      atMs: this.#clock.monotonicMs(),
      records: figures.recordsReceived,
      points: figures.pointsStored,
    });
    if (this.#marks.length > RATE_SAMPLES + 1) this.#marks.shift();
    const sample = this.#sample(figures);
    if (this.#marks.length > 1) this.#history.push(sample); // the first has no rate yet
    if (this.#history.length > LIMITS.overviewHistorySecs.value) this.#history.shift();
    const overview = this.#show(figures, sample);
    for (const tell of this.#subscribers) tell(overview);
  }

  #sample(figures: OverviewFigures): Model<'OverviewSample'> {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    const seconds = first && last ? (last.atMs - first.atMs) / 1_000 : 0;
    const rate = (from: number, to: number) =>
      seconds > 0 ? Math.round(((to - from) / seconds) * 10) / 10 : 0;
    return {
      time: formatTime(this.#clock.nowMicros()),
      receivedPerSecond: rate(first?.records ?? 0, last?.records ?? 0),
      pointsPerSecond: rate(first?.points ?? 0, last?.points ?? 0),
      delayP50Ms: figures.delay?.p50Ms ?? null,
      delayP99Ms: figures.delay?.p99Ms ?? null,
      backlogRecords: figures.backlogRecords,
      journalBytes: figures.journalBytes,
      storeBytes: figures.storeBytes,
    };
  }

  #show(figures: OverviewFigures, sample: Model<'OverviewSample'>): Model<'Overview'> {
    return showOverview(figures, sample, this.#process);
  }
}
