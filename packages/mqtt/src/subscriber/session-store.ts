import type { Qos } from '../packets/packet-type.ts';

/** What a subscriber has to know about its session at the broker after a restart. */
export interface KeptSession {
  /** A broker has accepted this client before and keeps a session for it. */
  readonly hasBegun: boolean;
  /** Every CONNECT has had its answer. Otherwise the session that the broker has may be a newer one than the one kept here. */
  readonly isSure: boolean;
  /** Another held it before and left it: nothing of it is known here but that. */
  readonly isInherited: boolean;
  /** QoS 2: packet identifiers whose message is durable here and that the broker has not released (PUBREL). */
  readonly packetIds: readonly number[];
  /** Topic filters that the broker granted in this session, with their QoS. */
  readonly filters: ReadonlyMap<string, Qos>;
}

/** A change of a session. */
export type KeptChange =
  /** CONNECT is about to be sent: the broker may begin a new session and never be heard saying so. */
  | { readonly kind: 'asked' }
  /** CONNECT had an answer, or was not sent: the session is the one of before. */
  | { readonly kind: 'resumed' }
  /** A new session: nothing of the earlier one holds. */
  | { readonly kind: 'begun' }
  /** The session is given up, and none is expected. */
  | { readonly kind: 'ended' }
  /** Another held the session and left it: it is expected, and nothing of it is known. */
  | { readonly kind: 'inherited' }
  /** QoS 2: the message of this packet identifier is durable. */
  | { readonly kind: 'kept'; readonly packetId: number }
  /** QoS 2: the broker has released it; the identifier may stand for another message. */
  | { readonly kind: 'released'; readonly packetId: number }
  | { readonly kind: 'subscribed'; readonly filter: string; readonly qos: Qos }
  | { readonly kind: 'unsubscribed'; readonly filter: string };

/**
 * Where a subscriber keeps its half of the session. `kept` is written when the message is durable and before PUBREC,
 * `released` before PUBCOMP, `begun` before anything of the new session can come. So a crash loses no message; one that
 * falls between a message's durability and its `kept` lets the broker send this message again, and it is taken twice. A
 * store that writes into the same log as the messages, in the same batch, closes this gap. Around CONNECT stand `asked` and
 * its answer: where a crash or a cut connection swallows the answer, the identifiers are not trusted any more, since a new
 * session uses them for other messages; again a message may be taken twice and none is lost.
 */
export interface SubscriberSessionStore {
  /** What was written, once, before anything is. Fails with `session-file-invalid` or a fault of the disk. */
  load(): Promise<KeptSession>;
  /** Resolves when the changes are durable, all of them or, on a fault, a first part. One call at a time. */
  write(changes: readonly KeptChange[]): Promise<void>;
}

/** A session while changes are applied to it. */
export class SessionFacts implements KeptSession {
  hasBegun = false;
  isSure = true;
  isInherited = false;
  readonly ids = new Set<number>();
  readonly filters = new Map<string, Qos>();

  get packetIds(): readonly number[] {
    return [...this.ids];
  }

  /** Applies one change; changes that are applied already change nothing. */
  apply(change: KeptChange): void {
    switch (change.kind) {
      case 'asked':
      case 'resumed':
        this.isSure = change.kind === 'resumed';
        break;
      case 'begun':
      case 'ended':
      case 'inherited':
        this.isSure = change.kind !== 'inherited';
        this.isInherited = change.kind === 'inherited';
        this.hasBegun = change.kind === 'begun';
        this.ids.clear();
        this.filters.clear();
        break;
      case 'kept':
        this.ids.add(change.packetId);
        break;
      case 'released':
        this.ids.delete(change.packetId);
        break;
      case 'subscribed':
        this.filters.set(change.filter, change.qos);
        break;
      case 'unsubscribed':
        this.filters.delete(change.filter);
        break;
    }
  }
}

/** Keeps a session for the life of the process: for QoS 1, where only the expectation of a session is lost with it. */
export class MemorySessionStore implements SubscriberSessionStore {
  readonly #facts = new SessionFacts();

  async load(): Promise<KeptSession> {
    return this.#facts;
  }

  async write(changes: readonly KeptChange[]): Promise<void> {
    for (const change of changes) this.#facts.apply(change);
  }
}
