import type { Clock, Connection, Timer } from '@skerry/kernel';
import { MqttError, protocolError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { OversizePacket } from './oversize-packet.ts';
import { PacketStream } from './packet-stream.ts';
import type { Connack } from './packets/connack.ts';
import { type Connect, encodeConnect } from './packets/connect.ts';
import { encodeDisconnect } from './packets/disconnect.ts';
import { PACKET_TYPE, type ProtocolLevel } from './packets/packet-type.ts';
import { encodePingreq } from './packets/pingreq.ts';
import { REASON, wordsOfReason, wordsOfReturnCode } from './reason-codes.ts';

/** What a link tells its owner. */
export interface LinkEvents {
  /** CONNECT was accepted, before `openLink` resolves; a `MqttError` that it throws refuses the connection. */
  onAccepted?(connack: Connack, link: ClientLink): void;
  /** Bytes came, before their packets are given out. */
  onChunk?(): void;
  /**
   * A packet other than CONNACK, PINGRESP and DISCONNECT, at the cursor of the stream; views are valid during the call. A
   * `MqttError` that it throws ends the link.
   */
  onPacket(stream: PacketStream): void;
  /** PUBLISH over `packetBytesMax` has gone by; without this such a packet ends the link. */
  onOversize?(packet: OversizePacket): void;
  /** `write` may be called again after it said false. */
  onWritable(): void;
  /** The link is gone, once, and never before it was given out. */
  onLost(error: MqttError): void;
}

/** What a link needs of the platform. */
export interface LinkNeeds {
  /** Makes a connection to the broker. */
  readonly dial: (signal: AbortSignal) => Promise<Connection>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'startTimer' | 'startTicker'>;
  /** Greatest packet that is taken whole; `LIMITS.packetBytesMax` unless given. */
  readonly packetBytesMax?: number | undefined;
}

/**
 * Connects and waits for the CONNACK that accepts. Fails with `connect-refused` (`facts.reason` says why),
 * `connection-lost`, a fault of the codec, `KernelError` `connect-failed`, or the reason of an aborted signal.
 */
export async function openLink(
  connect: Connect,
  needs: LinkNeeds,
  events: LinkEvents,
  signal: AbortSignal,
): Promise<ClientLink> {
  const late = new AbortController();
  const untilMs = LIMITS.publisherConnectMs.value;
  using _ = needs.clock.startTimer(untilMs, () => late.abort(lost(`No CONNACK came within ${untilMs} ms.`)));
  const either = AbortSignal.any([signal, late.signal]);
  const connection = await needs.dial(either);
  const link = new ClientLink(connection, connect, needs, events);
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

/** One connection of a client of ours, from CONNECT to its end: keep-alive, time-outs, what the broker may send. */
export class ClientLink {
  /** Settles with the answer to CONNECT. */
  readonly accepted: Promise<void>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #connection: Connection;
  readonly #connect: Connect;
  readonly #clock: LinkNeeds['clock'];
  readonly #events: LinkEvents;
  readonly #packetBytesMax: number;
  #stream: PacketStream;
  /** A packet over the bound that is going by. */
  #oversize: OversizePacket | undefined;
  readonly #acceptance = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<void>();
  #connack: Connack | undefined;
  #keepAlive: Timer | undefined;
  #sentMs = 0;
  #receivedMs = 0;
  /** For each PINGREQ without an answer, who wants to know of it. */
  #pings: (() => void)[] = [];
  #isHeld = false;
  /** It was ended by `disconnect`, or the loss was told: there is nothing more to tell. */
  #isOver = false;

  /** Sends CONNECT at once. */
  constructor(
    connection: Connection,
    connect: Connect,
    { clock, packetBytesMax }: Omit<LinkNeeds, 'dial'>,
    events: LinkEvents,
  ) {
    this.#connection = connection;
    this.#connect = connect;
    this.#clock = clock;
    this.#events = events;
    this.#packetBytesMax = packetBytesMax ?? LIMITS.packetBytesMax.value;
    this.#stream = this.#aStream();
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

  /** Properties of CONNACK; undefined at level 4. */
  get properties(): Connack['properties'] {
    return this.#connack?.properties;
  }

  /** Bytes that were written and that the network has not taken. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** Publications that the broker takes before it acknowledges. */
  get receiveMaximum(): number {
    return this.#connack?.properties?.receiveMaximum ?? 65_535;
  }

  /** Greatest packet that the broker takes. */
  get packetBytesMax(): number {
    return this.#connack?.properties?.packetBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing more is given out until `goOn`; the broker's silence is not judged meanwhile, and PINGREQ goes on. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#connection.pause();
  }

  /** Gives out what was held, and reads on. */
  goOn(): void {
    if (!this.#isHeld || this.#isOver) return;
    this.#isHeld = false;
    this.#guarded(() => this.#readOn());
    if (!this.#isHeld) this.#connection.resume();
  }

  /** Sends PINGREQ; `then` is told of its answer, which comes behind all that the broker sent before, unless the link is held. */
  ping(then: () => void = () => undefined): void {
    this.#pings.push(then);
    this.write(encodePingreq());
  }

  /** Sends bytes, which belong to the link from here on; false asks to wait for `onWritable`. */
  write(bytes: Uint8Array): boolean {
    this.#sentMs = this.#clock.monotonicMs();
    return this.#connection.write(bytes);
  }

  /** DISCONNECT and an orderly end; resolves when the connection is gone, which the broker has `graceMs` for. */
  async disconnect(graceMs: number = LIMITS.publisherCloseMs.value): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#keepAlive?.[Symbol.dispose]();
      this.write(encodeDisconnect({ type: 'disconnect', reason: REASON.success }, this.#connect.level));
      this.#connection.end();
      this.#connection.resume(); // so that the end of the other side is seen
    }
    const breakOff = (): void => this.#connection.destroy();
    using _ = this.#clock.startTimer(graceMs, breakOff);
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
    this.#guarded(() => {
      this.#events.onChunk?.();
      const rest = this.#oversize ? this.#passBy(this.#oversize, bytes) : bytes;
      this.#stream.push(rest);
      this.#readOn();
    });
  }

  /** Faults of the broker end the link; any other error is a bug of ours and goes on. */
  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#lose(error);
    }
  }

  #readOn(): void {
    while (!this.#isHeld && !this.#isOver && this.#nextPacket()) this.#take(this.#stream.cursor.type);
    if (this.#isHeld) this.#stream.hold();
  }

  #nextPacket(): boolean {
    try {
      return this.#stream.next();
    } catch (error) {
      if (!(error instanceof MqttError) || error.code !== 'packet-too-large') throw error;
      this.#setAside(error);
      return this.#nextPacket();
    }
  }

  /** PUBLISH over the bound is read by without being kept; behind it the stream begins anew. */
  #setAside(fault: MqttError): void {
    const waiting = this.#stream.waiting();
    if (!this.#events.onOversize || !this.#connack || Number(waiting[0]) >> 4 !== PACKET_TYPE.publish)
      throw fault;
    this.#stream = this.#aStream();
    this.#oversize = new OversizePacket(Number(fault.facts.bytes), this.#connect.level);
    this.#stream.push(this.#passBy(this.#oversize, waiting));
  }

  /** Gives what is left of a chunk behind the packet. */
  #passBy(packet: OversizePacket, bytes: Uint8Array): Uint8Array {
    const rest = packet.take(bytes);
    if (packet.isWhole) {
      this.#oversize = undefined;
      this.#events.onOversize?.(packet);
    }
    return rest;
  }

  #aStream(): PacketStream {
    return new PacketStream({ level: this.#connect.level, packetBytesMax: this.#packetBytesMax });
  }

  #take(type: number): void {
    if (!this.#connack) this.#accept();
    else if (type === PACKET_TYPE.pingresp) this.#takePingresp();
    else if (type === PACKET_TYPE.disconnect && this.#connect.level === 5) throw this.#dismissal();
    else this.#events.onPacket(this.#stream);
  }

  #takePingresp(): void {
    this.#stream.packet(); // which judges its form
    this.#pings.shift()?.();
  }

  #accept(): void {
    const packet = this.#stream.packet();
    if (packet.type !== 'connack') throw protocolError(`The broker answers CONNECT with ${packet.type}.`);
    if (packet.reason !== REASON.success) throw refused(packet, this.#connect.level);
    this.#events.onAccepted?.(packet, this);
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
    if (this.#isHeld) {
      this.#receivedMs = nowMs; // nobody listens
      this.#pings = [];
    }
    const silentMs = nowMs - this.#receivedMs;
    if (this.#pings.length > 0 && silentMs >= keepAliveMs) {
      this.#lose(lost(`The broker was silent for ${Math.round(silentMs)} ms.`));
    } else if (
      this.#pings.length === 0 &&
      (silentMs >= keepAliveMs / 2 || nowMs - this.#sentMs >= keepAliveMs / 2)
    ) {
      this.ping();
    }
  }

  #dismissal(): MqttError {
    const packet = this.#stream.packet();
    const reason = packet.type === 'disconnect' ? packet.reason : REASON.unspecified;
    const text = packet.type === 'disconnect' ? packet.properties?.reasonText : undefined;
    const message =
      reason === REASON.sessionTakenOver
        ? `Another client took the identifier ${JSON.stringify(this.clientId)} over; each needs one of its own.`
        : `The broker said DISCONNECT with the reason ${wordsOfReason(reason)}${text ? `: ${text}` : ''}.`;
    return lost(message, undefined, { reason });
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

function refused({ reason, properties }: Connack, level: ProtocolLevel): MqttError {
  const text = properties?.reasonText === undefined ? '' : `: ${properties.reasonText}`;
  const words = level === 5 ? wordsOfReason(reason) : wordsOfReturnCode(reason);
  const message = `The broker refuses the connection with the reason ${words}${text}.`;
  return new MqttError('connect-refused', message, { reason, level });
}
