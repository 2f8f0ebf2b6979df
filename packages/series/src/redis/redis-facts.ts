import { Redis } from 'ioredis';
import { type RedisPlace, redisOptionsOf } from './redis-link.ts';

/** What a Redis says of itself. */
export interface RedisFacts {
  readonly version: string;
  /** `master`, or what it is instead. */
  readonly role: string;
  /** Bytes that it may use; 0 without a bound. */
  readonly bytesMax: number;
  /** What it does at that bound. */
  readonly policy: string;
  /** Its clock against this machine's, s; undefined where its user may not ask. */
  readonly skewSecs: number | undefined;
}

/** Asks a Redis what it is, and tries what the cache does: a script that writes. Fails with the error of Redis or of the connection. */
export async function readRedisFacts(place: RedisPlace, waitMs: number): Promise<RedisFacts> {
  const client = new Redis(place.url, {
    ...redisOptionsOf(place),
    protocol: 2,
    connectTimeout: waitMs,
    commandTimeout: waitMs,
    retryStrategy: null,
  });
  let told: Error | undefined;
  client.on('error', (error: Error) => {
    told = error;
  });
  try {
    await client.connect();
    const text = String(await client.call('INFO'));
    const fact = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
    await client.call(
      'EVAL',
      "return redis.call('SET', KEYS[1], '1', 'PX', 1000)",
      1,
      '{skerry:doctor}:probe',
    );
    return {
      version: fact('redis_version'),
      role: fact('role'),
      bytesMax: Number(fact('maxmemory')),
      policy: fact('maxmemory_policy'),
      skewSecs: await skewOf(client),
    };
  } catch (error) {
    throw told ?? error;
  } finally {
    client.disconnect();
  }
}

/** How far the clock of a Redis is from the middle of the time in which it was asked. */
async function skewOf(client: Redis): Promise<number | undefined> {
  const askedMs = Date.now();
  try {
    const [secs, micros] = await client.time();
    const nowMs = Number(secs) * 1_000 + Number(micros) / 1_000;
    return Math.abs(nowMs - (askedMs + Date.now()) / 2) / 1_000;
  } catch (error) {
    if (error instanceof Error && /^NOPERM/.test(error.message)) return undefined;
    throw error;
  }
}
