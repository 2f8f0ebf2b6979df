import { type Address, type Clock, CodedError, type Net, type Random } from '@skerry/kernel';
import { Backoff } from './backoff.ts';
import { type ClientLink, type LinkEvents, type LinkNeeds, openLink } from './client-link.ts';
import { ConditionWaiters } from './condition-waiters.ts';
import { MqttError, protocolError } from './errors.ts';
import { LIMITS } from './limits.ts';
import {
  ABSENT_PROPERTIES,
  EMPTY_PROPERTIES,
  type PublishForm,
  publishBytes,
  writePublish,
} from './packet-writer.ts';
import type { Connect } from './packets/connect.ts';
import { PACKET_TYPE, type ProtocolLevel, packetNameOf } from './packets/packet-type.ts';
import { checkTopicName } from './packets/topic-field.ts';
import { type PublishedMessage, PublisherWindow, type UnackedMessage } from './publisher-window.ts';
import { REASON, RETURN_CODE } from './reason-codes.ts';
import { encodeUtf8 } from './utf8.ts';

/** Choices of a publisher. */
export interface PublisherOptions {
  readonly address: Address;
  /** Empty asks the broker for one, which is kept; at level 4 with `cleanStart` only. */
  readonly clientId: string;
  /** 4 is MQTT 3.1.1; 5 unless given. */
  readonly level?: ProtocolLevel;
  /** 60 unless given; 0 for none, and then a silent broker is not noticed. */
  readonly keepAliveSecs?: number;
  /** Messages that may be unacknowledged, 1 to 65,535; `LIMITS.publisherWindow` unless given. */
  readonly window?: number;
  /** Each connection begins a new session: true unless given. */
  readonly cleanStart?: boolean;
  /** Level 5 without `cleanStart`: how long the broker keeps the session; 3,600 unless given. */
  readonly sessionExpirySecs?: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  /** A message was acknowledged. Called in the order of the acknowledgements; what it throws is not caught. */
  readonly onAck?: (message: PublishedMessage) => void;
  /** Level 5: the broker refused a message with a reason of 0x80 or more. It is not sent again. */
  readonly onRefused?: (message: PublishedMessage, reason: number) => void;
  /** Gives the first connection up. */
  readonly signal?: AbortSignal;
}

/** What a publisher needs of the platform. */
export interface PublisherNeeds {
  readonly net: Pick<Net, 'connect'>;
  readonly clock: LinkNeeds['clock'] & Pick<Clock, 'sleep'>;
  readonly random: Pick<Random, 'float'>;
}

/** Counts since the publisher was opened. Messages taken = acked + refused + unacked. */
export interface PublisherFigures {
  /** Messages sent at least once. */
  readonly sent: number;
  readonly acked: number;
  /** PUBLISH packets beyond the first one of a message. */
  readonly resent: number;
  /** By reason code. */
  readonly refused: Readonly<Record<number, number>>;
  readonly unacked: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /** Acknowledgements of nothing that was on its way. */
  readonly strayAcks: number;
}

/** Refusals of CONNECT after which another attempt makes sense; all others end a publisher. */
const PASSING_REFUSALS: Readonly<Record<ProtocolLevel, ReadonlySet<number>>> = {
  4: new Set([RETURN_CODE.serverUnavailable]),
  5: new Set([
    REASON.unspecified,
    REASON.serverUnavailable,
    REASON.serverBusy,
    REASON.quotaExceeded,
    REASON.connectionRateExceeded,
  ]),
};

const BACKOFF = {
  msMin: LIMITS.publisherBackoffMsMin.value,
  msMax: LIMITS.publisherBackoffMsMax.value,
  steadyShare: 0.5,
};

const QOS_1 = { qos: 1, isRetain: false } as const;

/**
 * Connects to a broker and publishes at QoS 1. Resolves when the broker accepted; fails when the first attempt fails.
 * Later losses are made good: it connects again with a jittered back-off and sends what is not acknowledged again, in
 * order, as new PUBLISHes, or with DUP in a session that goes on. What the broker refuses for good ends it.
 */
export async function openPublisher(options: PublisherOptions, needs: PublisherNeeds): Promise<Publisher> {
  const publisher = new Publisher(options, needs);
  await publisher.connect(options.signal);
  return publisher;
}

/** A publisher of QoS 1; see `openPublisher`. Disposing it sends DISCONNECT; `drained` comes before where that matters. */
export class Publisher implements AsyncDisposable {
  readonly #options: PublisherOptions;
  readonly #needs: PublisherNeeds;
  readonly #level: ProtocolLevel;
  readonly #windowMax: number;
  readonly #window = new PublisherWindow();
  readonly #topics = new Map<string, Uint8Array>();
  readonly #ending = new AbortController();
  readonly #waiters = new ConditionWaiters(() => this.#closedBy());
  readonly #refused: Record<number, number> = {};
  #clientId: string;
  #link: ClientLink | undefined;
  #isBlocked = false;
  #isPumpDue = false;
  /** Reset when something was received, or a connection lasted. */
  readonly #backoff: Backoff;
  #linkedMs = 0;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #sent = 0;
  #acked = 0;
  #resent = 0;
  #reconnects = 0;
  #strayAcks = 0;
  #failure: MqttError | undefined;
  #reconnecting: Promise<void> = Promise.resolve();

  /** For `openPublisher`. */
  constructor(options: PublisherOptions, needs: PublisherNeeds) {
    this.#options = options;
    this.#needs = needs;
    this.#level = options.level ?? 5;
    this.#clientId = options.clientId;
    this.#backoff = new Backoff(BACKOFF, needs.random);
    this.#windowMax = Math.min(65_535, Math.max(1, options.window ?? LIMITS.publisherWindow.value));
  }

  /** The identifier in force. */
  get clientId(): string {
    return this.#clientId;
  }

  /** Why it ended by itself; undefined while it works. */
  get failure(): MqttError | undefined {
    return this.#failure;
  }

  /** Whether `publish` takes a message now. */
  get hasRoom(): boolean {
    return this.#window.count < this.#windowMax && this.#window.bytes < LIMITS.publisherBytesMax.value;
  }

  /** Counts so far. */
  figures(): PublisherFigures {
    return {
      sent: this.#sent,
      acked: this.#acked,
      resent: this.#resent,
      refused: { ...this.#refused },
      unacked: this.#window.count,
      reconnects: this.#reconnects,
      strayAcks: this.#strayAcks,
    };
  }

  /**
   * Takes a message, connected or not; false when the window is full and nothing was taken. The payload belongs to the
   * publisher until the message is acknowledged. Messages taken in one turn go out in few writes. Throws `topic-invalid`,
   * `mqtt-string-invalid`, `packet-too-large` (by the broker's word), and the failure or `publisher-ended` after the end.
   */
  publish(topic: string, payload: Uint8Array): boolean {
    const failure = this.#closedBy();
    if (failure) throw failure;
    if (!this.hasRoom) return false;
    const topicBytes = this.#topicBytes(topic);
    this.#checkSize(topicBytes, payload);
    this.#window.add(topic, topicBytes, payload);
    this.#pumpSoon();
    return true;
  }

  /** Resolves when `publish` takes a message, or when the signal is aborted; fails when the publisher has ended. */
  room(signal?: AbortSignal): Promise<void> {
    return this.#waiters.until(() => this.hasRoom, signal);
  }

  /** Resolves when nothing is unacknowledged, or when the signal is aborted; fails when the publisher has ended. */
  drained(signal?: AbortSignal): Promise<void> {
    return this.#waiters.until(() => this.#window.count === 0, signal);
  }

  /** Makes the first connection; for `openPublisher`. */
  async connect(signal?: AbortSignal): Promise<void> {
    const ending = this.#ending.signal;
    await this.#openLink(signal ? AbortSignal.any([signal, ending]) : ending);
  }

  /** Sends DISCONNECT and waits for the end of the connection. Unacknowledged messages are given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(ended());
    await this.#reconnecting;
    const link = this.#link;
    this.#link = undefined;
    this.#waiters.settle();
    await link?.disconnect();
  }

  async #openLink(signal: AbortSignal): Promise<void> {
    let isGiven = false;
    let early: MqttError | undefined;
    const events: LinkEvents = {
      onAccepted: ({ properties }) => {
        if (properties?.maximumQos === 0)
          throw new MqttError('qos-unsupported', 'The broker takes QoS 0 only; QoS 1 is wanted.');
      },
      onPacket: ({ cursor: { type, packetId, reason } }) => {
        if (type !== PACKET_TYPE.puback)
          throw protocolError(`The broker sends ${packetNameOf(type)} to a publisher.`, { type });
        this.#acknowledge(packetId, reason);
      },
      onWritable: () => {
        this.#isBlocked = false;
        this.#pumpSoon();
      },
      onLost: (error) => {
        if (isGiven) this.#lose(error);
        else early = error;
      },
    };
    const { net, clock } = this.#needs;
    const dial = (dialling: AbortSignal) => net.connect(this.#options.address, dialling);
    const link = await openLink(this.#connectPacket(), { dial, clock }, events, signal);
    isGiven = true;
    if (early) throw early;
    this.#link = link;
    this.#linkedMs = this.#needs.clock.monotonicMs();
    this.#clientId = link.clientId;
    this.#packetBytesMax = link.packetBytesMax;
    this.#isBlocked = false;
    this.#pumpSoon();
  }

  #connectPacket(): Connect {
    const {
      keepAliveSecs = 60,
      cleanStart = true,
      sessionExpirySecs = 3_600,
      username,
      password,
    } = this.#options;
    return {
      type: 'connect',
      level: this.#level,
      isCleanStart: cleanStart,
      keepAliveSecs,
      clientId: this.#clientId,
      ...(username !== undefined && { username }),
      ...(password && { password }),
      ...(this.#level === 5 && !cleanStart && { properties: { sessionExpirySecs } }),
    };
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#link && !this.#isBlocked) {
      const bytes = this.#nextBytes(this.#link);
      if (!bytes) return;
      this.#isBlocked = !this.#link.write(bytes);
    }
  }

  /** The next messages as one buffer; undefined when there are none, or the broker takes no more. */
  #nextBytes(link: ClientLink): Uint8Array | undefined {
    const batch: UnackedMessage[] = [];
    let size = 0;
    for (let next = this.#window.peek(); next; next = this.#window.peek()) {
      const bytes = publishBytes(this.#form(next), QOS_1.qos);
      if (this.#window.onWireCount >= link.receiveMaximum) break;
      if (size > 0 && size + bytes > LIMITS.outboxBytes.value) break;
      this.#window.noteSent();
      if (bytes > link.packetBytesMax) {
        this.#acknowledge(next.packetId, REASON.packetTooLarge); // the broker takes less than when it was published
        continue;
      }
      batch.push(next);
      size += bytes;
    }
    return size > 0 ? this.#encode(batch, size, link.isSessionPresent) : undefined;
  }

  #encode(batch: readonly UnackedMessage[], size: number, isSessionPresent: boolean): Uint8Array {
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const message of batch) {
      const isAgain = message.sentCount > 1;
      if (isAgain) this.#resent++;
      else this.#sent++;
      const isDup = isAgain && isSessionPresent;
      at = writePublish(bytes, at, this.#form(message), { ...QOS_1, isDup }, message.packetId);
    }
    return bytes;
  }

  #form({ topicBytes, payload }: UnackedMessage): PublishForm {
    const properties = this.#level === 5 ? EMPTY_PROPERTIES : ABSENT_PROPERTIES;
    return { topic: topicBytes, payload, properties };
  }

  #acknowledge(packetId: number, reason: number): void {
    const message = this.#window.acknowledge(packetId);
    if (!message) {
      this.#strayAcks++;
      return;
    }
    this.#backoff.reset();
    if (reason < 0x80) {
      this.#acked++;
      this.#options.onAck?.(message);
    } else {
      this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
      this.#options.onRefused?.(message, reason);
    }
    if (this.#window.peek()) this.#pumpSoon();
    this.#waiters.settle();
  }

  #lose(error: MqttError): void {
    this.#link = undefined;
    this.#window.restart();
    if (this.#ending.signal.aborted) return;
    if (isTakenOver(error)) {
      this.#fail(new MqttError('publisher-ended', error.message, error.facts, error));
      return;
    }
    if (!isPassing(error)) {
      this.#fail(error);
      return;
    }
    const lastedMs = this.#needs.clock.monotonicMs() - this.#linkedMs;
    if (lastedMs >= LIMITS.publisherBackoffMsMax.value) this.#backoff.reset();
    this.#reconnecting = this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted && !this.#failure) {
      await this.#needs.clock.sleep(this.#backoff.nextMs(), signal);
      if (signal.aborted) return;
      try {
        await this.#openLink(signal);
        this.#reconnects++;
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof CodedError)) throw error;
        if (!isPassing(error)) this.#fail(error);
      }
    }
  }

  #fail(error: CodedError): void {
    this.#failure = error instanceof MqttError ? error : ended(error);
    this.#waiters.settle();
  }

  #closedBy(): MqttError | undefined {
    return this.#failure ?? (this.#ending.signal.aborted ? ended() : undefined);
  }

  #topicBytes(topic: string): Uint8Array {
    const known = this.#topics.get(topic);
    if (known) return known;
    const bytes = encodeUtf8(checkTopicName(topic));
    if (this.#topics.size >= LIMITS.publisherTopicsMax.value) this.#topics.clear();
    this.#topics.set(topic, bytes);
    return bytes;
  }

  #checkSize(topicBytes: Uint8Array, payload: Uint8Array): void {
    const bytes = publishBytes({ topic: topicBytes, payload, properties: EMPTY_PROPERTIES }, QOS_1.qos);
    if (bytes <= this.#packetBytesMax) return;
    throw new MqttError(
      'packet-too-large',
      `Cannot publish a packet of ${bytes} bytes; the broker takes at most ${this.#packetBytesMax}.`,
      { bytes, bytesMax: this.#packetBytesMax },
    );
  }
}

/** Whether connecting again can help. */
function isPassing(error: CodedError): boolean {
  if (error.code !== 'connect-refused') return error.advice === 'retry';
  const { level, reason } = error.facts;
  return PASSING_REFUSALS[level === 4 ? 4 : 5].has(Number(reason));
}

/** Two clients of one identifier would take it over from each other for ever. */
function isTakenOver({ code, facts }: MqttError): boolean {
  return code === 'connection-lost' && facts.reason === REASON.sessionTakenOver;
}

function ended(cause?: unknown): MqttError {
  return new MqttError('publisher-ended', 'The publisher was ended.', {}, cause);
}
