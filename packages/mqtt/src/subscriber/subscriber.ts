import { CodedError, type Connection, noFailpoints } from '@skerry/kernel';
import { type ClientLink, openLink } from '../client-link.ts';
import { ConditionWaiters } from '../condition-waiters.ts';
import { MqttError, protocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { OversizePacket } from '../oversize-packet.ts';
import type { PacketCursor } from '../packet-cursor.ts';
import type { PacketStream } from '../packet-stream.ts';
import type { Connack } from '../packets/connack.ts';
import { PACKET_TYPE, type ProtocolLevel, packetNameOf, type Qos } from '../packets/packet-type.ts';
import { REASON } from '../reason-codes.ts';
import { decodeUtf8 } from '../utf8.ts';
import { connectPacketOf, sessionExpirySecsOf, windowOf } from './connect-packet.ts';
import { ConnectionLives } from './connection-lives.ts';
import { DropWatch } from './drop-watch.ts';
import type { FilterStatus } from './filter-book.ts';
import { MessageView } from './message-view.ts';
import { checkOptions } from './option-check.ts';
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
import {
  connectedWords,
  cutShortWords,
  droppedWords,
  expiryWords,
  leftOutWords,
  oversizeWords,
  sessionLostWords,
  windowWords,
} from './subscriber-words.ts';
import { Subscriptions } from './subscriptions.ts';
import { Upstream } from './upstream.ts';

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
  readonly #upstream: Upstream;
  readonly #subscriptions: Subscriptions;
  readonly #drops: DropWatch | undefined;
  readonly #inbox: Qos2Inbox;
  readonly #ring = new ReceivedRing();
  readonly #message = new MessageView();
  readonly #ending = new AbortController();
  readonly #waiters = new ConditionWaiters(() => (this.#ending.signal.aborted ? ended() : undefined));
  readonly #lives: ConnectionLives;
  #session = new SessionFacts();
  #phase: SubscriberState['phase'] = 'connecting';
  #lastFault: CodedError | undefined;
  #shortened = '';
  #link: ClientLink | undefined;
  #isRefused = false;
  #isFull = false;
  #connections = 0;
  /** As of the last CONNECT: every one before it had an answer. */
  #isSessionSure = true;
  /** As of the last CONNACK: a session was expected, here or by another holder of the identifier, and the one of before goes on. */
  #wasExpected: 'no' | 'own' | 'inherited' = 'no';
  #isSameSession = false;
  #running: Promise<void> = Promise.resolve();

  /** For `openSubscriber`. Throws `topic-filter-invalid` or `client-id-invalid`. */
  constructor(options: SubscriberOptions, needs: SubscriberNeeds) {
    checkOptions(options);
    this.#options = options;
    this.#needs = needs;
    this.#level = options.level ?? 5;
    this.#windowMax = windowOf(options);
    this.#meters = subscriberMeters(needs.meter, options.name);
    this.#drops = options.isWatchingDrops ? new DropWatch() : undefined;
    this.#lives = new ConnectionLives(needs.clock, needs.random);
    this.#upstream = new Upstream(this.#level, this.#windowMax, needs.failpoint ?? noFailpoints);
    this.#subscriptions = new Subscriptions(options.filters, this.#drops ? [this.#drops.topic] : [], {
      clock: needs.clock,
      random: needs.random,
      send: (packet) => this.#upstream.send(packet),
      keep: (change) => void this.#inbox.write(change),
      onAnswer: (status) => this.#filterAnswered(status),
      onLeftOut: (filter) => this.#tell({ type: 'drops-unwatched', why: leftOutWords(filter) }),
    });
    this.#inbox = new Qos2Inbox(
      needs.store ?? new MemorySessionStore(),
      needs.clock,
      {
        onPubrec: (packetId) => this.#answer(0x50, packetId),
        onPubcomp: (packetId, isKnown) => {
          this.#upstream.complete(packetId, isKnown);
          this.#waiters.settle();
        },
        onStoreFault: (fault) => this.#tell({ type: 'store-fault', fault, why: fault.message }),
      },
      this.#ending.signal,
    );
  }

  /** Reads the session of before and begins to connect; for `openSubscriber`. */
  async begin(): Promise<void> {
    const kept = await this.#needs.store?.load();
    if (kept) {
      const { hasBegun, isSure, isInherited } = kept;
      Object.assign(this.#session, { hasBegun, isSure, isInherited });
      for (const [filter, qos] of kept.filters) this.#session.filters.set(filter, qos);
      this.#inbox.restore(kept.packetIds);
    }
    this.#running = this.#run();
  }

  /** How it fares. */
  state(): SubscriberState {
    const degraded: string[] = [];
    if (this.#phase !== 'connected') degraded.push(this.#lastFault?.message ?? 'It has not connected yet.');
    for (const { why } of this.#subscriptions.statuses)
      if (why !== '' && this.#phase === 'connected') degraded.push(why);
    if (this.#shortened !== '') degraded.push(this.#shortened);
    const refusal = this.#isRefused ? this.#needs.consumer.refusal() : undefined;
    if (refusal !== undefined) degraded.push(`Nothing is read, since nothing is taken in: ${refusal}.`);
    return {
      phase: this.#phase,
      degraded,
      filters: this.#subscriptions.statuses,
      taken: this.#ring.nextNumber - 1,
      unacked: this.#ring.unacknowledged,
      isHeld: this.#isRefused || this.#isFull,
      kept: this.#inbox.count,
      brokerDropped: this.#drops?.last,
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

  /** Publishes a message at QoS 0; false when nobody is connected, and then nothing is sent. */
  publish(topic: string, payload: Uint8Array): boolean {
    return this.#phase === 'connected' && this.#upstream.publish(topic, payload);
  }

  /** Resolves when every filter is granted as it is wanted, or when the signal is aborted; fails after the end. */
  subscribed(signal?: AbortSignal): Promise<void> {
    return this.#waiters.until(() => this.#phase === 'connected' && this.#subscriptions.isComplete, signal);
  }

  /** Resolves when nothing is unacknowledged, or when the signal is aborted; fails after the end. */
  drained(signal?: AbortSignal): Promise<void> {
    return this.#waiters.until(() => this.#ring.unacknowledged === 0, signal);
  }

  /** `emptySession`, then `forgetSession`; after `signal` is aborted the session is left as it is. */
  async endSession(signal?: AbortSignal): Promise<void> {
    await this.emptySession(signal);
    if (!signal?.aborted) await this.forgetSession(signal);
  }

  /**
   * Gives the session up: nothing is subscribed to any more, what waits at the broker is handed out and acknowledged, and
   * the subscriber has ended; the empty session is still there. It takes as long as the broker and the consumer do; after
   * `signal` is aborted the session is left as it is.
   */
  async emptySession(signal?: AbortSignal): Promise<void> {
    this.#subscriptions.giveUpAll();
    while (!signal?.aborted && !(await this.#isEmptied(signal)));
    await this[Symbol.asyncDispose]();
  }

  /** After the end: lets the broker forget the session, whatever is in it. Fails as a connection does. */
  async forgetSession(signal?: AbortSignal): Promise<void> {
    const { dial, clock } = this.#needs;
    const packet = { ...connectPacketOf(this.#options), isCleanStart: true, properties: {} };
    const deaf = { onPacket: () => undefined, onWritable: () => undefined, onLost: () => undefined };
    const link = await openLink(packet, { dial, clock }, deaf, signal ?? new AbortController().signal);
    await link.disconnect(LIMITS.subscriberCloseMs.value);
    await this.#needs.store?.write([{ kind: 'ended' }]);
  }

  /** Asks once, behind the end of its filters, whether the broker has nothing more: PINGRESP comes behind every message that it could send. */
  async #isEmptied(signal: AbortSignal | undefined): Promise<boolean> {
    const isIdle = (): boolean => this.#ring.count === 0 && this.#inbox.count === 0;
    const isAskable = (): boolean => this.#phase === 'connected' && this.#subscriptions.isLeft && isIdle();
    await this.#waiters.until(isAskable, signal);
    const [link, { nextNumber }] = [this.#link, this.#ring];
    let isAnswered = false;
    link?.ping(() => {
      isAnswered = true;
      this.#waiters.settle();
    });
    await this.#waiters.until(() => isAnswered || this.#link !== link, signal);
    return isAnswered && isIdle() && this.#ring.nextNumber === nextNumber;
  }

  /** Sends DISCONNECT and waits for the end of the connection. Acknowledgements that come later are not sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#upstream.flush();
    this.#ending.abort(ended());
    this.#phase = 'ended';
    this.#waiters.settle();
    const link = this.#link;
    this.#leave();
    await link?.disconnect(LIMITS.subscriberCloseMs.value);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      this.#phase = 'connecting';
      this.#lives.begin();
      const fault = await this.#connection(signal);
      if (signal.aborted || !fault) return;
      this.#phase = 'waiting';
      this.#lastFault = fault;
      const retryMs = this.#lives.ended();
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
      onWritable: () => undefined, // what goes out is bounded by the window
      onLost: (error: MqttError) => {
        this.#leave();
        resolve(error);
      },
    };
    let isDialled = false;
    const dialled = async (either: AbortSignal): Promise<Connection> => {
      const connection = await dial(either);
      isDialled = true;
      return connection;
    };
    try {
      this.#isSessionSure = this.#session.isSure;
      if (this.#isSessionSure) await this.#note('asked');
      const link = await openLink(
        connectPacketOf(this.#options),
        { dial: dialled, clock, packetBytesMax },
        events,
        signal,
      );
      if (signal.aborted) await link.disconnect();
      else await this.#greet(link);
    } catch (error) {
      this.#leave();
      if (signal.aborted) return undefined;
      if (!(error instanceof CodedError)) throw error;
      // the broker has the session that it had: it refused, or has seen no CONNECT
      const isSame = !isDialled || error.code === 'connect-refused';
      if (this.#isSessionSure && isSame) await this.#note('resumed');
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

  /** CONNACK came: packets of this connection follow at once. */
  #accepted({ isSessionPresent, properties }: Connack, link: ClientLink): void {
    this.#link = link;
    this.#upstream.begin(link);
    this.#lives.accepted();
    const { hasBegun, isInherited } = this.#session;
    this.#wasExpected = isInherited ? 'inherited' : hasBegun ? 'own' : 'no';
    this.#isSameSession = isSessionPresent && this.#isSessionSure;
    this.#ring.beginConnection(this.#isSameSession);
    this.#inbox.beginConnection(this.#isSameSession);
    if (!this.#isSameSession) this.#session = new SessionFacts();
    this.#subscriptions.begin(this.#session);
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
    const [isSame, expected] = [this.#isSameSession, this.#wasExpected];
    const why = connectedWords(isSame, isSessionPresent);
    this.#tell({ type: 'connected', isSessionPresent, why });
    if (!isSessionPresent && expected !== 'no') {
      this.#meters.sessionsLost.add(1);
      const why = sessionLostWords(this.#options.clientId, expected === 'inherited');
      this.#tell({ type: 'session-lost', why });
    }
    await this.#note(isSame && expected !== 'no' ? 'resumed' : 'begun');
    if (this.#link !== link) return;
    this.#subscriptions.ask(link.properties);
    this.#waiters.settle();
  }

  /** Notes a change of the session; resolves when it is durable. */
  async #note(kind: 'asked' | 'resumed' | 'begun'): Promise<void> {
    if (kind !== 'begun') this.#session.isSure = kind === 'resumed';
    else this.#session.hasBegun = true;
    await this.#inbox.write({ kind });
  }

  #noteExpiry(grantedSecs: number | undefined): void {
    this.#shortened = expiryWords(grantedSecs, sessionExpirySecsOf(this.#options));
    if (this.#shortened !== '') this.#tell({ type: 'session-shortened', why: this.#shortened });
  }

  #filterAnswered(status: FilterStatus): void {
    const type = status.state === 'granted' ? 'subscribed' : 'subscription-refused';
    this.#tell({ type, status, why: status.why });
    this.#meters.wantingFilters.set(this.#subscriptions.wantingCount);
    this.#waiters.settle();
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
      if (packet.type === 'suback') this.#subscriptions.takeAnswer(packet.packetId, packet.reasons);
    } else if (cursor.type === PACKET_TYPE.unsuback) {
      this.#subscriptions.takeGivenUp(stream.packet());
      this.#waiters.settle();
    } else
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
    if (qos > 0 && this.#upstream.noteReceived()) this.#tellExceeded();
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

  /** Mosquitto before 2.0.13 does it: to leave it would bring the same messages again and again. */
  #tellExceeded(): void {
    this.#meters.exceeded.add(1);
    this.#tell({ type: 'window-exceeded', why: windowWords(this.#windowMax) });
  }

  #takeOversize(packet: OversizePacket): void {
    const cursor = packet.cursor();
    const topic = decodeUtf8(cursor.topic());
    const { bytes } = packet;
    this.#meters.oversize.add(1);
    const bytesMax = this.#options.packetBytesMax ?? LIMITS.packetBytesMax.value;
    this.#tell({ type: 'oversize', topic, bytes, why: oversizeWords(topic, bytes, bytesMax) });
    this.#takePublish(cursor, bytes);
  }

  #takeDrops(cursor: PacketCursor): void {
    const count = this.#drops?.grown(cursor.payload()) ?? 0;
    if (cursor.qos > 0) this.#answer(0x40, cursor.packetId); // a broker that grants more than was asked
    if (count === 0) return;
    this.#meters.brokerDropped.add(count);
    this.#tell({ type: 'broker-dropped', count, why: droppedWords(count) });
  }

  readonly #answering = (qos: Qos, packetId: number, isCurrent: boolean): void => {
    if (qos === 1) {
      if (isCurrent) this.#answer(0x40, packetId);
    } else if (qos === 2) this.#inbox.noteDurable(packetId, isCurrent);
  };

  /** PUBACK (0x40) or PUBREC (0x50) on the connection of now. */
  #answer(first: 0x40 | 0x50, packetId: number): void {
    if (this.#upstream.acknowledge(first, packetId)) this.#meters.acked.add(1);
  }

  #hold(): void {
    this.#link?.hold();
    this.#meters.isHeld.set(1);
  }

  /** MQTT 5 brokers keep the window themselves; as much again is room for QoS 0, for what earlier connections left and for brokers that do not. */
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
    if (this.#waiters.count > 0) this.#waiters.settle();
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
    this.#upstream.leave();
    this.#subscriptions.leave(!this.#ending.signal.aborted);
    this.#waiters.settle();
    this.#meters.isConnected.set(0);
  }

  #tellEnd(fault: CodedError, retryMs: number): void {
    this.#meters.disconnected(fault.code);
    if (fault.facts.reason === REASON.sessionTakenOver)
      this.#tell({ type: 'taken-over', why: fault.message });
    else if (this.#lives.cutShort > 0)
      this.#tell({ type: 'taken-over', why: cutShortWords(this.#lives.cutShort, this.#options.clientId) });
    this.#tell({ type: 'disconnected', fault, retryMs, why: fault.message });
  }

  readonly #tell = (event: SubscriberEvent): void => this.#options.onEvent?.(event);
}

function ended(): MqttError {
  return new MqttError('subscriber-ended', 'The subscriber was ended.');
}
