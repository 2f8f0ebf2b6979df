import type { Clock, FailpointHook, Random } from '@skerry/kernel';
import type { Ingress } from '../ingress.ts';
import type { AccessGate } from './access-gate.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { BrokerMeters } from './broker-meters.ts';
import type { FaultNotices } from './fault-notices.ts';
import type { Holdings } from './holdings.ts';
import type { QueueBudget } from './outgoing-flow.ts';
import type { RetainedStore } from './retained-store.ts';
import type { Session } from './session.ts';
import type { SubscriptionTree } from './subscription-tree.ts';
import type { TopicBook } from './topic-book.ts';
import type { Turn } from './turn.ts';

/** What the rooms of one broker share. */
export interface BrokerParts {
  readonly limits: BrokerLimits;
  /** CONNECT with a user name or a password is refused: nobody could check it. */
  readonly isAnonymousOnly: boolean;
  readonly gate: AccessGate;
  readonly meters: BrokerMeters;
  readonly notices: FaultNotices;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoint: FailpointHook;
  readonly ingress: Ingress;
  readonly tree: SubscriptionTree<Session>;
  readonly topics: TopicBook;
  /** What each owner of sessions holds of the limits that all share. */
  readonly held: {
    readonly connections: Holdings;
    readonly subscriptions: Holdings;
    readonly levels: Holdings;
  };
  readonly retained: RetainedStore;
  readonly budget: QueueBudget;
  readonly turn: Turn;
}
