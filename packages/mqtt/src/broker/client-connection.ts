import type { Connection } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import type { ConnectRequest } from '../access.ts';
import { MqttError, protocolError } from '../errors.ts';
import type { PacketCursor } from '../packet-cursor.ts';
import { PacketStream } from '../packet-stream.ts';
import type { Connack } from '../packets/connack.ts';
import type { Connect } from '../packets/connect.ts';
import type { Disconnect } from '../packets/disconnect.ts';
import { encodePacket, type Packet } from '../packets/packet.ts';
import { PACKET_TYPE, type ProtocolLevel, packetOfType } from '../packets/packet-type.ts';
import { REASON, REASON_OF_FAULT, RETURN_CODE } from '../reason-codes.ts';
import type { Asked } from './access-gate.ts';
import { type Admitted, admit, type NotAdmitted } from './admission.ts';
import { AnswerLine } from './answer-line.ts';
import type { BrokerParts } from './broker-parts.ts';
import {
  CONNECTION_TABLE,
  type ConnectionEvent,
  type ConnectionState,
  PACKET_RULES,
} from './connection-state.ts';
import type { Intake, Publisher } from './intake.ts';
import type { Delivery } from './message.ts';
import { Outbox, publishBytes } from './outbox.ts';
import type { AnswerKind } from './publication-ring.ts';
import { copyPublish } from './publish-copy.ts';
import type { Session, SessionLink } from './session.ts';
import type { ConnectionFacts, SessionBook } from './session-book.ts';
import { subscribe, unsubscribe } from './subscribing.ts';
import type { TopicEntry } from './topic-book.ts';
import type { Gathering } from './turn.ts';

const PINGRESP = Uint8Array.of(0xd0, 0);

/** What a connection needs of its broker. */
export interface ConnectionNeeds {
  readonly parts: BrokerParts;
  readonly intake: Intake;
  readonly sessions: SessionBook;
  /** What it came over. */
  readonly listener: ConnectRequest['listener'];
  /** It is not read because the ingress takes nothing; told once until `goOn`. */
  onHeldByRefusal(connection: ClientConnection): void;
  /** The network is gone. */
  onGone(connection: ClientConnection): void;
}

/** One client's connection, from the first byte to the last. */
export class ClientConnection implements Publisher, SessionLink, Gathering {
  readonly answers = new AnswerLine();
  readonly aliases: (TopicEntry | undefined)[] = [];
  readonly #needs: ConnectionNeeds;
  readonly #parts: BrokerParts;
  readonly #net: Connection;
  readonly #stream: PacketStream;
  readonly #outbox: Outbox;
  #state: ConnectionState = 'opening';
  #level: ProtocolLevel = 4;
  /** While `judging`. */
  #asked: Asked | undefined;
  #session: Session | undefined;
  #facts: ConnectionFacts | undefined;
  #keepAliveMs = 0;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #isProblemWanted = true;
  /** On the clock of the ticker: when it last sent something, opened, or began to close. */
  #sinceMs: number;
  #hasSent = false;
  #isMarked = false;
  /** A PUBLISH that could not be taken yet: the connection is not read until it is. */
  #held: PacketCursor | undefined;
  #isHeldByWindow = false;
  #isReleased = false;
  /** The broker ends: nothing more is read. */
  #isStopped = false;

  constructor(needs: ConnectionNeeds, net: Connection, nowMs: number) {
    const { limits, failpoint } = needs.parts;
    this.#needs = needs;
    this.#parts = needs.parts;
    this.#net = net;
    this.#sinceMs = nowMs;
    this.#stream = new PacketStream(limits);
    this.#outbox = new Outbox(net, limits.outboxBytes, failpoint);
    net.start({
      onData: (bytes) => this.#receive(bytes),
      onDrain: () => this.#drained(),
      onClose: () => this.#closed(),
    });
  }

  get level(): ProtocolLevel {
    return this.#level;
  }

  /** The session; asked for by those who act on a PUBLISH only, which there is none of before CONNECT. */
  get session(): Session {
    if (!this.#session) throw new TypeError('A connection without CONNECT has no session.');
    return this.#session;
  }

  /** Whether it is not read at the moment. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Who it serves; undefined unless CONNECT was accepted and the end has not come. */
  get subject(): Subject | undefined {
    return this.#state === 'serving' ? this.#session?.rights.subject : undefined;
  }

  /** Judges time-outs; `nowMs` is the time of the ticker, which stands still while the process does. */
  tick(nowMs: number): void {
    const { connectTimeoutMs, drainMs } = this.#parts.limits;
    if (!this.#isUnknown && (this.#hasSent || this.isHeld)) this.#sinceMs = nowMs;
    this.#hasSent = false;
    const idleMs = nowMs - this.#sinceMs;
    if (this.#isUnknown && idleMs >= connectTimeoutMs) this.#breakOff('connect-timeout');
    else if (this.#state === 'closing' && idleMs >= drainMs) this.#net.destroy();
    else if (this.#state === 'serving' && this.#keepAliveMs > 0 && idleMs >= this.#keepAliveMs * 1.5)
      this.end(REASON.keepAliveTimeout, 'keep-alive'); // [MQTT-3.1.2-22]
  }

  /** Says DISCONNECT to MQTT 5 and ends the connection. `reason` for the client, `word` for the platform. */
  end(reason: number, word: string, why = '', isWillDue = true): void {
    if (this.#state !== 'serving' && !this.#isUnknown) return;
    if (this.#state === 'serving' && this.#level === 5 && reason !== REASON.success)
      this.#answer({ type: 'disconnect', reason, ...this.#reasonText(why) });
    this.#finish(word, isWillDue);
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#net.destroy();
  }

  /** Reads no more; what is on its way to the journal is still answered. */
  stopReading(): void {
    this.#isStopped = true;
    this.#net.pause();
  }

  takeOver(): void {
    this.end(REASON.sessionTakenOver, 'taken-over');
  }

  overflow(): void {
    this.end(REASON.quotaExceeded, 'queue-full', 'More messages wait than are kept.');
  }

  confirm(kind: AnswerKind, packetId: number, sequence: number): void {
    const late = this.answers.confirm(sequence);
    if (kind === 'pubrec') this.#confirmQos2(packetId);
    else this.#acknowledge(0x40, packetId);
    for (const { packetId: id, reason } of late) this.#sendRefusal(id, reason, '');
    if (this.#held && this.#isHeldByWindow) this.#release();
  }

  refuse(packetId: number, reason: number, why: string): void {
    if (this.answers.refuse(packetId, reason)) this.#sendRefusal(packetId, reason, why);
  }

  sendPubrec(packetId: number): void {
    this.#acknowledge(0x50, packetId);
  }

  deliver(delivery: Delivery): boolean {
    if (this.#state !== 'serving' || this.#outbox.isBlocked) return false;
    this.#send(delivery, 0, false);
    return true;
  }

  pump(): void {
    const session = this.#session;
    if (!session) return;
    const nowMs = this.#parts.clock.monotonicMs();
    while (this.#state === 'serving' && !this.#outbox.isBlocked) {
      const sending = session.flow.next(nowMs);
      if (!sending) return;
      const { delivery, packetId, isAgain } = sending;
      if (!this.#send(delivery, packetId, isAgain) && packetId > 0) session.flow.acknowledge(packetId);
    }
  }

  flush(): void {
    this.#isMarked = false;
    this.#outbox.flush();
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#net.bufferedBytes > this.#parts.limits.outputBytesMax) this.#breakOff('output-full');
  }

  goOn(): void {
    this.#isReleased = false;
    const held = this.#held;
    if (!held || this.#isStopped || this.#state !== 'serving') return;
    this.#held = undefined;
    this.#needs.intake.ask();
    this.#guarded(() => {
      if (this.#takePublish(held)) this.#readOn();
    });
    if (!this.#held) this.#net.resume();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state !== 'serving' && !this.#isUnknown) return;
    this.#hasSent = true;
    this.#parts.meters.receivedBytes.add(bytes.byteLength);
    this.#stream.push(bytes);
    if (this.#state === 'judging') this.#wait();
    else if (this.#held) this.#stream.hold();
    else {
      this.#needs.intake.ask();
      this.#guarded(() => this.#readOn());
    }
    this.#parts.turn.finish();
  }

  /** Faults of the client end its connection; any other error is a bug of ours and goes on. */
  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#fail(error);
    }
  }

  #readOn(): void {
    const stream = this.#stream;
    const { cursor } = stream;
    while ((this.#state === 'serving' || this.#state === 'opening') && stream.next()) {
      if (cursor.type === PACKET_TYPE.publish && this.#state === 'serving') {
        if (this.#takePublish(cursor)) continue;
        stream.hold();
        return;
      }
      this.#take(cursor);
    }
    if (this.#state === 'judging') this.#wait();
  }

  /** Keeps what comes behind a CONNECT that is being judged, as much as a CONNECT may have. */
  #wait(): void {
    this.#stream.hold();
    if (this.#stream.waitingBytes > this.#parts.limits.connectBytesMax) this.#net.pause();
  }

  /** False when it is held. */
  #takePublish(cursor: PacketCursor): boolean {
    const outcome = this.#needs.intake.take(this, cursor);
    if (outcome === 'done') return true;
    this.#held = copyPublish(cursor);
    this.#isHeldByWindow = outcome === 'held-by-window';
    this.#net.pause();
    if (outcome === 'held-by-refusal') this.#needs.onHeldByRefusal(this);
    return false;
  }

  #take(cursor: PacketCursor): void {
    const name = packetOfType(cursor.type);
    if (!name) throw protocolError(`A packet is of type ${cursor.type}.`);
    const rule = PACKET_RULES[this.#state][name];
    if (rule !== 'take') throw protocolError(`${name.toUpperCase()} came: ${rule}.`, { rule });
    if (name === 'puback') this.#takePuback(cursor.packetId);
    else if (name === 'pubrel') this.#takePubrel(cursor.packetId);
    else if (name === 'pubrec' || name === 'pubcomp') this.#takeStray(name, cursor.packetId);
    else this.#takePacket(this.#stream.packet());
  }

  #takePacket(packet: Packet): void {
    if (packet.type === 'connect') this.#connect(packet);
    else if (packet.type === 'pingreq') this.#write(PINGRESP);
    else if (packet.type === 'disconnect') this.#disconnect(packet);
    else if (packet.type === 'subscribe') {
      const reasons = subscribe(this.#parts, this.session, packet, this.#level);
      this.#answer({ type: 'suback', packetId: packet.packetId, reasons });
      this.pump();
    } else if (packet.type === 'unsubscribe') {
      const reasons = unsubscribe(this.#parts, this.session, packet.filters);
      this.#answer({ type: 'unsuback', packetId: packet.packetId, reasons });
    }
  }

  #connect(connect: Connect): void {
    this.#level = connect.level;
    this.#move('ask');
    const { parts, sessions, listener } = this.#needs;
    const needs = { parts, sessions, listener, remote: this.#net.remote, link: this };
    this.#asked = admit(connect, needs, (outcome) => {
      if (outcome.isAccepted) this.#welcome(outcome);
      else this.#refuseConnect(outcome);
      if (this.#asked) this.#goOnJudged();
    });
  }

  #welcome({ terms, grant, facts }: Admitted): void {
    this.#session = grant.session;
    this.#facts = facts;
    this.#keepAliveMs = terms.keepAliveSecs * 1000;
    this.#packetBytesMax = terms.packetBytesMax;
    this.#isProblemWanted = terms.isProblemWanted;
    this.#move('accept');
    this.#connack(REASON.success, this.#level === 5 ? { properties: terms.properties } : {}, grant.isPresent);
    this.pump();
  }

  /** The verdict came later than the CONNECT: what came meanwhile is read. */
  #goOnJudged(): void {
    this.#asked = undefined;
    if (this.#state === 'serving' && !this.#isStopped) {
      this.#needs.intake.ask();
      this.#guarded(() => this.#readOn());
      if (!this.#held) this.#net.resume();
    }
    this.#parts.turn.finish();
  }

  #refuseConnect({ reason, returnCode, why, isTold }: NotAdmitted): void {
    this.#parts.meters.fault('connect-refused');
    if (!isTold) this.#tell('connect-refused', why);
    const answer = this.#level === 5 ? reason : returnCode;
    if (answer !== undefined) this.#connack(answer, this.#level === 5 ? this.#reasonText(why) : {});
    this.#finish('connect-refused', false);
  }

  #disconnect({ reason, properties }: Disconnect): void {
    const expirySecs = properties?.sessionExpirySecs;
    if (expirySecs !== undefined) {
      if (this.session.expiryMs === 0 && expirySecs > 0)
        throw protocolError('DISCONNECT prolongs a session that was to end with its connection.'); // [MQTT-3.14.2-2]
      this.session.expiryMs = Math.min(expirySecs, this.#parts.limits.sessionExpirySecsMax) * 1000;
    }
    const isWillDue = reason !== REASON.success; // [MQTT-3.14.4-3]
    this.#finish(isWillDue ? 'client-disconnect-with-will' : 'client-disconnect', isWillDue);
  }

  #takePuback(packetId: number): void {
    if (this.session.flow.acknowledge(packetId)) this.pump();
    else this.#parts.meters.fault('puback-unknown');
  }

  #takePubrel(packetId: number): void {
    const isKnown = this.session.qos2.state(packetId) !== 'free';
    const action = this.session.qos2.apply(packetId, 'pubrel');
    if (action === 'fault') throw protocolError(`PUBREL ${packetId} came before its PUBREC.`, { packetId });
    const reason = isKnown || this.#level === 4 ? REASON.success : REASON.packetIdentifierNotFound;
    this.#answer({ type: 'pubcomp', packetId, reason });
  }

  /** Parts of an exchange that this side never begins: it sends no QoS 2. */
  #takeStray(name: 'pubrec' | 'pubcomp', packetId: number): void {
    this.#parts.meters.fault(`${name}-unknown`);
    if (name === 'pubcomp') return;
    const reason = this.#level === 5 ? REASON.packetIdentifierNotFound : REASON.success;
    this.#answer({ type: 'pubrel', packetId, reason });
  }

  #confirmQos2(packetId: number): void {
    const session = this.#session;
    if (!session || session.isEnded) return;
    if (session.qos2.apply(packetId, 'durable') === 'pubrec') session.link?.sendPubrec(packetId);
  }

  /** Something was answered: a connection that was held by its window goes on when enough of it is free. */
  #release(): void {
    const { receiveMaximum, wakeUnackedPercent } = this.#parts.limits;
    if (this.#isReleased || this.answers.unanswered > (receiveMaximum * wakeUnackedPercent) / 100) return;
    this.#isReleased = true;
    this.#parts.turn.release(this);
  }

  #send(delivery: Delivery, packetId: number, isAgain: boolean): boolean {
    if (this.#packetBytesMax !== Number.POSITIVE_INFINITY) {
      if (publishBytes(delivery, this.#level) > this.#packetBytesMax) {
        this.#parts.meters.dropped('packet-too-large'); // [MQTT-3.1.2-25]
        return false;
      }
    }
    this.#mark();
    this.#outbox.publish(delivery, this.#level, packetId, isAgain, this.#secondsLeft(delivery));
    this.#parts.meters.sent.add(1);
    return true;
  }

  #secondsLeft({ message: { expiresMs } }: Delivery): number {
    if (expiresMs === Number.POSITIVE_INFINITY) return 0;
    return Math.max(0, Math.ceil((expiresMs - this.#parts.clock.monotonicMs()) / 1000));
  }

  #acknowledge(first: 0x40 | 0x50, packetId: number): void {
    if (this.#state !== 'serving') return;
    if (!this.#isMarked) this.#mark();
    this.#outbox.acknowledge(first, packetId);
    this.#parts.meters.acknowledged.add(1);
  }

  #sendRefusal(packetId: number, reason: number, why: string): void {
    if (this.#state === 'serving')
      this.#answer({ type: 'puback', packetId, reason, ...this.#reasonText(why) });
  }

  #answer(packet: Packet): void {
    this.#write(encodePacket(packet, this.#level));
  }

  #write(bytes: Uint8Array): void {
    this.#mark();
    this.#outbox.packet(bytes);
  }

  /** A Reason String, where the client wants one and takes a packet of that size [MQTT-3.1.2-29]. */
  #reasonText(why: string): { properties?: { reasonText: string } } {
    const isFitting = why !== '' && this.#isProblemWanted && this.#packetBytesMax > why.length + 16;
    return isFitting ? { properties: { reasonText: why } } : {};
  }

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#parts.turn.mark(this);
  }

  #fail(error: MqttError): void {
    this.#parts.meters.fault(error.code);
    this.#tell(error.code, error.message);
    if (this.#state === 'opening') {
      if (error.code === 'protocol-unsupported') this.#refuseProtocol(Number(error.facts.level));
      else if (error.code === 'client-id-invalid') this.#connack(RETURN_CODE.identifierRejected);
      this.#finish(error.code, false);
    } else this.end(REASON_OF_FAULT[error.code], error.code, error.message);
  }

  #tell(word: string, why: string): void {
    const { host, port } = this.#net.remote;
    const client = this.#facts?.client ?? '';
    this.#parts.notices.tell({ word, remote: `${host}:${port}`, client, why });
  }

  /** Nobody has been let in yet. */
  get #isUnknown(): boolean {
    return this.#state === 'opening' || this.#state === 'judging';
  }

  /** A client of an unknown protocol is told so in the form of the level that is nearest to its own [MQTT-3.1.2-2]. */
  #refuseProtocol(asked: number): void {
    this.#level = asked >= 5 ? 5 : 4;
    const reason =
      this.#level === 5 ? REASON.unsupportedProtocolVersion : RETURN_CODE.unacceptableProtocolVersion;
    this.#connack(reason);
  }

  #connack(reason: number, rest: Pick<Connack, 'properties'> = {}, isSessionPresent = false): void {
    this.#answer({ type: 'connack', isSessionPresent, reason, ...rest });
  }

  /** Writes what is left and ends in an orderly way; nothing is read any more. */
  #finish(word: string, isWillDue: boolean): void {
    this.#leave(word, isWillDue);
    this.#move('end');
    this.#hasSent = true; // the time for closing begins with the next tick
    this.#outbox.flush();
    this.#net.end();
    this.#net.resume(); // so that the end of the other side is seen
    this.#held = undefined;
  }

  #breakOff(word: string): void {
    this.#leave(word, true);
    this.#move('end');
    this.#net.destroy();
  }

  #closed(): void {
    this.#leave('network', true);
    this.#move('close');
    this.#held = undefined;
    this.#needs.onGone(this);
    this.#parts.turn.finish();
  }

  /** Gives the session up, once. */
  #leave(word: string, isWillDue: boolean): void {
    this.#asked?.abandon();
    if (this.#session && this.#facts)
      this.#needs.sessions.close(this.#session, this, this.#facts, word, isWillDue);
    else if (this.#isUnknown) this.#parts.meters.disconnected(word);
  }

  #drained(): void {
    this.#outbox.unblock();
    this.pump();
    this.#parts.turn.finish();
  }

  #move(event: ConnectionEvent): void {
    this.#state = CONNECTION_TABLE[this.#state][event];
  }
}
