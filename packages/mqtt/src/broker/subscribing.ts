import { mayTake } from '@skerry/model';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import type { Subscribe, SubscribeTopic } from '../packets/subscribe.ts';
import { REASON } from '../reason-codes.ts';
import type { BrokerParts } from './broker-parts.ts';
import { retainedFor } from './fan-out.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription-tree.ts';
import { type FilterVerdict, judgeTopicFilter } from './topic-filter.ts';

type Needs = Pick<BrokerParts, 'limits' | 'tree' | 'topics' | 'meters' | 'retained' | 'held'>;

/** What MQTT 5 is told about a filter that is not taken; 3.1.1 is told 0x80. */
const REASON_OF_VERDICT: Readonly<Record<Exclude<FilterVerdict, 'valid'>, number>> = {
  invalid: REASON.topicFilterInvalid,
  'too-long': REASON.topicFilterInvalid,
  'too-deep': REASON.topicFilterInvalid,
  shared: REASON.sharedSubscriptionsNotSupported,
};

/** Takes the filters of a SUBSCRIBE one by one; gives the reasons for SUBACK, and feeds retained messages to the session. */
export function subscribe(parts: Needs, session: Session, packet: Subscribe, level: ProtocolLevel): number[] {
  const identifier = packet.properties?.subscriptionIdentifiers?.[0];
  const reasons = packet.topics.map((topic) => {
    const reason = subscribeOne(parts, session, topic, identifier);
    return level === 4 && reason >= 0x80 ? REASON.unspecified : reason;
  });
  parts.meters.subscriptions.set(parts.tree.count);
  return reasons;
}

/** Gives filters up; the reasons for UNSUBACK. */
export function unsubscribe(parts: Needs, session: Session, filters: readonly string[]): number[] {
  const reasons = filters.map((filter) => {
    if (!session.subscriptions.delete(filter)) return REASON.noSubscriptionExisted;
    parts.tree.delete(session, filter);
    noteHeld(parts, session, filter, -1);
    session.flow.endFeed(filter);
    return REASON.success;
  });
  parts.meters.subscriptions.set(parts.tree.count);
  return reasons;
}

function subscribeOne(
  parts: Needs,
  session: Session,
  topic: SubscribeTopic,
  identifier: number | undefined,
): number {
  const { limits, tree } = parts;
  const { filter, isNoLocal, isRetainAsPublished, retainHandling } = topic;
  const verdict = judgeTopicFilter(filter, limits);
  if (verdict !== 'valid') return REASON_OF_VERDICT[verdict];
  if (!session.rights.maySubscribe(filter)) {
    session.rights.refuse('subscribe', filter);
    return REASON.notAuthorized;
  }
  const isNew = !session.subscriptions.has(filter);
  if (isNew && !hasRoom(parts, session, filter)) return REASON.quotaExceeded;
  const subscription: Subscription = {
    filter,
    qos: topic.qos === 0 ? 0 : 1,
    isNoLocal,
    isRetainAsPublished,
    identifier,
  };
  session.subscriptions.set(filter, subscription);
  tree.set(session, subscription);
  if (isNew) noteHeld(parts, session, filter, 1);
  if (retainHandling === 0 || (retainHandling === 1 && isNew))
    session.flow.feed(filter, retainedFor(parts, session, subscription));
  return subscription.qos;
}

function hasRoom({ limits, tree, held }: Needs, session: Session, filter: string): boolean {
  const { owner } = session;
  const { subscriptionsTotalMax: max, subscriptionLevelsMax: levelsMax } = limits;
  const levels = { held: held.levels.of(owner), total: tree.levels, max: levelsMax };
  return (
    session.subscriptions.size < limits.subscriptionsMax &&
    mayTake({ held: held.subscriptions.of(owner), total: tree.count, max }) &&
    mayTake(levels, filter.split('/').length)
  );
}

/** Puts a subscription on the account of the session's owner (1), or takes it off (-1). */
export function noteHeld(
  { held }: Pick<Needs, 'held'>,
  { owner }: Session,
  filter: string,
  sign: 1 | -1,
): void {
  held.subscriptions.add(owner, sign);
  held.levels.add(owner, sign * filter.split('/').length);
}
