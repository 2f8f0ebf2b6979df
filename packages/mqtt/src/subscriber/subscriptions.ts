import type { Clock, Random } from '@skerry/kernel';
import { Backoff } from '../backoff.ts';
import { protocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Packet } from '../packets/packet.ts';
import type { Qos } from '../packets/packet-type.ts';
import type { Properties } from '../properties.ts';
import { REASON } from '../reason-codes.ts';
import { FilterBook, type FilterStatus, type WantedFilter } from './filter-book.ts';
import { isSharedFilter, isWildcardFilter } from './option-check.ts';
import type { KeptChange, SessionFacts } from './session-store.ts';

const BACKOFF = {
  msMin: LIMITS.subscriptionBackoffMsMin.value,
  msMax: LIMITS.subscriptionBackoffMsMax.value,
  steadyShare: 0,
};

/** What the subscriptions of a client need of it. */
export interface SubscriptionNeeds {
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly random: Pick<Random, 'float'>;
  send(packet: Packet): void;
  /** Keeps a change of the session. */
  keep(change: KeptChange): void;
  /** The broker has said something about a filter. */
  onAnswer(status: FilterStatus): void;
  /** The connection was cut behind one of the extra filters, which is left out from here on. */
  onLeftOut(filter: string): void;
}

/** The topic filters of one client: asked for once for each session, and again with growing delays until all are granted. */
export class Subscriptions {
  readonly #needs: SubscriptionNeeds;
  readonly #wanted: readonly WantedFilter[];
  /**
   * Beside the filters, at QoS 0, behind their answers and without anybody being told. Some brokers cut the connection of
   * who asks for what he may not have: what is not answered when it ends is not asked for again.
   */
  readonly #extra: Set<string>;
  readonly #book: FilterBook;
  readonly #backoff: Backoff;
  #retry: Disposable | undefined;
  #session: SessionFacts | undefined;
  #properties: Properties | undefined;
  #isGivenUp = false;
  /** Filters that UNSUBSCRIBE was sent for, by its packet identifier. */
  readonly #leaving = new Map<number, string>();
  /** Extra filters that were asked for on this connection, and those of them without an answer by packet identifier. */
  readonly #extraAsked = new Set<string>();
  readonly #extraOpen = new Map<number, string>();

  constructor(wanted: readonly WantedFilter[], extra: readonly string[], needs: SubscriptionNeeds) {
    this.#needs = needs;
    this.#wanted = wanted;
    this.#extra = new Set(extra);
    this.#book = new FilterBook(wanted);
    this.#backoff = new Backoff(BACKOFF, needs.random);
  }

  get statuses(): readonly FilterStatus[] {
    return this.#book.statuses;
  }

  get isComplete(): boolean {
    return this.#book.isComplete;
  }

  /** Filters that are refused, or granted with less. */
  get wantingCount(): number {
    return this.#book.wantingCount;
  }

  /** A connection was accepted. `session`: what the broker granted in it, which is kept up to date. */
  begin(session: SessionFacts): void {
    this.#session = session;
    this.#extraAsked.clear();
    this.#book.begin(session.filters);
  }

  /** Whether everything was given up and the broker has answered it: what it hands out from here on waited before. */
  get isLeft(): boolean {
    return this.#isGivenUp && this.#leaving.size === 0;
  }

  /** Asks for what the session does not have, and gives up what is not wanted any more. `properties` are those of CONNACK. */
  ask(properties: Properties | undefined): void {
    this.#properties = properties;
    this.#leaving.clear();
    this.#giveUp();
    if (this.#isGivenUp) return;
    if (properties?.sharedAvailable === 0)
      this.#refuse(isSharedFilter, REASON.sharedSubscriptionsNotSupported);
    if (properties?.wildcardAvailable === 0)
      this.#refuse(isWildcardFilter, REASON.wildcardSubscriptionsNotSupported);
    this.#askAll();
    this.#askExtra();
  }

  /** Nothing is wanted any more, for good. */
  giveUpAll(): void {
    this.#isGivenUp = true;
    this.#stopAsking();
    this.#giveUp();
  }

  /** UNSUBACK came. */
  takeGivenUp(packet: Packet): void {
    if (packet.type !== 'unsuback') return;
    const { packetId } = packet;
    const filter = this.#leaving.get(packetId);
    this.#leaving.delete(packetId);
    if (filter === undefined || !this.#session?.filters.delete(filter)) return;
    this.#needs.keep({ kind: 'unsubscribed', filter });
  }

  /** SUBACK came. Throws `protocol-error`. */
  takeAnswer(packetId: number, reasons: readonly number[]): void {
    if (reasons.length !== 1)
      throw protocolError(`SUBACK has ${reasons.length} reasons for one topic filter.`); // [MQTT-3.8.4-6]
    const status = this.#book.answer(packetId, Number(reasons[0]));
    this.#extraOpen.delete(packetId);
    this.#askExtra();
    if (!status || this.#isGivenUp) return; // of the extra ones, or of an older question
    const { filter, granted: qos } = status;
    if (qos !== undefined) {
      this.#session?.filters.set(filter, qos);
      this.#needs.keep({ kind: 'subscribed', filter, qos });
    }
    this.#needs.onAnswer({ ...status });
    if (this.isComplete) this.#askLater();
  }

  /** The connection is gone; `isCut`: it was not ended here. */
  leave(isCut: boolean): void {
    this.#stopAsking();
    const open = [...this.#extraOpen.values(), ...this.#leaving.values()];
    this.#extraOpen.clear();
    if (!isCut || !open.every((filter) => this.#extra.has(filter))) return;
    for (const filter of open) {
      this.#extra.delete(filter);
      this.#needs.onLeftOut(filter);
    }
  }

  /** Last of all, so that what is cut behind it is cut for it. */
  #askExtra(): void {
    if (this.#isGivenUp || !this.#book.isAnswered) return;
    for (const filter of this.#extra) {
      if (this.#extraAsked.has(filter)) continue;
      const packetId = this.#book.takePacketId();
      this.#extraAsked.add(filter);
      this.#extraOpen.set(packetId, filter);
      this.#subscribe(packetId, filter, 0);
    }
  }

  #stopAsking(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #askAll(): void {
    for (const { packetId, filter, qos } of this.#book.ask())
      if (!this.#isUnserved(filter)) this.#subscribe(packetId, filter, qos);
    this.#askLater();
  }

  #askLater(): void {
    this.#stopAsking();
    if (this.isComplete) {
      this.#backoff.reset();
      return;
    }
    const delayMs = LIMITS.subscriptionBackoffMsMin.value + this.#backoff.nextMs();
    this.#retry = this.#needs.clock.startTimer(delayMs, () => this.#askAll());
  }

  /** Unsubscribes what the session has and nobody wants; all that it could have when everything is given up. */
  #giveUp(): void {
    const wanted = this.#wanted.map(({ filter }) => filter);
    const had = [...(this.#session?.filters.keys() ?? [])];
    const unwanted = this.#isGivenUp
      ? new Set([...had, ...wanted, ...this.#extra])
      : had.filter((filter) => !wanted.includes(filter));
    for (const filter of unwanted) {
      const packetId = this.#book.takePacketId();
      this.#leaving.set(packetId, filter);
      this.#needs.send({ type: 'unsubscribe', packetId, filters: [filter] });
    }
  }

  /** What the broker says in CONNACK that it has not: asking for it would break the protocol (3.2.2.3.11, .13). */
  #refuse(isRefused: (filter: string) => boolean, reason: number): void {
    for (const status of this.#book.refuse(isRefused, reason)) this.#needs.onAnswer({ ...status });
  }

  #isUnserved(filter: string): boolean {
    const { sharedAvailable, wildcardAvailable } = this.#properties ?? {};
    return (
      (sharedAvailable === 0 && isSharedFilter(filter)) ||
      (wildcardAvailable === 0 && isWildcardFilter(filter))
    );
  }

  #subscribe(packetId: number, filter: string, qos: Qos): void {
    const topic = { filter, qos, isNoLocal: false, isRetainAsPublished: true, retainHandling: 1 } as const;
    this.#needs.send({ type: 'subscribe', packetId, topics: [topic] });
  }
}
