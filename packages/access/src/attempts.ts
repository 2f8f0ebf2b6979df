import type { Clock, Counter, Meter } from '@skerry/kernel';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';

interface Bucket {
  tokens: number;
  atMs: number;
}

interface Failures {
  count: number;
  /** No attempt before. */
  untilMs: number;
  lastMs: number;
}

const FIRST_WAIT_MS = 1_000;

/**
 * Who may try a password now: each address has a bucket of attempts that refills, each name waits longer after every
 * wrong password beyond the first few. An address that has signed in under a name before is counted apart under it, so
 * that nobody locks its user out from elsewhere. Names that do not exist are counted alike. Bounded; kept in memory.
 */
export class Attempts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #throttled: Counter;
  readonly #addresses = new Map<string, Bucket>();
  /** By name, or by name and network where that network is known. */
  readonly #names = new Map<string, Failures>();
  /** When a network signed in under a name last, by both. */
  readonly #known = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, meter: Meter) {
    this.#clock = clock;
    this.#throttled = meter.counter(
      'iot_access_sign_ins_throttled_total',
      'Sign-ins refused because an address or a name had tried too often.',
    );
  }

  /**
   * Takes one attempt, which counts as a wrong password until `succeeded`, so that many at once are counted too. Fails
   * with `too-many-attempts`, whose fact `retryAfterMs` says how long to wait.
   */
  take(address: string, name: string): void {
    const now = this.#clock.monotonicMs();
    const network = networkOf(address);
    const key = this.#keyOf(network, name, now);
    const ofName = this.#names.get(key);
    const waitMs = Math.max(this.#drain(network, now), ofName ? ofName.untilMs - now : 0);
    if (waitMs <= 0) {
      this.#count(key, now);
      return;
    }
    this.#throttled.add(1);
    throw new AccessError(
      'too-many-attempts',
      `The address or the name has tried too often; the next attempt is taken in ${Math.ceil(waitMs / 1_000)} s.`,
      { retryAfterMs: Math.ceil(waitMs) },
    );
  }

  /** Notes that somebody has signed in under a name from an address. */
  succeeded(address: string, name: string): void {
    const now = this.#clock.monotonicMs();
    const network = networkOf(address);
    this.#names.delete(this.#keyOf(network, name, now));
    put(this.#known, pairOf(network, name), now);
  }

  #keyOf(network: string, name: string, now: number): string {
    const pair = pairOf(network, name);
    const sinceMs = this.#known.get(pair);
    return sinceMs !== undefined && now - sinceMs <= LIMITS.knownAddressMs.value ? pair : name;
  }

  #count(name: string, now: number): void {
    const known = this.#names.get(name);
    const isOld = known !== undefined && now - known.lastMs > LIMITS.lockOutMs.value;
    const count = (known === undefined || isOld ? 0 : known.count) + 1;
    const beyond = count - LIMITS.failuresPerNameMax.value;
    const waitMs = beyond < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** beyond, LIMITS.lockOutMs.value);
    put(this.#names, name, { count, untilMs: now + waitMs, lastMs: now });
  }

  /** Takes one from the bucket of a network; how long until there is one where it is empty, else 0. */
  #drain(network: string, now: number): number {
    const most = LIMITS.attemptsPerAddressMax.value;
    const refillMs = LIMITS.attemptRefillMs.value;
    const bucket = this.#addresses.get(network) ?? { tokens: most, atMs: now };
    const tokens = Math.min(most, bucket.tokens + (now - bucket.atMs) / refillMs);
    const hasOne = tokens >= 1;
    put(this.#addresses, network, { tokens: hasOne ? tokens - 1 : tokens, atMs: now });
    return hasOne ? 0 : (1 - tokens) * refillMs;
  }
}

/** No name has a blank. */
function pairOf(network: string, name: string): string {
  return `${name} ${network}`;
}

function put<T>(table: Map<string, T>, key: string, value: T): void {
  table.delete(key);
  table.set(key, value);
  const oldest = table.keys().next().value;
  if (table.size > LIMITS.attemptEntriesMax.value && oldest !== undefined) table.delete(oldest);
}

/** What one attacker holds: an IPv4 address, or the /64 of an IPv6 address. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const first = head.split(':').filter((group) => group !== '');
  const last = tail.split(':').filter((group) => group !== '');
  const zeros = address.includes('::')
    ? Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
    : [];
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
