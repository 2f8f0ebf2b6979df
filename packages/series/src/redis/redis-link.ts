import { createHash } from 'node:crypto';
import type { Clock, Counter, Logger, Meter } from '@skerry/kernel';
import { Redis, type RedisOptions } from 'ioredis';
import { LIMITS } from '../limits.ts';

/** Where Redis is, and how it is spoken to. */
export interface RedisPlace {
  /** redis:// or rediss://USER:PASSWORD@HOST:PORT/DATABASE. */
  readonly url: string;
  /** Stronger than the one in the address; read again for each connection. */
  readonly password?: () => string | undefined;
  /** Certificate authorities, PEM; those of the system when absent. */
  readonly authority?: string;
  /** Name of the connection, for `CLIENT LIST`. */
  readonly name: string;
}

/** What a way to Redis works with. */
export interface RedisNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** A script of Redis with its hash. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** An answer of Redis: a number, bytes, nothing, or a list of these. */
export type RedisAnswer = number | Buffer | null | readonly RedisAnswer[];

/** A script, named by its hash as `EVALSHA` wants it. */
export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * A way to one Redis. It may be away at the start and at any time: `ask` fails then at once, or after a short while, and
 * connections are tried for ever in the background. Nothing is asked for a second after a failure.
 */
export class RedisLink implements Disposable {
  readonly #client: Redis;
  readonly #clock: RedisNeeds['clock'];
  readonly #logger: Logger;
  readonly #errors: Counter;
  #quietUntilMs = 0;
  #trouble: string | undefined;

  constructor(place: RedisPlace, { clock, logger, meter }: RedisNeeds) {
    this.#clock = clock;
    this.#logger = logger;
    this.#errors = meter.counter(
      'iot_cache_errors_total',
      'Requests to the cache of newest values that failed; PostgreSQL answers instead.',
    );
    const options = redisOptionsOf(place);
    this.#client = new Redis(place.url, {
      ...options,
      protocol: 2,
      retryStrategy: (times: number) => {
        const password = place.password?.();
        if (password !== undefined) this.#client.options.password = password;
        return Math.min(LIMITS.cachePauseMs.value, 50 * times);
      },
    });
    this.#client.on('error', (error: Error) => this.#tell(error.message));
    this.#client.on('ready', () => this.#mended());
    this.#client.connect().catch(() => undefined); // told by the event
  }

  /** Whether it is worth asking. */
  get isReady(): boolean {
    return this.#client.status === 'ready' && this.#clock.monotonicMs() >= this.#quietUntilMs;
  }

  /** Runs a script. Fails with the error of Redis, or of the connection. */
  async run(
    { text, sha }: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<RedisAnswer> {
    const rest = [keys.length, ...keys, ...values];
    return await this.#ask(async () => {
      try {
        return await this.#client.callBuffer('EVALSHA', sha, ...rest);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await this.#client.callBuffer('EVAL', text, ...rest);
      }
    });
  }

  /** The fields of a hash, name and value in turn; empty for none. */
  async fields(key: string): Promise<readonly Buffer[]> {
    const answer = await this.#ask(() => this.#client.callBuffer('HGETALL', key));
    if (!Array.isArray(answer)) throw new TypeError('Redis answered HGETALL without a list.');
    return answer as Buffer[]; // of names and values
  }

  /** Values of fields of a hash; null for those that are not there. */
  async field(key: string, names: readonly string[]): Promise<readonly (string | null)[]> {
    const answer = await this.#ask(() => this.#client.callBuffer('HMGET', key, ...names));
    if (!Array.isArray(answer)) throw new TypeError('Redis answered HMGET without a list.');
    return (answer as (Buffer | null)[]).map((one) => one?.toString('utf8') ?? null); // a list of values
  }

  [Symbol.dispose](): void {
    this.#client.disconnect();
  }

  async #ask(command: () => Promise<unknown>): Promise<RedisAnswer> {
    try {
      return (await command()) as RedisAnswer; // buffers were asked for
    } catch (error) {
      this.#errors.add(1);
      this.#quietUntilMs = this.#clock.monotonicMs() + LIMITS.cachePauseMs.value;
      this.#tell(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Each trouble once, until it is over. */
  #tell(reason: string): void {
    if (this.#trouble === undefined)
      this.#logger.log('warn', 'The cache of newest values is not used: Redis does not answer', { reason });
    this.#trouble = reason;
  }

  #mended(): void {
    if (this.#trouble !== undefined) this.#logger.log('info', 'Redis answers again', {});
    this.#trouble = undefined;
  }
}

/** How connections are made. */
export function redisOptionsOf(place: RedisPlace): Omit<RedisOptions, 'replyMapping'> {
  const { url, authority, name } = place;
  const password = place.password?.();
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: LIMITS.cacheAnswerMs.value,
    connectTimeout: 5_000,
    disableClientInfo: true,
    connectionName: name,
    ...(password === undefined ? {} : { password }),
    ...(url.startsWith('rediss:') && authority !== undefined ? { tls: { ca: authority } } : {}),
  };
}
