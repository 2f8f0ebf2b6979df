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

/**
 * The slots of gateways that have not come back within their lease: their sessions are emptied and ended at all brokers at
 * once, each of them for itself. A broker that goes, or with which nothing moves, leaves its session for the next look, and
 * `reasons` says why; a slot is closed when all are done.
 */
export class LeftSlots {
  readonly #group: string;
  readonly #sources: readonly LeftSource[];
  readonly #needs: LeftSlotsNeeds;
  /** Slots that were begun with: the sources that are done, and why the others are not. */
  readonly #begun = new Map<number, { readonly done: Set<LeftSource>; troubles: readonly string[] }>();

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
      for (const number of this.#begun.keys()) if (!orphans.includes(number)) this.#begun.delete(number);
      for (const number of orphans) if (before.includes(number)) await this.#close(number, signal);
      before = orphans;
    }
  }

  async #close(number: number, signal: AbortSignal): Promise<void> {
    const { leases, logger, meter } = this.#needs;
    await using lease = await leases.adopt(this.#group, number);
    if (!lease) return;
    const known = this.#begun.get(number);
    const slot = known ?? { done: new Set<LeftSource>(), troubles: [] };
    this.#begun.set(number, slot);
    if (!known) logger.log('warn', 'A slot whose gateway did not come back is emptied', { number });
    const open = this.#sources.filter((source) => !slot.done.has(source));
    const found = await Promise.all(
      open.map(async (source) => {
        const why = await this.#empty(source, number, signal);
        if (why === undefined) slot.done.add(source);
        return why === undefined ? [] : [`${source.name}: ${why}`];
      }),
    );
    if (signal.aborted) return;
    const troubles = found.flat();
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

  /** Empties and ends one session; gives why it could not. Undefined at the end of the process too. */
  async #empty(source: LeftSource, number: number, signal: AbortSignal): Promise<string | undefined> {
    const over = new AbortController();
    let why: string | undefined;
    const giveUp = (reason: string): void => {
      why ??= reason;
      over.abort();
    };
    using ingress = this.#needs.split();
    await using subscriber = await source.open(number, ingress, (event) => {
      if (event.type === 'disconnected') giveUp(event.why);
    });
    using _ = this.#watchStillness(subscriber, giveUp);
    try {
      await subscriber.endSession(AbortSignal.any([signal, over.signal]));
    } catch (fault) {
      if (signal.aborted || over.signal.aborted) return why;
      if (!(fault instanceof CodedError)) throw fault;
      return fault.message;
    }
    return why;
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
