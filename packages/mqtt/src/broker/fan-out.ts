import type { BrokerParts } from './broker-parts.ts';
import type { Delivery, Message } from './message.ts';
import type { Session } from './session.ts';
import type { Match, Subscription } from './subscription-tree.ts';
import type { TopicEntry } from './topic-book.ts';

type Needs = Pick<BrokerParts, 'topics' | 'meters' | 'retained'>;

/** Hands a message to every subscriber of its topic. The caller has made sure that it may be read. */
export function fanOut(parts: Needs, entry: TopicEntry, message: Message): void {
  for (const match of parts.topics.matches(entry)) {
    const seen = match.subscriber.key === message.publisher ? match.own : match;
    if (seen) deliver(parts, seen, message);
  }
}

/** The retained messages that a new subscription gets (3.8.4), found while they are asked for. */
export function* retainedFor(
  { retained }: Needs,
  session: Session,
  subscription: Subscription,
): Generator<Delivery, void, undefined> {
  const { filter, qos, identifier, isNoLocal } = subscription;
  const identifiers = identifier === undefined ? [] : [identifier];
  for (const message of retained.match(filter)) {
    if (isNoLocal && message.publisher === session.key) continue;
    yield { message, qos: message.qos === 0 ? 0 : qos, isRetained: true, identifiers };
  }
}

function deliver(parts: Needs, match: Match<Session>, message: Message): void {
  const session = match.subscriber;
  const delivery: Delivery = {
    message,
    qos: message.qos === 0 ? 0 : match.qos,
    isRetained: match.isRetainAsPublished && message.isRetained,
    identifiers: match.identifiers,
  };
  if (delivery.qos === 0) {
    // To an absent client QoS 0 is not owed (3.1.2.4).
    if (session.link && !session.link.deliver(delivery)) parts.meters.dropped('slow-reader');
    return;
  }
  if (session.flow.offer(delivery)) session.link?.pump();
  else {
    parts.meters.dropped('queue-full');
    session.link?.overflow();
  }
}
