import type { Clock, Counter, Gauge, Meter, Timer } from '@skerry/kernel';
import type { SeriesKey } from '@skerry/model';
import type { HeadView } from '../head.ts';
import { LIMITS } from '../limits.ts';
import { LatestBook } from '../postgres/latest-book.ts';
import type { Seal, SeriesStore, StoreState } from '../store.ts';
import { APPLY, bitOf, DROP, deviceKey, hasBit, marksKey, PEEK, pointText } from './cache-layout.ts';
import type { RedisAnswer, RedisLink } from './redis-link.ts';

/** Of which source newest values are put into the cache. */
export interface LatestFeedOptions {
  readonly site: string;
  /** Id of the source in the database. */
  readonly source: number;
  /** Number of the last committed seal. */
  readonly seal: number;
}

/** What a feed works with. */
export interface LatestFeedNeeds {
  readonly link: RedisLink;
  readonly clock: Pick<Clock, 'startTimer' | 'monotonicMs' | 'sleep'>;
  readonly meter: Meter;
}

interface Device {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly points: { readonly metric: string; readonly text: string }[];
}

/**
 * Puts the newest values of one source into the cache, behind its commits and never in front of them: of those devices
 * that somebody has asked for. What cannot be put there waits, one value a series; where it is not known what is missing
 * the cache begins anew.
 */
export class LatestFeed implements AsyncDisposable {
  readonly #options: LatestFeedOptions;
  readonly #needs: LatestFeedNeeds;
  readonly #marks: string;
  readonly #book = new LatestBook();
  readonly #names: (SeriesKey | undefined)[] = [];
  /** By series: bit of its device. */
  readonly #bits: number[] = [];
  readonly #written: Counter;
  readonly #lag: Gauge;
  /** Last seal that was offered, and last one that the cache has or does not need. */
  #seal: number;
  #done: number;
  #generation = '';
  #wantedCount = '';
  #wanted: Uint8Array = new Uint8Array(0);
  /** Whether the cache is known to be as far as this feed thinks. */
  #isMet = false;
  /** What was not put there was let go of. */
  #isBroken = false;
  #pumping: Promise<void> | undefined;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(options: LatestFeedOptions, { series }: Pick<StoreState, 'series'>, needs: LatestFeedNeeds) {
    this.#options = options;
    this.#needs = needs;
    this.#marks = marksKey(options.site);
    this.#seal = this.#done = options.seal;
    for (const one of series) this.#names[one.id] = one;
    this.#written = needs.meter.counter(
      'iot_cache_values_written_total',
      'Newest values that were put into the cache.',
    );
    this.#lag = needs.meter.gauge(
      'iot_cache_lag_seals',
      'Seals that are committed and not in the cache of newest values yet.',
    );
  }

  /** A store whose seals go on to the cache once they are committed; none waits for it. */
  feeding(store: Pick<SeriesStore, 'seal'>): Pick<SeriesStore, 'seal'> {
    return {
      seal: async (seal) => {
        await store.seal(seal);
        this.#offer(seal);
      },
    };
  }

  /** Waits a little for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const over = new AbortController();
    const { clock } = this.#needs;
    const last = async (): Promise<void> => {
      await this.#pumping;
      if (this.#done < this.#seal && this.#needs.link.isReady) await this.#pump();
    };
    await Promise.race([
      last().catch(() => undefined), // the link has counted and told it
      clock.sleep(LIMITS.cacheFarewellMs.value, over.signal),
    ]);
    over.abort();
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
  }

  #offer({ number, series, points }: Seal): void {
    for (const one of series) this.#names[one.id] = one;
    this.#take(points);
    this.#seal = number;
    this.#lag.set(this.#seal - this.#done);
    this.#begin();
  }

  #take(points: HeadView): void {
    this.#book.apply(points);
    if (this.#book.dirty.size <= LIMITS.cacheSeriesWaitingMax.value) return;
    this.#book.dirty = new Set();
    this.#isBroken = true;
  }

  #begin(): void {
    if (this.#pumping || this.#isClosed || this.#retry) return;
    if (!this.#needs.link.isReady) {
      this.#later();
      return;
    }
    this.#pumping = this.#pump()
      .catch(() => this.#later()) // the link has counted and told it
      .finally(() => {
        this.#pumping = undefined;
        if (this.#done < this.#seal) this.#begin();
      });
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#retry ??= this.#needs.clock.startTimer(LIMITS.cachePauseMs.value, () => {
      this.#retry = undefined;
      if (this.#done < this.#seal) this.#begin();
    });
  }

  /** Brings the cache up to what is committed. */
  async #pump(): Promise<void> {
    const upTo = this.#seal;
    const dirty = this.#book.dirty;
    this.#book.dirty = new Set();
    try {
      // asked for behind the commit: whoever fills a device from now on reads what was committed
      if (await this.#meet()) await this.#apply(this.#wantedOf(dirty), upTo);
      this.#done = upTo;
      this.#lag.set(this.#seal - this.#done);
    } catch (error) {
      for (const series of dirty) this.#book.dirty.add(series);
      throw error;
    }
  }

  /** Learns which devices are wanted; false when there is no generation that would have to know. */
  async #meet(): Promise<boolean> {
    const { source } = this.#options;
    const { link } = this.#needs;
    const values = [source, this.#generation, this.#wantedCount];
    const [generation, mark, count, wanted] = texts(await link.run(PEEK, [this.#marks], values));
    if (generation === undefined) {
      this.#forget();
      return false;
    }
    const name = String(generation);
    if (this.#isBroken || (!this.#isMet && !this.#isWhole(String(mark)))) {
      await link.run(DROP, [this.#marks], [name]);
      this.#forget();
      return false;
    }
    this.#isMet = true;
    if (wanted) this.#wanted = wanted;
    this.#generation = name;
    this.#wantedCount = String(count);
    return true;
  }

  /** Nothing is in the cache that could miss anything of before. */
  #forget(): void {
    this.#isMet = true;
    this.#isBroken = false;
    this.#generation = '';
    this.#wantedCount = '';
    this.#wanted = new Uint8Array(0);
  }

  /** Whether the writer before has left nothing out. */
  #isWhole(mark: string): boolean {
    return Number(mark === '' ? 0 : mark) === this.#options.seal;
  }

  #wantedOf(dirty: ReadonlySet<number>): Device[] {
    const devices = new Map<string, Device>();
    for (const series of dirty) {
      const key = this.#names[series];
      if (!key) continue;
      this.#bits[series] ??= bitOf(key);
      if (!hasBit(this.#wanted, this.#bits[series])) continue;
      const point = this.#book.of(series);
      if (!point) continue;
      const { tenant, project, device, metric } = key;
      const name = deviceKey(this.#options.site, this.#generation, key);
      let known = devices.get(name);
      if (!known) {
        known = { tenant, project, device, points: [] };
        devices.set(name, known);
      }
      known.points.push({ metric, text: pointText(point) });
    }
    return [...devices.values()];
  }

  async #apply(devices: readonly Device[], upTo: number): Promise<void> {
    const { site, source } = this.#options;
    const most = LIMITS.cacheDevicesAtOnce.value;
    for (let at = 0; at === 0 || at < devices.length; at += most) {
      const some = devices.slice(at, at + most);
      const isLast = at + most >= devices.length;
      const keys = [this.#marks, ...some.map((one) => deviceKey(site, this.#generation, one))];
      const values = some.flatMap(({ points }) => [
        points.length,
        ...points.flatMap(({ metric, text }) => [metric, text]),
      ]);
      const head = [this.#generation, source, isLast ? upTo : ''];
      const answer = await this.#needs.link.run(APPLY, keys, [...head, ...values]);
      // it has ended, and what is asked for from now on has all of this
      if (answer === -1) return;
      this.#written.add(some.reduce((sum, { points }) => sum + points.length, 0));
    }
  }
}

function texts(answer: RedisAnswer): (Buffer | undefined)[] {
  return Array.isArray(answer) ? (answer as (Buffer | undefined)[]) : []; // as PEEK answers
}
