import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import type { StoreState } from '@skerry/series';
import {
  type PostgresPool,
  type PostgresReadings,
  readNewest,
  readSealMarks,
  sourceIdOf,
} from '@skerry/series/postgres';
import type { LatestFeed, RedisPlace } from '@skerry/series/redis';
import type { SkerryConfig } from '../config/schema.ts';
import { readNamed, readSecret } from './role.ts';

/** What the cache of newest values works with. */
export interface LatestCacheNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Where the configured Redis is. The file of the password is read again for each connection. Fails with `config-invalid` when the authorities cannot be read. */
export function redisPlaceOf({ redis }: Pick<SkerryConfig, 'redis'>, name: string): RedisPlace {
  const { url, passwordFile, caFile } = redis;
  const authority = readNamed('redis.caFile', caFile);
  return {
    url,
    name,
    ...(authority === undefined ? {} : { authority }),
    ...(passwordFile === '' ? {} : { password: () => readSecret('redis.passwordFile', passwordFile) }),
  };
}

/** Readings whose newest values come out of the cache where it may be believed. */
export type CacheReadings = (readings: PostgresReadings, pool: PostgresPool) => PostgresReadings;

/**
 * The readings of a cloud behind the configured cache; as they are where none is, or where they come out of a sink:
 * nothing of it is loaded then.
 */
export async function openReadingCache(
  config: Pick<SkerryConfig, 'redis' | 'readings'>,
  needs: LatestCacheNeeds,
  stack: AsyncDisposableStack,
): Promise<CacheReadings> {
  if (config.redis.url === '' || config.readings.from !== '') return (readings) => readings;
  const { CachedLatest, RedisLink } = await import('@skerry/series/redis');
  const link = stack.use(new RedisLink(redisPlaceOf(config, 'skerry-cloud'), needs));
  return (readings, pool) => {
    const cache = new CachedLatest(config.redis.expirySecs * 1_000, {
      ...needs,
      link,
      latest: (key) => readings.latest(key),
      newest: (key) => readNewest(pool, key),
      marks: () => readSealMarks(pool),
    });
    return { ...readings, latest: (key) => cache.latest(key) };
  };
}

/** Begins to put the newest values of a source into the cache; undefined where its tables are not known yet. */
export type FeedCache = (
  journalId: string,
  state: StoreState,
  meter: Meter,
) => Promise<LatestFeed | undefined>;

/** The way of a writer's newest values into the configured cache; undefined where none is. */
export async function openCacheFeeds(
  config: Pick<SkerryConfig, 'redis'>,
  { pool, ...needs }: LatestCacheNeeds & { readonly pool: PostgresPool },
  stack: AsyncDisposableStack,
): Promise<FeedCache | undefined> {
  if (config.redis.url === '') return undefined;
  const { LatestFeed: Feed, RedisLink } = await import('@skerry/series/redis');
  const link = stack.use(new RedisLink(redisPlaceOf(config, 'skerry-writer'), needs));
  return async (journalId, state, meter) => {
    const [{ site }, source] = await Promise.all([readSealMarks(pool), sourceIdOf(pool, journalId)]);
    if (site === undefined || source === undefined) return undefined;
    return new Feed({ site, source, seal: state.sealNumber }, state, { link, clock: needs.clock, meter });
  };
}
