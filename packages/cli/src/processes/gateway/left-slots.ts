import type { HeldLease } from '@skerry/control';
import { type Clock, CodedError, type Logger, type Meter } from '@skerry/kernel';
import type { Ingress, IngressPart, Subscriber, SubscriberEvent } from '@skerry/mqtt';
import { LIMITS } from '../../limits.ts';
import type { GatewayLeases } from './gateway-leases.ts';
import type { GatewayReason } from './gateway-reason.ts';

/** A source whose sessions can be left behind. */
export interface LeftSource {
  readonly name: string;
  /** Subscribes under the client id of a slot into an ingress that is its own. */
  open(number: number, ingress: Ingress, onEvent: (event: SubscriberEvent) => void): Promise<Subscriber>;
}

/** What emptying the slots of others needs. */
export interface LeftSlotsNeeds {
  readonly leases: Pick<GatewayLeases, 'leaseMs' | 'orphans' | 'adopt'>;
  readonly clock: Pick<Clock, 'sleep' | 'startTicker'>;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Another ingress of the gateway's own, for each session: confirmations that one owes are no other's. */
  readonly split: () => IngressPart;
}

const LOOKS_PER_LEASE = 3;
const LOOKS_PER_STILLNESS = 10;
const ABSENCES_MAX = 2 * LOOKS_PER_LEASE;

/** A slot while it is emptied. */
interface LeftSlot {
  /** Those whose sessions are empty, for as long as nobody but us has had it. */
  readonly emptied: Map<LeftSource, Subscriber>;
  /** Epoch of its lease when we gave that back last. */
  epoch: number;
  /** Why the others' are not. */
  troubles: readonly string[];
  /** Looks in a row that did not find it: somebody has it, who may be another that empties it. */
  absences: number;
}

/**
 * The slots of gateways that have not come back within their lease: their sessions are emptied at all brokers at once, each
 * of them for itself. A broker that goes, or with which nothing moves, leaves its session for the next look, and `reasons`
 * says why. When all are empty they are ended and the slot is closed: whoever comes back before finds them all.
 */
export class LeftSlots {
  readonly #group: string;
  readonly #sources: readonly LeftSource[];
  readonly #needs: LeftSlotsNeeds;
  /** Slots that were begun with. */
  readonly #begun = new Map<number, LeftSlot>();

  constructor(group: string, sources: readonly LeftSource[], needs: LeftSlotsNeeds) {
    this.#group = group;
    this.#sources = sources;
    this.#needs = needs;
  }

  /** Why slots that were left are not closed. */
  reasons(): GatewayReason[] {
    return [...this.#begun].flatMap(([number, { troubles }]) =>
      troubles.map((why) => ({
        code: 'slot-left',
        detail: `slot ${number} of ${this.#group} was left and is not closed: ${why}`,
      })),
    );
  }

  /**
   * Looks for them until `signal` is aborted. Two looks in a row have to find one: after a pause of the whole machine, or a
   * jump of its clock, all leases have run out and their gateways are about to renew them.
   */
  async watch(signal: AbortSignal): Promise<void> {
    const { leases, clock } = this.#needs;
    let before: readonly number[] = [];
    while (!signal.aborted) {
      await clock.sleep(leases.leaseMs / LOOKS_PER_LEASE, signal);
      if (signal.aborted) return;
      const orphans = await leases.orphans(this.#group);
      this.#review(orphans);
      for (const number of orphans) if (before.includes(number)) await this.#close(number, signal);
      before = orphans;
    }
  }

  /** What is known of a slot that somebody has had meanwhile is not true any more; why it was not closed may be. */
  #review(orphans: readonly number[]): void {
    for (const [number, slot] of this.#begun) {
      const isThere = orphans.includes(number);
      slot.absences = isThere ? 0 : slot.absences + 1;
      if (!isThere) slot.emptied.clear();
      if (slot.absences > ABSENCES_MAX) this.#begun.delete(number);
    }
  }

  async #close(number: number, signal: AbortSignal): Promise<void> {
    const { leases, logger, meter } = this.#needs;
    await using lease = await leases.adopt(this.#group, number);
    const known = this.#begun.get(number);
    // whoever had it since the look that found it may have left messages in sessions that were empty
    if (lease?.claim.epoch !== (known?.epoch ?? 0) + 1) known?.emptied.clear();
    if (!lease) return;
    const { epoch } = lease.claim;
    const slot: LeftSlot = known ?? { emptied: new Map(), epoch, troubles: [], absences: 0 };
    this.#begun.set(number, slot);
    if (!known) logger.log('warn', 'A slot whose gateway did not come back is emptied', { number });
    const full = this.#sources.filter((source) => !slot.emptied.has(source));
    const tries = await Promise.all(full.map((source) => this.#empty(slot, source, number, signal)));
    slot.epoch = epoch;
    const isEmpty = slot.emptied.size === this.#sources.length;
    const ends = isEmpty && !signal.aborted ? await this.#end(slot, lease, signal) : [];
    if (signal.aborted) return;
    const troubles = [...tries, ...ends].flat();
    for (const reason of troubles)
      if (!slot.troubles.includes(reason))
        logger.log('warn', 'A slot that was left could not be closed, and is tried again', {
          number,
          reason,
        });
    slot.troubles = troubles;
    if (troubles.length > 0) return;
    lease.close();
    this.#begun.delete(number);
    meter
      .counter('iot_gateway_slots_adopted_total', 'Slots of gateways that did not come back, emptied.')
      .add(1);
    logger.log('warn', 'A slot whose gateway did not come back is closed', { number });
  }

  /** Empties one session; gives why it could not. Nothing at the end of the process too. */
  async #empty(
    { emptied }: LeftSlot,
    source: LeftSource,
    number: number,
    signal: AbortSignal,
  ): Promise<string[]> {
    const over = new AbortController();
    const troubles: string[] = [];
    const giveUp = (why: string): void => {
      if (!over.signal.aborted) troubles.push(`${source.name}: ${why}`);
      over.abort();
    };
    using ingress = this.#needs.split();
    await using subscriber = await source.open(number, ingress, (event) => {
      if (event.type === 'disconnected') giveUp(event.why);
    });
    using _ = this.#watchStillness(subscriber, giveUp);
    const either = AbortSignal.any([signal, over.signal]);
    await subscriber.emptySession(either);
    if (!either.aborted) emptied.set(source, subscriber);
    return troubles;
  }

  /** Ends the empty sessions, if nobody can have had the slot while they were emptied; gives what went wrong. */
  async #end(slot: LeftSlot, lease: HeldLease, signal: AbortSignal): Promise<string[]> {
    const { claim, doubt, isTaken } = lease;
    if (claim.epoch === slot.epoch && doubt === undefined && !isTaken)
      return await this.#forget(slot, signal);
    slot.emptied.clear();
    return [`its lease was not held all the while${doubt === undefined ? '' : `: ${doubt}`}`];
  }

  /** Lets all brokers forget the sessions; gives what went wrong. */
  async #forget({ emptied }: LeftSlot, signal: AbortSignal): Promise<string[]> {
    const troubles = await Promise.all(
      [...emptied].map(async ([{ name }, subscriber]) => {
        try {
          await subscriber.forgetSession(signal);
          return [];
        } catch (fault) {
          if (signal.aborted) return [];
          if (!(fault instanceof CodedError)) throw fault;
          return [`${name}: ${fault.message}`];
        }
      }),
    );
    return troubles.flat();
  }

  #watchStillness(subscriber: Subscriber, giveUp: (reason: string) => void): Disposable {
    const mostMs = LIMITS.leftSessionStillMs.value;
    let before = '';
    let looks = 0;
    return this.#needs.clock.startTicker(mostMs / LOOKS_PER_STILLNESS, () => {
      const { taken, unacked, degraded } = subscriber.state();
      const now = `${taken} ${unacked}`;
      looks = now === before ? looks + 1 : 0;
      before = now;
      const words = `nothing has moved for ${mostMs / 1_000} s while it was emptied`;
      if (looks >= LOOKS_PER_STILLNESS) giveUp([words, ...degraded].join('; '));
    });
  }
}
