import type { Clock, Counter } from '@skerry/kernel';
import { ApiError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Bounds of a limiter. */
export interface RateBounds {
  readonly burstMax: number;
  readonly perSecond: number;
  readonly subjectsMax: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const DEFAULTS: RateBounds = {
  burstMax: LIMITS.requestsBurstMax.value,
  perSecond: LIMITS.requestsPerSecondMax.value,
  subjectsMax: LIMITS.requestSubjectsMax.value,
};

/** Counts requests by who makes them: a bucket of tokens each, filled at a steady rate. */
export class RateLimiter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #refused: Counter;
  readonly #bounds: RateBounds;
  /** The one that asked last stands last. */
  readonly #buckets = new Map<string, Bucket>();
  /** The field `RateLimit-Policy`, the same for everybody. (draft-ietf-httpapi-ratelimit-headers-10, 3) */
  readonly policy: string;

  constructor(clock: Pick<Clock, 'monotonicMs'>, refused: Counter, bounds: Partial<RateBounds> = {}) {
    this.#clock = clock;
    this.#refused = refused;
    this.#bounds = { ...DEFAULTS, ...bounds };
    const windowSecs = Math.ceil(this.#bounds.burstMax / this.#bounds.perSecond);
    this.policy = `"subject";q=${this.#bounds.burstMax};w=${windowSecs}`;
  }

  /** Takes one request of `name`; gives the field `RateLimit` for its answer, and whether it is beyond the limit. */
  take(name: string): { readonly field: string; readonly refusal: ApiError | undefined } {
    const { burstMax, perSecond } = this.#bounds;
    const bucket = this.#bucketOf(name);
    const isRefused = bucket.tokens < 1;
    if (!isRefused) bucket.tokens -= 1;
    const resetSecs = Math.ceil((burstMax - bucket.tokens) / perSecond);
    const field = `"subject";r=${Math.floor(bucket.tokens)};t=${resetSecs}`;
    if (!isRefused) return { field, refusal: undefined };
    this.#refused.add(1);
    const retryAfterMs = Math.ceil(((1 - bucket.tokens) / perSecond) * 1_000);
    const detail = `${burstMax} requests were made at once and more than ${perSecond} a second since; wait ${retryAfterMs} ms`;
    return { field, refusal: new ApiError('too-many-requests', detail, { retryAfterMs }) };
  }

  #bucketOf(name: string): Bucket {
    const { burstMax, perSecond, subjectsMax } = this.#bounds;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(name) ?? { tokens: burstMax, atMs: nowMs };
    known.tokens = Math.min(burstMax, known.tokens + ((nowMs - known.atMs) / 1_000) * perSecond);
    known.atMs = nowMs;
    this.#buckets.delete(name);
    this.#buckets.set(name, known);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= subjectsMax) break;
      this.#buckets.delete(oldest);
    }
    return known;
  }
}
