import { CodedError, noFailpoints } from '@skerry/kernel';
import { Backoff } from '../backoff.ts';
import { Outbox } from '../broker/outbox.ts';
import { type ClientLink, openLink } from '../client-link.ts';
import { MqttError, protocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { OversizePacket } from '../oversize-packet.ts';
import type { PacketCursor } from '../packet-cursor.ts';
import type { PacketStream } from '../packet-stream.ts';
import type { Connack } from '../packets/connack.ts';
import type { Connect } from '../packets/connect.ts';
import { encodePacket } from '../packets/packet.ts';
import { PACKET_TYPE, type ProtocolLevel, packetNameOf, type Qos } from '../packets/packet-type.ts';
import { REASON } from '../reason-codes.ts';
import { decodeUtf8 } from '../utf8.ts';
import { DropWatch } from './drop-watch.ts';
import { FilterBook, type FilterStatus } from './filter-book.ts';
import { MessageView } from './message-view.ts';
import { checkOptions, isSharedFilter, isWildcardFilter } from './option-check.ts';
import { Qos2Inbox } from './qos2-inbox.ts';
import { ReceivedRing } from './received-ring.ts';
import { MemorySessionStore, SessionFacts } from './session-store.ts';
import { type SubscriberMeters, subscriberMeters } from './subscriber-meters.ts';
import type {
  SubscriberEvent,
  SubscriberNeeds,
  SubscriberOptions,
  SubscriberState,
} from './subscriber-options.ts';

const CONNECT_BACKOFF = {
  msMin: LIMITS.subscriberBackoffMsMin.value,
  msMax: LIMITS.subscriberBackoffMsMax.value,
  steadyShare: 0,
};
const FILTER_BACKOFF = {
  msMin: LIMITS.subscriptionBackoffMsMin.value,
  msMax: LIMITS.subscriptionBackoffMsMax.value,
  steadyShare: 0,
};
const SESSION_EXPIRY_SECS = 7 * 86_400;
const KEEP_ALIVE_SECS = 30;

/**
 * Subscribes at an external broker for good. Resolves when the session of before is read and the first attempt to connect
 * is on its way; from then on it connects again for ever, and `onEvent` and `state` say how it fares. Fails with
 * `topic-filter-invalid`, `client-id-invalid`, and the faults of the session store.
 */
export async function openSubscriber(
  options: SubscriberOptions,
  needs: SubscriberNeeds,
): Promise<Subscriber> {
  const subscriber = new Subscriber(options, needs);
  await subscriber.begin();
  return subscriber;
}

/**
 * A durable client of an external broker; see `openSubscriber`. Nothing is acknowledged upstream before the consumer says
 * so, then in the order of receipt, with one write for all acknowledgements of a turn. Disposing it sends DISCONNECT and
 * leaves the session, so that messages wait at the broker.
 */
export class Subscriber implements AsyncDisposable {
  readonly #options: SubscriberOptions;
  readonly #needs: SubscriberNeeds;
  readonly #level: ProtocolLevel;
  readonly #windowMax: number;
  readonly #meters: SubscriberMeters;
  readonly #filters: FilterBook;
  readonly #drops: DropWatch | undefined;
  readonly #inbox: Qos2Inbox;
  readonly #ring = new ReceivedRing();
  readonly #message = new MessageView();
  readonly #ending = new AbortController();
  readonly #waiters = new Set<() => void>();
  readonly #backoff: Backoff;
  readonly #filterBackoff: Backoff;
  /** Ends the wait for the next attempt at the filters. */
  #filterRetry: Disposable | undefined;
  #session = new SessionFacts();
  #phase: SubscriberState['phase'] = 'connecting';
  #lastFault: CodedError | undefined;
  #shortened = '';
  #link: ClientLink | undefined;
  #outbox: Outbox | undefined;
  #isFlushDue = false;
  #isRefused = false;
  #isFull = false;
  /** QoS 1 and 2 of this connection that have no PUBACK or PUBCOMP yet, as Receive Maximum counts them. */
  #outstanding = 0;
  #connections = 0;
  #running: Promise<void> = Promise.resolve();

  /** For `openSubscriber`. Throws `topic-filter-invalid` or `client-id-invalid`. */
  constructor(options: SubscriberOptions, needs: SubscriberNeeds) {
    checkOptions(options);
    this.#options = options;
    this.#needs = needs;
    this.#level = options.level ?? 5;
    this.#windowMax = Math.min(
      65_535,
      Math.max(1, options.receiveMaximum ?? LIMITS.subscriberReceiveMaximum.value),
    );
    this.#meters = subscriberMeters(needs.meter, options.name);
    this.#filters = new FilterBook(options.filters);
    this.#drops = options.isWatchingDrops ? new DropWatch() : undefined;
    this.#backoff = new Backoff(CONNECT_BACKOFF, needs.random);
    this.#filterBackoff = new Backoff(FILTER_BACKOFF, needs.random);
    this.#inbox = new Qos2Inbox(
      needs.store ?? new MemorySessionStore(),
      needs.clock,
      {
        onPubrec: (packetId) => this.#answer(0x50, packetId),
        onPubcomp: (packetId, isKnown) => this.#pubcomp(packetId, isKnown),
        onStoreFault: (fault) => this.#tell({ type: 'store-fault', fault, why: fault.message }),
      },
      this.#ending.signal,
    );
  }

  /** Reads the session of before and begins to connect; for `openSubscriber`. */
  async begin(): Promise<void> {
    const kept = await this.#needs.store?.load();
    if (kept?.hasBegun) {
      this.#session.hasBegun = true;
      for (const [filter, qos] of kept.filters) this.#session.filters.set(filter, qos);
      this.#inbox.restore(kept.packetIds);
    }
    this.#running = this.#run();
  }

  /** How it fares. */
  state(): SubscriberState {
    const degraded: string[] = [];
    if (this.#phase !== 'connected') degraded.push(this.#lastFault?.message ?? 'It has not connected yet.');
    for (const { why } of this.#filters.statuses)
      if (why !== '' && this.#phase === 'connected') degraded.push(why);
    if (this.#shortened !== '') degraded.push(this.#shortened);
    return {
      phase: this.#phase,
      degraded,
      filters: this.#filters.statuses,
      unacked: this.#ring.unacknowledged,
      isHeld: this.#isRefused || this.#isFull,
      kept: this.#inbox.count,
    };
  }

  /** The oldest `count` messages that are not acknowledged are durable. */
  acknowledge(count: number): void {
    this.#ring.acknowledge(count, this.#answering);
    this.#drained();
  }

  /** The message of this number is durable; it is answered when all before it are. */
  settle(number: number): void {
    if (this.#ring.settle(number, this.#answering)) this.#drained();
  }

  /** The consumer takes messages again. */
  goOn(): void {
    if (!this.#isRefused) return;
    this.#isRefused = false;
    this.#release();
  }

  /** Resolves when every filter is granted as it is wanted, or when the signal is aborted; fails after the end. */
  subscribed(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#phase === 'connected' && this.#filters.isComplete, signal);
  }

  /** Resolves when nothing is unacknowledged, or when the signal is aborted; fails after the end. */
  drained(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#ring.unacknowledged === 0, signal);
  }

  /** Sends DISCONNECT and waits for the end of the connection. Acknowledgements that come later are not sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    this.#ending.abort(ended());
    this.#phase = 'ended';
    this.#filterRetry?.[Symbol.dispose]();
    this.#settleWaiters();
    const link = this.#link;
    this.#leave();
    await link?.disconnect(LIMITS.subscriberCloseMs.value);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      this.#phase = 'connecting';
      const beganMs = this.#needs.clock.monotonicMs();
      const fault = await this.#connection(signal);
      if (signal.aborted || !fault) return;
      if (this.#needs.clock.monotonicMs() - beganMs >= LIMITS.subscriberLastedMs.value) this.#backoff.reset();
      this.#phase = 'waiting';
      this.#lastFault = fault;
      const retryMs = this.#backoff.nextMs();
      this.#tellEnd(fault, retryMs);
      await this.#needs.clock.sleep(retryMs, signal);
    }
  }

  /** One connection from its attempt to its end; gives what ended it, undefined when the subscriber did. */
  async #connection(signal: AbortSignal): Promise<CodedError | undefined> {
    const { promise, resolve } = Promise.withResolvers<CodedError | undefined>();
    const { dial, clock } = this.#needs;
    const { packetBytesMax } = this.#options;
    const events = {
      onAccepted: (connack: Connack, link: ClientLink) => this.#accepted(connack, link),
      onChunk: () => this.#askConsumer(),
      onPacket: (stream: PacketStream) => this.#takePacket(stream),
      onOversize: (packet: OversizePacket) => this.#takeOversize(packet),
      onWritable: () => this.#outbox?.unblock(),
      onLost: (error: MqttError) => {
        this.#leave();
        resolve(error);
      },
    };
    try {
      const link = await openLink(this.#connectPacket(), { dial, clock, packetBytesMax }, events, signal);
      if (signal.aborted) await link.disconnect();
      else await this.#greet(link);
    } catch (error) {
      this.#leave();
      if (signal.aborted) return undefined;
      if (!(error instanceof CodedError)) throw error;
      return error;
    }
    const end = (): void => resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  #connectPacket(): Connect {
    const {
      clientId,
      credentials,
      keepAliveSecs = KEEP_ALIVE_SECS,
      sessionExpirySecs = SESSION_EXPIRY_SECS,
    } = this.#options;
    const level = this.#level;
    const packetBytesMax = Math.max(
      this.#options.packetBytesMax ?? LIMITS.packetBytesMax.value,
      LIMITS.subscriberPacketBytesTold.value,
    );
    const properties = { sessionExpirySecs, receiveMaximum: this.#windowMax, packetBytesMax };
    const { username, password } = credentials?.() ?? {};
    return {
      type: 'connect',
      level,
      isCleanStart: false,
      keepAliveSecs,
      clientId,
      ...(username !== undefined && { username }),
      ...(password && { password }),
      ...(level === 5 && { properties }),
    };
  }

  /** CONNACK came: packets of this connection follow at once. */
  #accepted({ isSessionPresent, properties }: Connack, link: ClientLink): void {
    this.#link = link;
    const failpoint = this.#needs.failpoint ?? noFailpoints;
    this.#outbox = new Outbox(link, LIMITS.outboxBytes.value, failpoint);
    this.#outstanding = 0;
    this.#ring.beginConnection(isSessionPresent);
    this.#inbox.beginConnection(isSessionPresent);
    this.#filters.begin(isSessionPresent ? this.#session.filters : new Map());
    this.#phase = 'connected';
    this.#lastFault = undefined;
    this.#meters.isConnected.set(1);
    if (this.#connections++ > 0) this.#meters.reconnects.add(1);
    this.#isRefused = false;
    this.#isFull = false;
    this.#askConsumer();
    this.#holdWhenFull();
    this.#noteExpiry(properties?.sessionExpirySecs);
  }

  /** Says what became of the session and asks for the filters that it does not have. */
  async #greet(link: ClientLink): Promise<void> {
    const { isSessionPresent } = link;
    const wasExpected = this.#session.hasBegun;
    this.#tell({
      type: 'connected',
      isSessionPresent,
      why: isSessionPresent ? 'The session goes on.' : 'A new session begins.',
    });
    if (!isSessionPresent) {
      if (wasExpected) this.#tellSessionLost();
      this.#session = new SessionFacts();
      await this.#inbox.write({ kind: 'begun' });
    } else if (!wasExpected) await this.#inbox.write({ kind: 'begun' });
    this.#session.hasBegun = true;
    if (this.#link !== link) return;
    this.#giveUpFilters();
    this.#refuseUnserved(link);
    this.#askForFilters();
    this.#settleWaiters();
  }

  #tellSessionLost(): void {
    this.#meters.sessionsLost.add(1);
    this.#tell({
      type: 'session-lost',
      why: `The broker has forgotten the session of ${JSON.stringify(this.#options.clientId)}: messages that waited for it are lost. Gaps in the sequence numbers of the devices show which.`,
    });
  }

  #noteExpiry(grantedSecs: number | undefined): void {
    const askedSecs = this.#options.sessionExpirySecs ?? SESSION_EXPIRY_SECS;
    this.#shortened =
      grantedSecs !== undefined && grantedSecs < askedSecs
        ? `The broker keeps the session for ${grantedSecs} s; ${askedSecs} s were asked for.`
        : '';
    if (this.#shortened !== '') this.#tell({ type: 'session-shortened', why: this.#shortened });
  }

  /** Filters of the session that are not wanted any more. */
  #giveUpFilters(): void {
    const wanted = new Set(this.#options.filters.map(({ filter }) => filter));
    for (const filter of [...this.#session.filters.keys()]) {
      if (wanted.has(filter)) continue;
      this.#session.filters.delete(filter);
      const packetId = this.#filters.takePacketId();
      this.#send({ type: 'unsubscribe', packetId, filters: [filter] });
      void this.#inbox.write({ kind: 'unsubscribed', filter });
    }
  }

  /** What the broker says in CONNACK that it has not: asking for it would break the protocol. */
  #refuseUnserved({ properties }: ClientLink): void {
    const unserved: FilterStatus[] = [];
    if (properties?.sharedAvailable === 0)
      unserved.push(...this.#filters.refuse(isSharedFilter, REASON.sharedSubscriptionsNotSupported));
    if (properties?.wildcardAvailable === 0)
      unserved.push(...this.#filters.refuse(isWildcardFilter, REASON.wildcardSubscriptionsNotSupported));
    for (const status of unserved) this.#tell({ type: 'subscription-refused', status, why: status.why });
  }

  #askForFilters(): void {
    const properties = this.#link?.properties;
    for (const { packetId, filter, qos } of this.#filters.ask()) {
      if (properties?.sharedAvailable === 0 && isSharedFilter(filter)) continue;
      if (properties?.wildcardAvailable === 0 && isWildcardFilter(filter)) continue;
      this.#subscribe(packetId, filter, qos);
    }
    if (this.#drops) this.#subscribe(this.#filters.takePacketId(), this.#drops.topic, 0);
    this.#meters.wantingFilters.set(this.#filters.wantingCount);
    this.#askAgainLater();
  }

  #subscribe(packetId: number, filter: string, qos: Qos): void {
    const topic = { filter, qos, isNoLocal: false, isRetainAsPublished: true, retainHandling: 1 } as const;
    this.#send({ type: 'subscribe', packetId, topics: [topic] });
  }

  #askAgainLater(): void {
    this.#filterRetry?.[Symbol.dispose]();
    this.#filterRetry = undefined;
    if (this.#filters.isComplete) {
      this.#filterBackoff.reset();
      return;
    }
    const delayMs = LIMITS.subscriptionBackoffMsMin.value + this.#filterBackoff.nextMs();
    this.#filterRetry = this.#needs.clock.startTimer(delayMs, () => {
      if (this.#link) this.#askForFilters();
    });
  }

  #takeSuback(packetId: number, reasons: readonly number[]): void {
    if (reasons.length !== 1)
      throw protocolError(`SUBACK has ${reasons.length} reasons for one topic filter.`); // [MQTT-3.8.4-6]
    const status = this.#filters.answer(packetId, Number(reasons[0]));
    if (!status) return; // of the drops, or of an older question
    const { filter, granted } = status;
    if (granted !== undefined) {
      this.#session.filters.set(filter, granted);
      void this.#inbox.write({ kind: 'subscribed', filter, qos: granted });
    }
    const why = status.why;
    if (status.state === 'granted') this.#tell({ type: 'subscribed', status: { ...status }, why });
    else this.#tell({ type: 'subscription-refused', status: { ...status }, why });
    this.#meters.wantingFilters.set(this.#filters.wantingCount);
    if (this.#filters.isComplete) this.#askAgainLater();
    this.#settleWaiters();
  }

  #askConsumer(): void {
    if (this.#isRefused || this.#needs.consumer.refusal() === undefined) return;
    this.#isRefused = true;
    this.#hold();
  }

  #takePacket(stream: PacketStream): void {
    const { cursor } = stream;
    if (cursor.type === PACKET_TYPE.publish) this.#takePublish(cursor, 0);
    else if (cursor.type === PACKET_TYPE.pubrel) this.#inbox.takePubrel(cursor.packetId);
    else if (cursor.type === PACKET_TYPE.suback) {
      const packet = stream.packet();
      if (packet.type === 'suback') this.#takeSuback(packet.packetId, packet.reasons);
    } else if (cursor.type === PACKET_TYPE.unsuback) stream.packet();
    else
      throw protocolError(`The broker sends ${packetNameOf(cursor.type)} to a subscriber.`, {
        type: cursor.type,
      });
  }

  #takePublish(cursor: PacketCursor, oversizeBytes: number): void {
    const { qos, packetId } = cursor;
    if (cursor.topicAlias !== 0)
      throw new MqttError(
        'topic-alias-invalid',
        `The broker sends topic alias ${cursor.topicAlias}; none was allowed.`,
      );
    if (qos > 0 && ++this.#outstanding > this.#windowMax && this.#level === 5)
      throw new MqttError(
        'receive-maximum-exceeded',
        `The broker has sent ${this.#outstanding} unacknowledged messages; Receive Maximum is ${this.#windowMax}.`,
      );
    if (this.#drops?.isOwn(cursor)) {
      this.#takeDrops(cursor);
      return;
    }
    this.#meters.received[qos].add(1);
    if (qos === 2 && !this.#inbox.takePublish(packetId)) return;
    this.#message.show(this.#ring.push(qos, packetId), cursor, oversizeBytes);
    this.#needs.consumer.take(this.#message);
    this.#holdWhenFull();
  }

  #takeOversize(packet: OversizePacket): void {
    const cursor = packet.cursor();
    const topic = decodeUtf8(cursor.topic());
    const { bytes } = packet;
    this.#meters.oversize.add(1);
    const bytesMax = this.#options.packetBytesMax ?? LIMITS.packetBytesMax.value;
    const why = `A message on ${JSON.stringify(topic)} has ${bytes} bytes; at most ${bytesMax} are taken. Its beginning is handed on.`;
    this.#tell({ type: 'oversize', topic, bytes, why });
    this.#takePublish(cursor, bytes);
  }

  #takeDrops(cursor: PacketCursor): void {
    const count = this.#drops?.grown(cursor.payload()) ?? 0;
    if (cursor.qos > 0) this.#answer(0x40, cursor.packetId); // a broker that grants more than was asked
    if (count === 0) return;
    this.#meters.brokerDropped.add(count);
    const why = `The broker says that it has dropped ${count} messages for full queues, of any of its clients; it may be told to keep more.`;
    this.#tell({ type: 'broker-dropped', count, why });
  }

  readonly #answering = (qos: Qos, packetId: number, isCurrent: boolean): void => {
    if (qos === 1) {
      if (isCurrent) this.#answer(0x40, packetId);
    } else if (qos === 2) this.#inbox.noteDurable(packetId, isCurrent);
  };

  /** PUBACK (0x40) or PUBREC (0x50) on the connection of now. */
  #answer(first: 0x40 | 0x50, packetId: number): void {
    if (!this.#outbox) return;
    if (first === 0x40) this.#outstanding = Math.max(0, this.#outstanding - 1);
    this.#outbox.acknowledge(first, packetId);
    this.#meters.acked.add(1);
    this.#flushSoon();
  }

  #pubcomp(packetId: number, isKnown: boolean): void {
    this.#outstanding = Math.max(0, this.#outstanding - 1);
    const reason = isKnown || this.#level === 4 ? REASON.success : REASON.packetIdentifierNotFound;
    this.#send({ type: 'pubcomp', packetId, reason });
  }

  #send(packet: Parameters<typeof encodePacket>[0]): void {
    this.#outbox?.packet(encodePacket(packet, this.#level));
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    this.#outbox?.flush();
  }

  #hold(): void {
    this.#link?.hold();
    this.#meters.isHeld.set(1);
  }

  /** MQTT 5 brokers keep the window themselves; as much again is room for QoS 0 and for what earlier connections left. */
  #holdWhenFull(): void {
    const { count } = this.#ring;
    this.#meters.unacked.set(count);
    if (this.#isFull || count < this.#windowMax * (this.#level === 5 ? 2 : 1)) return;
    this.#isFull = true;
    this.#hold();
  }

  #drained(): void {
    const { count } = this.#ring;
    this.#meters.unacked.set(count);
    if (this.#waiters.size > 0) this.#settleWaiters();
    if (!this.#isFull || count > (this.#windowMax * LIMITS.subscriberWakePercent.value) / 100) return;
    this.#isFull = false;
    this.#release();
  }

  #release(): void {
    if (this.#isRefused || this.#isFull) return;
    this.#meters.isHeld.set(0);
    this.#askConsumer();
    if (!this.#isRefused) this.#link?.goOn();
  }

  /** The connection is gone. */
  #leave(): void {
    this.#link = undefined;
    this.#outbox = undefined;
    this.#filterRetry?.[Symbol.dispose]();
    this.#filterRetry = undefined;
    this.#meters.isConnected.set(0);
  }

  #tellEnd(fault: CodedError, retryMs: number): void {
    this.#meters.disconnected(fault.code);
    if (fault.facts.reason === REASON.sessionTakenOver)
      this.#tell({ type: 'taken-over', why: fault.message });
    this.#tell({ type: 'disconnected', fault, retryMs, why: fault.message });
  }

  #tell(event: SubscriberEvent): void {
    this.#options.onEvent?.(event);
  }

  #until(isMet: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (): void => {
      const isEnded = this.#ending.signal.aborted;
      if (!isEnded && !signal?.aborted && !isMet()) return;
      this.#waiters.delete(settle);
      signal?.removeEventListener('abort', settle);
      if (isEnded) reject(ended());
      else resolve();
    };
    this.#waiters.add(settle);
    signal?.addEventListener('abort', settle, { once: true });
    settle();
    return promise;
  }

  #settleWaiters(): void {
    for (const settle of this.#waiters) settle();
  }
}

function ended(): MqttError {
  return new MqttError('subscriber-ended', 'The subscriber was ended.');
}
