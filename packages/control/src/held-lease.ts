import type { Clock, Logger } from '@skerry/kernel';
import type { Claim, LeaseBook } from './lease-book.ts';
import { LIMITS } from './limits.ts';

/** What a process wants to hold. */
export interface LeaseWish {
  readonly group: string;
  /** Any free number when absent. */
  readonly number?: number;
  /** Name of the process, for people. */
  readonly owner: string;
  /** The limit when absent. */
  readonly leaseMs?: number;
  /**
   * Somebody else sees to it that of two holders one works, as an MQTT broker does with clients of one identifier: a
   * lease that cannot be renewed because the book is away is kept, and claimed again when the book is back.
   */
  readonly isArbitrated?: boolean;
}

/** What holding a lease needs. */
export interface LeaseNeeds {
  readonly book: LeaseBook;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly logger: Logger;
}

/**
 * A lease that is renewed until it is disposed. `lost` is aborted as soon as it may belong to somebody else: it was
 * taken, or (unless others arbitrate) it could not be renewed for its time, counted from before the last renewal that
 * came through was asked for. Disposing gives it back (as one that leaves something behind, unless `close` was called).
 */
export interface HeldLease extends AsyncDisposable {
  readonly claim: Claim;
  readonly lost: AbortSignal;
  /** Whether it was lost, and not given back. */
  readonly isTaken: boolean;
  /** Why it is not known at the moment whether it is still held; undefined while it is. */
  readonly doubt: string | undefined;
  /** What is left behind under the number is gone: nobody needs to take it over. */
  close(): void;
  /** It is not given back but runs out, so that the owner has it again when it comes back in time. */
  leave(): void;
}

/** Claims what is wished, or resolves with undefined when somebody else holds the number. Fails as the book does. */
export async function holdLease(wish: LeaseWish, needs: LeaseNeeds): Promise<HeldLease | undefined> {
  const { group, number, owner, leaseMs = LIMITS.leaseMs.value } = wish;
  const askedMs = needs.clock.monotonicMs();
  const claim =
    number === undefined
      ? await needs.book.claimAny(group, owner, leaseMs)
      : await needs.book.claim(group, number, owner, leaseMs);
  return claim && new RenewedLease(claim, { ...wish, leaseMs }, askedMs, needs);
}

/**
 * Waits until the number is free and holds it, asking again while the book cannot be reached. Resolves with undefined
 * when `signal` is aborted; fails with `leases-refused`.
 */
export async function waitForLease(
  wish: LeaseWish & { readonly number: number },
  needs: LeaseNeeds,
  signal: AbortSignal,
): Promise<HeldLease | undefined> {
  const pauseMs = (wish.leaseMs ?? LIMITS.leaseMs.value) / 3;
  let told = '';
  while (!signal.aborted) {
    try {
      const lease = await holdLease(wish, needs);
      if (lease) return lease;
    } catch (fault) {
      if (!isPassing(fault)) throw fault;
      if (told !== String(fault))
        needs.logger.log('warn', 'A lease is waited for', { reason: String(fault) });
      told = String(fault);
    }
    await needs.clock.sleep(pauseMs, signal);
  }
  return undefined;
}

class RenewedLease implements HeldLease {
  readonly lost: AbortSignal;
  readonly #leaseMs: number;
  readonly #isArbitrated: boolean;
  readonly #needs: LeaseNeeds;
  readonly #losing = new AbortController();
  readonly #ending = new AbortController();
  readonly #renewing: Promise<void>;
  #claim: Claim;
  #doubt: string | undefined;
  #isTaken = false;
  #isClosed = false;
  #isLeft = false;
  /** Until then it is ours by our own clock. */
  #untilMs: number;

  constructor(
    claim: Claim,
    { leaseMs, isArbitrated = false }: LeaseWish & { readonly leaseMs: number },
    askedMs: number,
    needs: LeaseNeeds,
  ) {
    this.#claim = claim;
    this.lost = this.#losing.signal;
    this.#leaseMs = leaseMs;
    this.#isArbitrated = isArbitrated;
    this.#needs = needs;
    this.#untilMs = askedMs + leaseMs;
    this.#renewing = this.#renew();
  }

  get claim(): Claim {
    return this.#claim;
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  get doubt(): string | undefined {
    return this.#doubt;
  }

  close(): void {
    this.#isClosed = true;
  }

  leave(): void {
    this.#isLeft = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
    if (this.lost.aborted) return;
    this.#losing.abort();
    if (this.#isLeft && !this.#isClosed) return;
    try {
      await this.#needs.book.release(this.claim, this.#isClosed);
    } catch (fault) {
      this.#needs.logger.log('warn', 'A lease could not be given back; it expires', {
        reason: String(fault),
      });
    }
  }

  async #renew(): Promise<void> {
    const { clock } = this.#needs;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const leftMs = Math.max(0, this.#untilMs - clock.monotonicMs());
      await clock.sleep(this.#isArbitrated ? this.#leaseMs / 3 : Math.min(this.#leaseMs / 3, leftMs), signal);
      if (signal.aborted) return;
      if (this.#isArbitrated ? await this.#isOthers() : await this.#isLost()) {
        this.#needs.logger.log('warn', 'A lease is lost', {
          group: this.claim.group,
          number: this.claim.number,
        });
        this.#isTaken = true;
        this.#losing.abort();
        return;
      }
    }
  }

  /** Asks for more time. An answer that comes after the time has gone is too late. */
  async #isLost(): Promise<boolean> {
    const { book, clock } = this.#needs;
    const askedMs = clock.monotonicMs();
    if (askedMs >= this.#untilMs) return true;
    const over = new AbortController();
    const late = clock.sleep(this.#untilMs - askedMs, over.signal).then((): 'late' => 'late');
    const answer = await Promise.race([book.renew(this.claim, this.#leaseMs).catch(faultOf), late]);
    over.abort();
    if (answer === 'late' || answer === false) return true;
    if (answer === true) this.#untilMs = askedMs + this.#leaseMs;
    this.#doubt = answer === true ? undefined : String(answer.fault);
    return false;
  }

  /** Asks for more time, and claims it again where it has run out; true when somebody else has it. */
  async #isOthers(): Promise<boolean> {
    const { book } = this.#needs;
    const { group, number, owner } = this.#claim;
    try {
      const isRenewed = await book.renew(this.#claim, this.#leaseMs);
      const claim = isRenewed ? this.#claim : await book.claim(group, number, owner, this.#leaseMs);
      if (!claim) return true;
      this.#claim = claim;
      this.#doubt = undefined;
      return false;
    } catch (fault) {
      this.#doubt = String(fault instanceof Error ? fault.message : fault);
      return false;
    }
  }
}

/** Whatever it is, the time that is left decides. */
function faultOf(fault: unknown): { readonly fault: unknown } {
  return { fault };
}

function isPassing(fault: unknown): boolean {
  return typeof fault === 'object' && fault !== null && Reflect.get(fault, 'advice') === 'retry';
}
