import { mayTake, ownerOf, type Subject } from '@skerry/model';
import type { SessionChange } from '../ingress.ts';
import type { BrokerParts } from './broker-parts.ts';
import type { ClientRights } from './client-rights.ts';
import type { Intake } from './intake.ts';
import { Session, type SessionLink } from './session.ts';
import { noteHeld } from './subscribing.ts';
import { type Will, WillBook } from './will-book.ts';

/** What a connection asks of its session. */
export interface SessionWish {
  readonly clientId: string;
  readonly rights: ClientRights;
  readonly isCleanStart: boolean;
  readonly expiryMs: number;
  readonly will: Will | undefined;
  /** Receive Maximum of the client. */
  readonly receiveMaximum: number;
}

/** A session that was found or made; `isPresent` is the truth for CONNACK [MQTT-3.2.2-2, -3]. */
export interface SessionGrant {
  readonly session: Session;
  readonly isPresent: boolean;
}

/** Facts of a connection for the platform. */
export type ConnectionFacts = Omit<SessionChange, 'kind' | 'reason'>;

/** Every session in memory, with the wills that wait. */
export class SessionBook {
  readonly #parts: BrokerParts;
  readonly #intake: Pick<Intake, 'takeWill'>;
  readonly #sessions = new Map<string, Session>();
  /** Sessions without a connection, by the time since when; absent for longest first. */
  readonly #absent = new Map<Session, number>();
  readonly #wills = new WillBook<Session>();
  /** Sessions with a connection. */
  #linked = 0;

  constructor(parts: BrokerParts, intake: Pick<Intake, 'takeWill'>) {
    this.#parts = parts;
    this.#intake = intake;
  }

  /** Sessions of connected and absent clients. */
  get count(): number {
    return this.#sessions.size;
  }

  /**
   * Gives a session to a connection, taking it from the one that has it [MQTT-3.1.4-3]. Undefined when there are too
   * many and none is absent, or where the owner of the subject has too many connections. A client id is its subject's own: another subject's session is never reached by it. A
   * session with a subscription that is not granted any more is not gone on with.
   */
  open(wish: SessionWish, link: SessionLink, facts: ConnectionFacts): SessionGrant | undefined {
    const { clientId, rights } = wish;
    const key = keyOf(rights.subject, clientId);
    if (!this.#hasRoomForLink(key, rights.subject)) return undefined;
    this.#sessions.get(key)?.link?.takeOver();
    const before = this.#sessions.get(key); // taking over may have ended it
    const isPresent = before !== undefined && !wish.isCleanStart && isStillGranted(before, rights);
    if (before && !isPresent) this.#end(before); // [MQTT-3.1.2-4]
    const session = isPresent ? before : this.#make({ clientId, key, rights });
    if (!session) return undefined;
    session.rights = rights;
    session.permitted = undefined;
    this.#wills.take(session); // the client is back before its will was due [MQTT-3.1.3-9]
    this.#absent.delete(session);
    this.#unlink(session);
    session.link = link;
    this.#parts.held.connections.add(session.owner, 1);
    this.#linked++;
    session.expiryMs = wish.expiryMs;
    session.will = wish.will;
    session.flow.begin(wish.receiveMaximum);
    this.#parts.meters.accepted.add(1);
    this.#parts.ingress.sessionChanged({ ...facts, kind: 'connected', reason: 'connect' });
    return { session, isPresent };
  }

  /** A connection has ended; without effect when the session is another one's by now. */
  close(
    session: Session,
    link: SessionLink,
    facts: ConnectionFacts,
    reason: string,
    isWillDue: boolean,
  ): void {
    if (session.link !== link) return;
    this.#unlink(session);
    this.#parts.meters.disconnected(reason);
    this.#parts.ingress.sessionChanged({ ...facts, kind: 'disconnected', reason });
    const now = this.#parts.clock.monotonicMs();
    const { will, expiryMs } = session;
    session.will = undefined;
    if (will && isWillDue) {
      // A will waits no longer than its session, whose end publishes it (3.1.3.2.2).
      if (will.delayMs > 0) this.#wills.schedule(session, will, now + will.delayMs);
      else this.#intake.takeWill(will, session);
    }
    if (expiryMs === 0) this.#end(session);
    else this.#absent.set(session, now);
  }

  /** Publishes the wills that are due and ends the sessions that have been absent for too long. */
  tick(nowMs: number): void {
    for (const { owner, will } of this.#wills.takeDue(nowMs)) this.#intake.takeWill(will, owner);
    for (const [session, sinceMs] of this.#absent)
      if (nowMs - sinceMs >= session.expiryMs) this.#end(session);
  }

  /** Ends the sessions of absent clients of some subjects, whose wills are not published. */
  endAbsent(isEnded: (subject: Subject) => boolean): void {
    for (const session of [...this.#absent.keys()]) {
      if (!isEnded(session.rights.subject)) continue;
      this.#wills.cancel(session);
      this.#end(session);
    }
  }

  /** The broker ends, and with it every session: wills that wait are published. */
  endAll(): void {
    for (const session of [...this.#sessions.values()]) this.#end(session);
  }

  /** Whether one more connection may be served for a subject; one that takes its session over is none more. */
  #hasRoomForLink(key: string, subject: Subject): boolean {
    if (this.#sessions.get(key)?.link) return true;
    const { held, limits } = this.#parts;
    const mine = held.connections.of(this.#sessions.get(key)?.owner ?? ownerOf(subject));
    return mayTake({ held: mine, total: this.#linked, max: limits.connectionsMax });
  }

  #unlink(session: Session): void {
    if (!session.link) return;
    session.link = undefined;
    this.#parts.held.connections.add(session.owner, -1);
    this.#linked--;
  }

  #make(owner: ConstructorParameters<typeof Session>[0]): Session | undefined {
    const { limits, budget, meters } = this.#parts;
    if (this.#sessions.size >= limits.sessionsMax) {
      const longest = this.#longestAbsent(owner.rights.subject);
      if (!longest) return undefined;
      this.#end(longest);
    }
    const session = new Session(owner, limits, budget, () => meters.dropped('expired'));
    this.#sessions.set(owner.key, session);
    meters.sessions.set(this.#sessions.size);
    return session;
  }

  /** One of the same subject, where there is one: nobody drives out the sessions of others with many of its own. */
  #longestAbsent({ kind, name }: Subject): Session | undefined {
    const isOwn = ({ rights: { subject } }: Session): boolean =>
      subject.kind === kind && subject.name === name;
    return this.#absent.keys().find(isOwn) ?? this.#absent.keys().next().value;
  }

  #end(session: Session): void {
    const { tree, meters } = this.#parts;
    session.isEnded = true;
    this.#unlink(session);
    this.#absent.delete(session);
    this.#sessions.delete(session.key);
    for (const filter of session.subscriptions.keys()) {
      tree.delete(session, filter);
      noteHeld(this.#parts, session, filter, -1);
    }
    session.subscriptions.clear();
    meters.dropped('session-ended', session.flow.clear());
    meters.subscriptions.set(tree.count);
    meters.sessions.set(this.#sessions.size);
    const will = this.#wills.take(session);
    if (will) this.#intake.takeWill(will, session);
  }
}

/** A client id has no U+0000 [MQTT-1.5.4-2], so no two owners make the same key. */
function keyOf({ kind, name }: Subject, clientId: string): string {
  return `${kind}\0${name}\0${clientId}`;
}

function isStillGranted({ subscriptions }: Session, rights: ClientRights): boolean {
  return subscriptions.keys().every((filter) => rights.maySubscribe(filter));
}
