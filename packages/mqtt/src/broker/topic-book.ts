import type { Ingress, IngressRoute } from '../ingress.ts';
import type { PacketCursor } from '../packet-cursor.ts';
import { TopicCache } from '../topic-cache.ts';
import { decodeUtf8, encodeUtf8 } from '../utf8.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Session } from './session.ts';
import type { Match, SubscriptionTree } from './subscription-tree.ts';
import { judgeTopicName, type TopicVerdict } from './topic-filter.ts';

/** A topic name with what the broker found out about it. */
export interface TopicEntry {
  readonly topic: string;
  /** UTF-8 of the name; its own bytes. */
  readonly bytes: Uint8Array;
  readonly verdict: TopicVerdict;
  /** Where its publications go; undefined for a name that is not valid. */
  readonly route: IngressRoute | undefined;
  /** Its subscribers as of `version` of the subscriptions. */
  matches: readonly Match<Session>[];
  version: number;
}

/** Route and subscribers of topic names, remembered by the bytes of the name. */
export class TopicBook {
  readonly #limits: BrokerLimits;
  readonly #ingress: Pick<Ingress, 'route'>;
  readonly #tree: SubscriptionTree<Session>;
  readonly #cache: TopicCache<TopicEntry>;

  constructor(limits: BrokerLimits, ingress: Pick<Ingress, 'route'>, tree: SubscriptionTree<Session>) {
    this.#limits = limits;
    this.#ingress = ingress;
    this.#tree = tree;
    this.#cache = new TopicCache(limits.topicsCachedMax, limits.cachedTopicBytesMax);
  }

  /** The entry of the topic that the cursor of a PUBLISH points at. */
  at(cursor: PacketCursor): TopicEntry {
    const { bytes, topicStart, topicEnd, topicKey } = cursor;
    const known = this.#cache.find(bytes, topicStart, topicEnd, topicKey);
    if (known) return known;
    const entry = this.#make(bytes.slice(topicStart, topicEnd));
    if (entry.verdict === 'valid') this.#cache.add(bytes, topicStart, topicEnd, topicKey, entry);
    return entry;
  }

  /** The entry of a topic that came as text: a will's. Not remembered. */
  of(topic: string): TopicEntry {
    return this.#make(encodeUtf8(topic));
  }

  /** The subscribers of an entry as of now. */
  matches(entry: TopicEntry): readonly Match<Session>[] {
    const { version } = this.#tree;
    if (entry.version !== version) {
      entry.matches = this.#tree.match(entry.topic);
      entry.version = version;
    }
    return entry.matches;
  }

  #make(bytes: Uint8Array): TopicEntry {
    if (bytes.byteLength > this.#limits.topicBytesMax)
      return { topic: '', bytes, verdict: 'too-long', route: undefined, matches: [], version: -1 };
    const topic = decodeUtf8(bytes);
    const verdict = judgeTopicName(topic, this.#limits);
    const route = verdict === 'valid' ? this.#ingress.route(topic) : undefined;
    return { topic, bytes, verdict, route, matches: [], version: -1 };
  }
}
