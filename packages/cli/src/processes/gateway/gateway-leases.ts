import { type HeldLease, holdLease, type LeaseBook } from '@skerry/control';
import type { Clock, Logger } from '@skerry/kernel';
import type { SkerryConfig } from '../../config/schema.ts';
import { CliError } from '../../errors.ts';
import type { GatewayReason } from './gateway-reason.ts';

/** What the leases of a gateway work with. */
export interface GatewayLeasesNeeds {
  /** Opens the book; asked again for as long as it fails. */
  readonly open: () => Promise<LeaseBook>;
  /** Name that stays when the process is started again on the same data folder. */
  readonly owner: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A number of a group, any free one when it has no number. */
export interface GatewayLeaseWish {
  readonly group: string;
  readonly number?: number;
}

const TRIES_PER_LEASE = 3;

/**
 * The leases of a gateway. Whoever keeps them may be away: it is asked again for ever and `reasons` says why, and what is
 * held is kept meanwhile, since a broker lets only one client of an identifier work. `lost` rejects with `lease-lost` when
 * a number belongs to another gateway.
 */
export class GatewayLeases implements AsyncDisposable {
  readonly lost: Promise<never>;
  readonly leaseMs: number;
  readonly #needs: GatewayLeasesNeeds;
  readonly #stack = new AsyncDisposableStack();
  readonly #held = new Set<HeldLease>();
  /** Why something is waited for, by what it is. */
  readonly #troubles = new Map<string, string>();
  #book: LeaseBook | undefined;
  #lose: (fault: unknown) => void = () => undefined;

  constructor({ gateway }: Pick<SkerryConfig, 'gateway'>, needs: GatewayLeasesNeeds) {
    this.#needs = needs;
    this.leaseMs = gateway.leaseSecs * 1_000;
    this.lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.lost.catch(() => undefined); // whoever awaits it is told
  }

  /** What is not known, or waited for, and why. */
  reasons(): GatewayReason[] {
    const doubts = [...this.#held].flatMap(({ claim, doubt }) =>
      doubt === undefined ? [] : [`The lease of ${nameOf(claim)} is kept and cannot be renewed: ${doubt}`],
    );
    return [...this.#troubles.values(), ...doubts].map((detail) => ({ code: 'leases', detail }));
  }

  /** Waits for a lease and keeps it until the end of the process; undefined when `signal` is aborted first. */
  async wait(wish: GatewayLeaseWish, signal: AbortSignal): Promise<HeldLease | undefined> {
    while (!signal.aborted) {
      const lease = await this.#tried(wish.group, () => this.#hold(wish, this.#needs.owner));
      if (lease) {
        const { group, number, epoch } = lease.claim;
        this.#needs.logger.log('info', 'A lease is held', { group, number, epoch });
        return this.#stack.use(lease);
      }
      await this.#needs.clock.sleep(this.leaseMs / TRIES_PER_LEASE, signal);
    }
    return undefined;
  }

  /** Takes a number that nobody has come back for; undefined when it is held by somebody. The caller disposes of it. */
  async adopt(group: string, number: number): Promise<HeldLease | undefined> {
    return await this.#tried(group, () => this.#hold({ group, number }, `${this.#needs.owner} adopts`));
  }

  /** Numbers that somebody has left something behind under and has not come back for; none while that is not known. */
  async orphans(group: string): Promise<number[]> {
    return (await this.#tried(group, async () => (await this.#opened()).orphans(group))) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await this.#book?.[Symbol.asyncDispose]();
  }

  async #hold(wish: GatewayLeaseWish, owner: string): Promise<HeldLease | undefined> {
    const { clock, logger } = this.#needs;
    const book = await this.#opened();
    const lease = await holdLease(
      { ...wish, owner, leaseMs: this.leaseMs, isArbitrated: true },
      { book, clock, logger },
    );
    if (!lease) return undefined;
    this.#held.add(lease);
    lease.lost.addEventListener('abort', () => {
      // a lease that was given back is over in the same way
      if (this.#held.delete(lease) && lease.isTaken) this.#lose(lossOf(lease));
    });
    return lease;
  }

  async #opened(): Promise<LeaseBook> {
    this.#book ??= await this.#needs.open();
    return this.#book;
  }

  /** Undefined when it failed; why is among the reasons until it works. */
  async #tried<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      this.#troubles.delete(what);
      return done;
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : String(fault);
      if (this.#troubles.get(what) !== words)
        this.#needs.logger.log('warn', 'Leases are waited for', { group: what, reason: words });
      this.#troubles.set(what, words);
      return undefined;
    }
  }
}

function lossOf({ claim }: HeldLease): CliError {
  const words = `The lease of ${nameOf(claim)} is lost: another gateway has it.`;
  return new CliError('lease-lost', words, { group: claim.group, number: claim.number });
}

function nameOf({ group, number }: HeldLease['claim']): string {
  return `${group} number ${number}`;
}
