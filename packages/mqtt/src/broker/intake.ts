import { MqttError, protocolError } from '../errors.ts';
import type { IngressProperties, IngressPublication, IngressRefusal, IngressRoute } from '../ingress.ts';
import type { PacketCursor } from '../packet-cursor.ts';
import { REASON } from '../reason-codes.ts';
import type { AnswerLine } from './answer-line.ts';
import type { BrokerParts } from './broker-parts.ts';
import { fanOut } from './fan-out.ts';
import type { Message } from './message.ts';
import { forwardedProperties, lastingProperties } from './publication-properties.ts';
import { type AnswerKind, PublicationRing } from './publication-ring.ts';
import { ownerIn } from './retained-load.ts';
import type { Session } from './session.ts';
import type { TopicEntry } from './topic-book.ts';
import type { Will } from './will-book.ts';

/** What the intake needs of the connection that a PUBLISH came over. */
export interface Publisher {
  readonly level: 4 | 5;
  readonly session: Session;
  readonly answers: AnswerLine;
  /** Topics by their alias, from 1 on. */
  readonly aliases: (TopicEntry | undefined)[];
  /** Answers a durable publication of QoS 1 or 2. */
  confirm(kind: AnswerKind, packetId: number, sequence: number): void;
  /** Answers a QoS 1 publication with a reason of 0x80 or more, after the answers before it. */
  refuse(packetId: number, reason: number, why: string): void;
}

/** What became of a PUBLISH: `held` is one to be offered again later, before anything else of its connection. */
export type IntakeOutcome = 'done' | 'held-by-window' | 'held-by-refusal';

interface FanOutDue {
  readonly entry: TopicEntry;
  readonly message: Message;
}

/** One object for all publications: the ingress copies before `append` returns. */
class Handed implements IngressPublication {
  route: IngressRoute = { kind: 'messaging', tenant: '', project: '', projectIndex: -1 };
  topic: Uint8Array = new Uint8Array(0);
  payload: Uint8Array = new Uint8Array(0);
  qos: 0 | 1 | 2 = 0;
  retain = false;
  client = '';
  boundDevice: string | undefined = undefined;
  properties: IngressProperties | undefined = undefined;
}

/**
 * Takes publications in: judges them, hands them to the ingress, and answers and delivers each once it is durable, in
 * the order in which they were taken.
 */
export class Intake {
  readonly #parts: BrokerParts;
  readonly #ring = new PublicationRing<Publisher, FanOutDue>();
  readonly #handed = new Handed();
  /** Wills that fell due while the ingress took nothing. */
  #owedWills: { readonly will: Will; readonly session: Session }[] = [];
  #refusal: IngressRefusal | undefined;
  readonly #onConfirmed: () => void;

  /** `onConfirmed` is told after each word of the ingress. */
  constructor(parts: BrokerParts, onConfirmed: () => void) {
    this.#parts = parts;
    this.#onConfirmed = onConfirmed;
    parts.ingress.onDurable((count) => this.#durable(count));
  }

  /** Publications that are not durable yet. */
  get pending(): number {
    return this.#ring.count;
  }

  /** Wills that the ingress has not taken. */
  get owed(): number {
    return this.#owedWills.length;
  }

  /** Asks the ingress whether it takes anything; once per chunk, before `take`. */
  ask(): IngressRefusal | undefined {
    this.#refusal = this.#parts.ingress.refusal();
    return this.#refusal;
  }

  /** Takes the PUBLISH that the cursor points at. Throws the `MqttError` with which the connection has to end. */
  take(from: Publisher, cursor: PacketCursor): IntakeOutcome {
    const { qos, packetId } = cursor;
    this.#parts.failpoint('publish-read');
    if (qos === 2 && from.level === 5)
      throw new MqttError('qos-unsupported', 'PUBLISH has QoS 2; Maximum QoS is 1.'); // [MQTT-3.2.2-11]
    const entry = this.#entryOf(from, cursor);
    const { route } = entry;
    if (!route) return this.#reject(from, cursor, REASON.topicNameInvalid, `The topic is ${entry.verdict}.`);
    if (route.kind === 'refuse')
      return this.#reject(from, cursor, REASON.notAuthorized, 'The topic belongs to nobody here.');
    if (from.session.permitted !== entry && !this.#permit(from.session, entry, route))
      return this.#deny(from, cursor, entry);
    if (qos === 2 && this.#isRepeated(from, packetId)) return 'done';
    if (qos === 0 && route.kind === 'messaging' && !cursor.isRetain) this.#pass(from, cursor, entry);
    else {
      const outcome = this.#admit(from, cursor);
      if (outcome === 'taken') this.#append(from, cursor, entry, route);
      else if (outcome !== 'done') return outcome;
    }
    this.#parts.meters.received[qos].add(1);
    return 'done';
  }

  /** Publishes a will, as soon as the ingress takes something. */
  takeWill(will: Will, session: Session): void {
    if (this.#parts.ingress.refusal() === undefined) this.#publishWill(will, session);
    else this.#owedWills.push({ will, session });
  }

  /** The ingress takes something again: owed wills are published. */
  resume(): void {
    const owed = this.#owedWills;
    this.#owedWills = [];
    for (const { will, session } of owed) this.takeWill(will, session);
  }

  /** Wills that were not taken yet and are not to be any more. */
  forgetWills(isForgotten: (session: Session) => boolean): void {
    this.#owedWills = this.#owedWills.filter(({ session }) => !isForgotten(session));
  }

  #entryOf(from: Publisher, cursor: PacketCursor): TopicEntry {
    const { topicAlias } = cursor;
    if (topicAlias === 0) return this.#parts.topics.at(cursor);
    const { topicAliasMaximum } = this.#parts.limits;
    if (topicAlias > topicAliasMaximum)
      throw aliasFault(`Topic alias ${topicAlias}; at most ${topicAliasMaximum} is taken.`); // [MQTT-3.3.2-9]
    if (cursor.topicEnd > cursor.topicStart) {
      const entry = this.#parts.topics.at(cursor);
      from.aliases[topicAlias] = entry;
      return entry;
    }
    const known = from.aliases[topicAlias];
    if (!known) throw aliasFault(`Topic alias ${topicAlias} was never set.`);
    return known;
  }

  /** A PUBLISH that is not taken for what it is: MQTT 5 is told where there is an answer; else the connection ends. */
  #reject(from: Publisher, cursor: PacketCursor, reason: number, why: string): IntakeOutcome {
    if (from.level === 4 || cursor.qos === 0) throw new MqttError('topic-invalid', why);
    this.#checkWindow(from);
    this.#parts.meters.refused.add(1);
    from.refuse(cursor.packetId, reason, why);
    return 'done';
  }

  #permit(session: Session, entry: TopicEntry, route: IngressRoute): boolean {
    const isAllowed = session.rights.mayPublish(entry, route);
    if (isAllowed) session.permitted = entry;
    return isAllowed;
  }

  /**
   * A PUBLISH that its client has no right to. MQTT 5 is told at QoS 1 [MQTT-3.4.2-1]; QoS 0 is dropped; 3.1.1 has no word
   * for it, so the connection is closed rather than a message confirmed that is not kept [MQTT-3.3.5-2].
   */
  #deny(from: Publisher, cursor: PacketCursor, { topic }: TopicEntry): IntakeOutcome {
    if (from.level === 5 && cursor.qos === 1) this.#checkWindow(from);
    this.#parts.meters.refused.add(1);
    const why = from.session.rights.refuse('publish', topic);
    if (cursor.qos === 0) return 'done';
    if (from.level === 4) throw new MqttError('not-authorized', why);
    from.refuse(cursor.packetId, REASON.notAuthorized, why);
    return 'done';
  }

  /** A QoS 2 packet id that was taken before: nothing is appended a second time [MQTT-4.3.3-10]. */
  #isRepeated({ session }: Publisher, packetId: number): boolean {
    const state = session.qos2.state(packetId);
    if (state === 'free') return false;
    if (session.qos2.apply(packetId, 'publish') === 'pubrec') session.link?.sendPubrec(packetId);
    return true;
  }

  /** Whether a publication that has to be stored may be: `done` when it was answered with a refusal. */
  #admit(from: Publisher, { qos, packetId }: PacketCursor): IntakeOutcome | 'taken' {
    if (this.#refusal !== undefined) {
      if (from.level === 4 || qos === 0) return 'held-by-refusal';
      this.#checkWindow(from);
      this.#parts.meters.refused.add(1);
      from.refuse(packetId, REASON.quotaExceeded, `Nothing is taken at the moment: ${this.#refusal}.`);
      return 'done';
    }
    if (qos === 0) return 'taken';
    if (from.level === 5) this.#checkWindow(from);
    else if (from.answers.unanswered >= this.#parts.limits.receiveMaximum) return 'held-by-window';
    if (qos === 2 && from.session.qos2.count >= this.#parts.limits.qos2IdsMax)
      throw new MqttError('receive-maximum-exceeded', 'Too many QoS 2 publications wait for PUBREL.');
    return 'taken';
  }

  #checkWindow({ answers }: Publisher): void {
    const { receiveMaximum } = this.#parts.limits;
    if (answers.unanswered >= receiveMaximum)
      throw new MqttError(
        'receive-maximum-exceeded',
        `A client has ${answers.unanswered} unanswered publications; Receive Maximum is ${receiveMaximum}.`,
      ); // [MQTT-3.3.4-7]
  }

  #append(from: Publisher, cursor: PacketCursor, entry: TopicEntry, route: IngressRoute): void {
    const { qos, packetId } = cursor;
    const properties = cursor.propertiesStart === cursor.propertiesEnd ? undefined : propertiesOf(cursor);
    const payload = cursor.payload();
    const hasReaders = cursor.isRetain || this.#parts.topics.matches(entry).length > 0;
    const due = hasReaders
      ? {
          entry,
          message: this.#message(entry, payload, qos, cursor.isRetain, properties, from.session.key),
        }
      : undefined;
    if (qos === 0) this.#ring.push(undefined, 'none', 0, due);
    else {
      if (qos === 2) from.session.qos2.apply(packetId, 'publish');
      from.answers.append(this.#ring.push(from, qos === 1 ? 'puback' : 'pubrec', packetId, due));
    }
    this.#hand(route, entry.bytes, payload, qos, cursor.isRetain, from.session, properties);
  }

  /** QoS 0 messaging is kept nowhere: it goes to whoever is there. */
  #pass(from: Publisher, cursor: PacketCursor, entry: TopicEntry): void {
    if (this.#parts.topics.matches(entry).length === 0) return;
    const properties = cursor.propertiesStart === cursor.propertiesEnd ? undefined : propertiesOf(cursor);
    fanOut(
      this.#parts,
      entry,
      this.#message(entry, cursor.payload(), 0, false, properties, from.session.key),
    );
  }

  #hand(
    route: IngressRoute,
    topic: Uint8Array,
    payload: Uint8Array,
    qos: 0 | 1 | 2,
    isRetain: boolean,
    { clientId, rights }: Session,
    properties: IngressProperties | undefined,
  ): void {
    const handed = this.#handed;
    handed.route = route;
    handed.topic = topic;
    handed.payload = payload;
    handed.qos = qos;
    handed.retain = isRetain;
    handed.client = clientId;
    handed.boundDevice = route.kind === 'messaging' ? undefined : rights.boundDevice;
    handed.properties = properties;
    this.#parts.ingress.append(handed);
  }

  #message(
    entry: TopicEntry,
    payload: Uint8Array,
    qos: 0 | 1 | 2,
    isRetained: boolean,
    properties: IngressProperties | undefined,
    publisher: string,
  ): Message {
    const expirySecs = properties?.messageExpirySecs;
    return {
      topic: entry.topic,
      topicBytes: entry.bytes,
      payload: payload.slice(),
      qos,
      isRetained,
      properties: forwardedProperties(properties),
      expiresMs:
        expirySecs === undefined
          ? Number.POSITIVE_INFINITY
          : this.#parts.clock.monotonicMs() + expirySecs * 1000,
      publisher,
    };
  }

  #publishWill({ topic, payload, qos, isRetained, properties }: Will, session: Session): void {
    const entry = this.#parts.topics.of(topic);
    const { route } = entry;
    if (!route || route.kind === 'refuse') {
      this.#parts.meters.dropped('will-refused'); // the routes have changed since CONNECT, which was judged by them
      return;
    }
    const message = this.#message(entry, payload, qos, isRetained, properties, session.key);
    if (qos === 0 && route.kind === 'messaging' && !isRetained) {
      fanOut(this.#parts, entry, message);
      return;
    }
    this.#ring.push(undefined, 'none', 0, { entry, message });
    this.#hand(route, entry.bytes, payload, qos, isRetained, session, properties);
  }

  #durable(count: number): void {
    this.#ring.take(count, (from, kind, packetId, due, sequence) => {
      from?.confirm(kind, packetId, sequence);
      if (due) this.#spread(due);
    });
    this.#parts.turn.finish();
    this.#onConfirmed();
  }

  /** What is durable may be read. */
  #spread({ entry, message }: FanOutDue): void {
    if (message.isRetained) this.#retain(message);
    fanOut(this.#parts, entry, message);
  }

  #retain(message: Message): void {
    const { retained, meters, clock, gate } = this.#parts;
    const owner = ownerIn(gate, message.topic);
    if (retained.set(message, clock.monotonicMs(), owner) === 'full') meters.dropped('retained-full');
    meters.retainedMessages.set(retained.count);
    meters.retainedBytes.set(retained.bytes);
  }
}

function propertiesOf(cursor: PacketCursor): IngressProperties | undefined {
  const properties = cursor.properties();
  if (properties?.subscriptionIdentifiers)
    throw protocolError('PUBLISH of a client has a subscription identifier.'); // [MQTT-3.3.4-6]
  return lastingProperties(properties);
}

function aliasFault(message: string): MqttError {
  return new MqttError('topic-alias-invalid', message);
}
