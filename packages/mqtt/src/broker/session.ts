import { ownerOf } from '@skerry/model';
import type { ClientRights } from './client-rights.ts';
import type { Delivery } from './message.ts';
import { type FlowBounds, OutgoingFlow, type QueueBudget } from './outgoing-flow.ts';
import { Qos2Receiver } from './qos2-receiver.ts';
import type { Subscription } from './subscription-tree.ts';
import type { TopicEntry } from './topic-book.ts';
import type { Will } from './will-book.ts';

/** What a session needs of the connection that serves it. */
export interface SessionLink {
  /** Writes a QoS 0 message; false when the reader is too slow and the message goes no further. */
  deliver(delivery: Delivery): boolean;
  /** Writes what the session's flow has for it, as far as window and network allow. */
  pump(): void;
  /** Answers a QoS 2 publication that is durable. */
  sendPubrec(packetId: number): void;
  /** Ends the connection: another one has the session now. */
  takeOver(): void;
  /** Ends the connection: its queue is full. */
  overflow(): void;
}

/** What the broker knows of one client, in memory, across its connections. */
export class Session {
  readonly clientId: string;
  /** Client id with its owner: two subjects never share a session. */
  readonly key: string;
  /** On whose account its connections and subscriptions are, as long as it lives. */
  readonly owner: string;
  readonly flow: OutgoingFlow;
  readonly subscriptions = new Map<string, Subscription>();
  readonly qos2 = new Qos2Receiver();
  /** The connection that serves it; undefined while the client is absent. */
  link: SessionLink | undefined;
  /** Of the connection that serves it, or served it last. */
  rights: ClientRights;
  /** The topic that its connection has published on last; most publish on one again and again. */
  permitted: TopicEntry | undefined;
  /** How long it is kept without a connection; 0 ends it with the connection. */
  expiryMs = 0;
  /** What is published when the connection ends without a DISCONNECT. */
  will: Will | undefined;
  /** Nothing belongs to it any more. */
  isEnded = false;

  constructor(
    owner: { readonly clientId: string; readonly key: string; readonly rights: ClientRights },
    bounds: FlowBounds,
    budget: QueueBudget,
    onExpired: () => void,
  ) {
    this.clientId = owner.clientId;
    this.key = owner.key;
    this.rights = owner.rights;
    this.owner = ownerOf(owner.rights.subject);
    this.flow = new OutgoingFlow(bounds, budget, onExpired);
  }
}
