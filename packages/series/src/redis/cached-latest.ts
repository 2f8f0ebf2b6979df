import type { Clock, Counter, Meter, Random } from '@skerry/kernel';
import type { DeviceKey } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { NewestOfDevice, PlacedLatest, SealMarks } from '../postgres/newest-points.ts';
import type { ReadingLatest } from '../postgres/reading-shapes.ts';
import {
  BEGIN,
  bitOf,
  DROP,
  deviceKey,
  FILL,
  marksKey,
  pointText,
  RELEASE,
  readPoint,
  WANT,
  WHOLE,
} from './cache-layout.ts';
import type { RedisLink } from './redis-link.ts';

/** What a cached reader works with. */
export interface CachedLatestNeeds {
  readonly link: RedisLink;
  /** Answers whatever the cache does not: the newest values as the tables have them. */
  readonly latest: (key: DeviceKey) => Promise<readonly ReadingLatest[] | undefined>;
  /** The same with what orders points, and whether it was read from a primary. */
  readonly newest: (key: DeviceKey) => Promise<NewestOfDevice>;
  /** How far each source is committed. */
  readonly marks: () => Promise<SealMarks>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly random: Pick<Random, 'bytes'>;
  readonly meter: Meter;
}

type Outcome = 'hit' | 'miss' | 'doubt' | 'error';

/** A look at how far writers have come, and whether the cache has come as far. */
interface Look {
  readonly site: string;
  readonly generation: string;
  readonly atMs: number;
}

const AGAIN_MS = [10, 20, 40, 80, 100] as const;

/**
 * Newest values of devices out of Redis, where writers put them as they commit. An answer has everything that was
 * committed a second before it was asked for (`cacheAgeMs`): the cache is believed only where it has come as far as
 * PostgreSQL was at the last look, and PostgreSQL is asked whenever that is not known.
 */
export class CachedLatest {
  readonly #needs: CachedLatestNeeds;
  readonly #expiryMs: number;
  readonly #reads: Readonly<Record<Outcome, Counter>>;
  #look: Look | undefined;
  #looking: Promise<Look | undefined> | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** Since when the cache is behind; undefined while it is not. */
  #behindMs: number | undefined;

  constructor(expiryMs: number, needs: CachedLatestNeeds) {
    this.#needs = needs;
    this.#expiryMs = expiryMs;
    const reads = (outcome: Outcome) =>
      needs.meter.counter(
        'iot_cache_reads_total',
        'Questions for newest values: answered by the cache (hit), not there (miss), not believed (doubt), failed (error); all but hits by PostgreSQL.',
        { outcome },
      );
    this.#reads = {
      hit: reads('hit'),
      miss: reads('miss'),
      doubt: reads('doubt'),
      error: reads('error'),
    };
  }

  /** As `PostgresReadings.latest`, by metric. */
  async latest(key: DeviceKey): Promise<readonly ReadingLatest[] | undefined> {
    const { latest } = this.#needs;
    let outcome: Outcome = 'doubt';
    let answer: readonly ReadingLatest[] | undefined;
    try {
      const look = await this.#believed();
      if (look) {
        const known = await this.#read(look, key);
        outcome = known ? 'hit' : 'miss';
        answer = known ?? (await this.#filled(look, key));
      } else answer = await latest(key);
    } catch (error) {
      if (!(error instanceof CacheFault)) throw error;
      outcome = 'error';
      answer = await latest(key);
    }
    this.#reads[outcome].add(1);
    return answer && [...answer].sort(byMetric);
  }

  async #read(look: Look, key: DeviceKey): Promise<readonly ReadingLatest[] | undefined> {
    const fields = await guarded(() => this.#needs.link.fields(deviceKey(look.site, look.generation, key)));
    const found: ReadingLatest[] = [];
    let isWhole = false;
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = String(fields[i]);
      if (name === WHOLE) isWhole = true;
      const point = name.startsWith('m') ? readPoint(String(fields[i + 1])) : undefined;
      if (point) found.push({ metric: name.slice(1), ...point });
    }
    return isWhole ? found : undefined;
  }

  /** Reads a device from PostgreSQL and puts it into the cache, unless another does so at this moment. */
  async #filled({ site, generation }: Look, key: DeviceKey): Promise<readonly ReadingLatest[] | undefined> {
    const { link, latest, newest, random } = this.#needs;
    const keys = [marksKey(site), deviceKey(site, generation, key)];
    const token = Buffer.from(random.bytes(8)).toString('hex');
    const wish = [generation, bitOf(key), token, LIMITS.cacheFillMs.value];
    // from here on writers put into it what they commit, so nothing is missed between this and the reading
    const isMine = (await guarded(() => link.run(WANT, keys, wish))) === 1;
    if (!isMine) return await latest(key);
    const { points, isPrimary } = await newest(key);
    // a standby may not have yet what was committed, and put into the cache, before the wish
    if (!points || !isPrimary) {
      await guarded(() => link.run(RELEASE, keys.slice(1), [token]));
      return points?.map(shown);
    }
    const values = points.flatMap((one) => [one.metric, pointText(one)]);
    await guarded(() => link.run(FILL, keys, [generation, token, ...values]));
    return points.map(shown);
  }

  /** The generation that may be believed now; undefined when none may. One look at a time, at most two a second. */
  async #believed(): Promise<Look | undefined> {
    const { link, clock } = this.#needs;
    if (!link.isReady) return undefined;
    const nowMs = clock.monotonicMs();
    if (this.#look && nowMs - this.#look.atMs <= LIMITS.cacheLookMs.value) return this.#look;
    if (!this.#looking) {
      if (!this.#look && nowMs - this.#lookedMs < LIMITS.cacheLookMs.value / 5) return undefined;
      this.#lookedMs = nowMs;
      this.#looking = this.#lookNow().finally(() => {
        this.#looking = undefined;
      });
    }
    // an answer of the look before may still be young enough
    if (this.#look && nowMs - this.#look.atMs <= LIMITS.cacheAgeMs.value) {
      this.#looking.catch(() => undefined); // whoever needs it is told
      return this.#look;
    }
    return await this.#looking;
  }

  async #lookNow(): Promise<Look | undefined> {
    const { marks, clock } = this.#needs;
    const atMs = clock.monotonicMs();
    const { site, seals } = await marks();
    this.#look = undefined;
    if (site === undefined) return undefined;
    const generation = await guarded(() => this.#covering(site, seals));
    if (generation === undefined) return undefined;
    this.#behindMs = undefined;
    this.#look = { site, generation, atMs };
    return this.#look;
  }

  /** The generation in which everything is that these seals brought; waits a little for writers that have just committed. */
  async #covering(site: string, seals: SealMarks['seals']): Promise<string | undefined> {
    const { link, clock } = this.#needs;
    const key = marksKey(site);
    const sources = [...seals];
    const names = ['g', ...sources.map(([source]) => `s${source}`)];
    for (const pauseMs of [...AGAIN_MS, undefined]) {
      const [generation, ...found] = await link.field(key, names);
      if (generation === null || generation === undefined) return await this.#begin(key, sources);
      if (sources.every(([, seal], i) => Number(found[i] ?? 0) >= seal)) return generation;
      if (pauseMs !== undefined) await clock.sleep(pauseMs);
      else await this.#behind(key, generation);
    }
    return undefined;
  }

  async #begin(
    key: string,
    sources: readonly (readonly [source: number, seal: number])[],
  ): Promise<string | undefined> {
    const { link, random } = this.#needs;
    const generation = Buffer.from(random.bytes(8)).toString('hex');
    const isMine = (await link.run(BEGIN, [key], [generation, this.#expiryMs, ...sources.flat()])) === 1;
    return isMine ? generation : undefined;
  }

  /** What stays behind was lost, or is of a source that nobody writes any more: it begins anew. */
  async #behind(key: string, generation: string): Promise<void> {
    const nowMs = this.#needs.clock.monotonicMs();
    this.#behindMs ??= nowMs;
    if (nowMs - this.#behindMs < LIMITS.cacheBehindMs.value) return;
    this.#behindMs = undefined;
    await this.#needs.link.run(DROP, [key], [generation]);
  }
}

/** Redis did not answer as wished. */
class CacheFault extends Error {}

async function guarded<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new CacheFault('The cache did not answer.', { cause });
  }
}

function shown({ metric, timeMicros, value }: PlacedLatest): ReadingLatest {
  return { metric, timeMicros, value };
}

function byMetric(one: ReadingLatest, other: ReadingLatest): number {
  if (one.metric === other.metric) return 0;
  return one.metric < other.metric ? -1 : 1;
}
