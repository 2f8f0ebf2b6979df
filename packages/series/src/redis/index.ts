export { CachedLatest, type CachedLatestNeeds } from './cached-latest.ts';
export { LatestFeed, type LatestFeedNeeds, type LatestFeedOptions } from './latest-feed.ts';
export { type RedisFacts, readRedisFacts } from './redis-facts.ts';
export { RedisLink, type RedisNeeds, type RedisPlace } from './redis-link.ts';
