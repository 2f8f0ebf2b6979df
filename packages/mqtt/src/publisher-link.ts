import type { Clock, Connection, Net, Timer } from '@skerry/kernel';
import { MqttError, protocolError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { PacketCursor } from './packet-cursor.ts';
import { PacketStream } from './packet-stream.ts';
import type { Connack } from './packets/connack.ts';
import { type Connect, encodeConnect } from './packets/connect.ts';
import { encodeDisconnect } from './packets/disconnect.ts';
import { PACKET_TYPE, packetNameOf } from './packets/packet-type.ts';
import { encodePingreq } from './packets/pingreq.ts';
import type { PublisherOptions } from './publisher.ts';
import { REASON } from './reason-codes.ts';

/** What a link tells its publisher. */
export interface LinkEvents {
  /** PUBACK; the reason is 0 at level 4. */
  onPuback(packetId: number, reason: number): void;
  /** `write` may be called again after it said false. */
  onWritable(): void;
  /** The link is gone, once, and never before it was given out. */
  onLost(error: MqttError): void;
}

/** What a link needs of the platform. */
export interface LinkNeeds {
  readonly net: Pick<Net, 'connect'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'startTimer' | 'startTicker'>;
}

/**
 * Connects and waits for the CONNACK that accepts. Fails with `connect-refused` (`facts.reason` says why),
 * `connection-lost`, a fault of the codec, `KernelError` `connect-failed`, or the reason of an aborted signal.
 */
export async function openLink(
  connect: Connect,
  address: PublisherOptions['address'],
  { net, clock }: LinkNeeds,
  events: LinkEvents,
  signal: AbortSignal,
): Promise<PublisherLink> {
  const late = new AbortController();
  const untilMs = LIMITS.publisherConnectMs.value;
  using _ = clock.startTimer(untilMs, () => late.abort(lost(`No CONNACK came within ${untilMs} ms.`)));
  const either = AbortSignal.any([signal, late.signal]);
  const connection = await net.connect(address, either);
  const link = new PublisherLink(connection, connect, clock, events);
  const giveUp = (): void => link.breakOff(either.reason);
  if (either.aborted) giveUp();
  either.addEventListener('abort', giveUp, { once: true });
  try {
    await link.accepted;
    return link;
  } finally {
    either.removeEventListener('abort', giveUp);
  }
}

/** One connection of a publisher, from CONNECT to its end. */
export class PublisherLink {
  /** Settles with the answer to CONNECT. */
  readonly accepted: Promise<void>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #connection: Connection;
  readonly #connect: Connect;
  readonly #clock: LinkNeeds['clock'];
  readonly #events: LinkEvents;
  readonly #stream: PacketStream;
  readonly #acceptance = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
  #connack: Connack | undefined;
  #keepAlive: Timer | undefined;
  #sentMs = 0;
  #receivedMs = 0;
  #isPinging = false;
  /** It was ended by `disconnect`, or the loss was told: there is nothing more to tell. */
  #isOver = false;

  /** Sends CONNECT at once. */
  constructor(connection: Connection, connect: Connect, clock: LinkNeeds['clock'], events: LinkEvents) {
    this.#connection = connection;
    this.#connect = connect;
    this.#clock = clock;
    this.#events = events;
    this.#stream = new PacketStream({ level: connect.level });
    this.accepted = this.#acceptance.promise;
    this.closed = this.#closing.promise;
    connection.start({
      onData: (bytes) => this.#receive(bytes),
      onDrain: () => events.onWritable(),
      onClose: (error) => {
        this.#lose(lost('The broker closed the connection.', error));
        this.#closing.resolve();
      },
    });
    this.write(encodeConnect(connect));
  }

  /** The session of before goes on: what was sent in it is sent again with its packet identifiers [MQTT-4.4.0-1]. */
  get isSessionPresent(): boolean {
    return this.#connack?.isSessionPresent === true;
  }

  /** The identifier in force: the one the broker gave, where none was asked for. */
  get clientId(): string {
    return this.#connack?.properties?.assignedClientId ?? this.#connect.clientId;
  }

  /** Publications that the broker takes before it acknowledges. */
  get receiveMaximum(): number {
    return this.#connack?.properties?.receiveMaximum ?? 65_535;
  }

  /** Greatest packet that the broker takes. */
  get packetBytesMax(): number {
    return this.#connack?.properties?.packetBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Sends bytes, which belong to the link from here on; false asks to wait for `onWritable`. */
  write(bytes: Uint8Array): boolean {
    this.#sentMs = this.#clock.monotonicMs();
    return this.#connection.write(bytes);
  }

  /** DISCONNECT and an orderly end; resolves when the connection is gone. */
  async disconnect(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#keepAlive?.[Symbol.dispose]();
      this.write(encodeDisconnect({ type: 'disconnect', reason: REASON.success }, this.#connect.level));
      this.#connection.end();
    }
    const breakOff = (): void => this.#connection.destroy();
    using _ = this.#clock.startTimer(LIMITS.publisherCloseMs.value, breakOff);
    await this.closed;
  }

  /** Breaks the connection off; before CONNACK `accepted` fails with the reason. */
  breakOff(reason: unknown): void {
    this.#acceptance.reject(reason);
    this.#lose(reason instanceof MqttError ? reason : lost('The connection was given up.', reason));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#receivedMs = this.#clock.monotonicMs();
    try {
      this.#stream.push(bytes);
      while (this.#stream.next()) this.#take(this.#stream.cursor);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#lose(error);
    }
  }

  #take({ type, packetId, reason }: PacketCursor): void {
    if (this.#isOver) return;
    if (!this.#connack) this.#accept();
    else if (type === PACKET_TYPE.puback) this.#events.onPuback(packetId, reason);
    else if (type === PACKET_TYPE.pingresp) this.#isPinging = false;
    else if (type === PACKET_TYPE.disconnect && this.#connect.level === 5) throw this.#dismissal();
    else throw protocolError(`The broker sends ${packetNameOf(type)} to a publisher.`, { type });
  }

  #accept(): void {
    const packet = this.#stream.packet();
    if (packet.type !== 'connack') throw protocolError(`The broker answers CONNECT with ${packet.type}.`);
    if (packet.reason !== REASON.success) throw refused(packet, this.#connect.level);
    if (packet.properties?.maximumQos === 0)
      throw new MqttError('qos-unsupported', 'The broker takes QoS 0 only; QoS 1 is wanted.');
    this.#connack = packet;
    const keepAliveSecs = packet.properties?.serverKeepAliveSecs ?? this.#connect.keepAliveSecs;
    if (keepAliveSecs > 0) {
      const tick = (): void => this.#judgeSilence(keepAliveSecs * 1000);
      this.#keepAlive = this.#clock.startTicker(keepAliveSecs * 250, tick);
    }
    this.#acceptance.resolve();
  }

  /** Half of the keep-alive without a word in either direction asks for PINGREQ; a whole one without an answer ends it. */
  #judgeSilence(keepAliveMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const silentMs = nowMs - this.#receivedMs;
    if (this.#isPinging && silentMs >= keepAliveMs) {
      this.#lose(lost(`The broker was silent for ${Math.round(silentMs)} ms.`));
    } else if (!this.#isPinging && (silentMs >= keepAliveMs / 2 || nowMs - this.#sentMs >= keepAliveMs / 2)) {
      this.#isPinging = true;
      this.write(encodePingreq());
    }
  }

  #dismissal(): MqttError {
    const packet = this.#stream.packet();
    const reason = packet.type === 'disconnect' ? packet.reason : REASON.unspecified;
    if (reason === REASON.sessionTakenOver)
      return new MqttError(
        'publisher-ended',
        `Another client took the identifier ${JSON.stringify(this.clientId)} over; each needs one of its own.`,
        { reason },
      );
    return lost(`The broker said DISCONNECT with the reason 0x${reason.toString(16)}.`, undefined, {
      reason,
    });
  }

  #lose(error: MqttError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#keepAlive?.[Symbol.dispose]();
    this.#connection.destroy();
    if (this.#connack) this.#events.onLost(error);
    else this.#acceptance.reject(error);
  }
}

function lost(message: string, cause?: unknown, facts: Readonly<Record<string, unknown>> = {}): MqttError {
  return new MqttError('connection-lost', message, facts, cause);
}

function refused({ reason, properties }: Connack, level: number): MqttError {
  const text = properties?.reasonText === undefined ? '' : `: ${properties.reasonText}`;
  const message = `The broker refuses the connection with the reason 0x${reason.toString(16)}${text}.`;
  return new MqttError('connect-refused', message, { reason, level });
}
