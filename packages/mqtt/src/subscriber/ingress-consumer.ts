import { lastingProperties } from '../broker/publication-properties.ts';
import type { Ingress, IngressProperties, IngressPublication, IngressRoute } from '../ingress.ts';
import { TopicCache } from '../topic-cache.ts';
import { decodeUtf8 } from '../utf8.ts';
import { Subscriber } from './subscriber.ts';
import type {
  MessageConsumer,
  ReceivedMessage,
  SubscriberNeeds,
  SubscriberOptions,
} from './subscriber-options.ts';

/** User property of a message whose payload was cut: the bytes that its packet had. */
export const OVERSIZE_PROPERTY = 'skerry-oversize-bytes';

/**
 * Subscribes at an external broker into an ingress: what it confirms as durable is acknowledged upstream, while it refuses
 * nothing is read. The ingress belongs to this subscriber alone (`splitIngress` makes several of one), and to no later one
 * while it owes confirmations. What the ingress refuses by its topic, and what is too large, goes in as a dead letter: it
 * was subscribed to, so nobody else will keep it. Fails as `openSubscriber` does.
 */
export async function subscribeInto(
  ingress: Ingress,
  options: SubscriberOptions,
  needs: Omit<SubscriberNeeds, 'consumer'>,
): Promise<Subscriber> {
  const subscriber = new Subscriber(options, { ...needs, consumer: new IngressConsumer(ingress) });
  ingress.onDurable((count) => subscriber.acknowledge(count));
  ingress.onResume(() => subscriber.goOn());
  await subscriber.begin();
  return subscriber;
}

interface KnownTopic {
  readonly bytes: Uint8Array;
  readonly route: IngressRoute;
}

/** One object for all publications: the ingress copies before `append` returns. */
class Handed implements IngressPublication {
  route: IngressRoute = { kind: 'messaging', tenant: '', project: '', projectIndex: -1 };
  topic: Uint8Array = new Uint8Array(0);
  payload: Uint8Array = new Uint8Array(0);
  qos: 0 | 1 | 2 = 0;
  retain = false;
  /** The broker does not say who published. */
  readonly client = '';
  readonly boundDevice = undefined;
  properties: IngressProperties | undefined = undefined;
}

/** Hands messages to an ingress. */
class IngressConsumer implements MessageConsumer {
  readonly #ingress: Ingress;
  readonly #topics = new TopicCache<KnownTopic>();
  readonly #handed = new Handed();

  constructor(ingress: Ingress) {
    this.#ingress = ingress;
  }

  refusal(): string | undefined {
    return this.#ingress.refusal();
  }

  take({ cursor, payload, qos, isRetained, oversizeBytes }: ReceivedMessage): void {
    const { bytes, route } = this.#topicOf(cursor);
    const handed = this.#handed;
    handed.route = oversizeBytes === 0 ? route : { ...route, kind: 'dead-letter' };
    handed.topic = bytes;
    handed.payload = payload;
    handed.qos = qos;
    handed.retain = isRetained;
    handed.properties =
      cursor.propertiesStart === cursor.propertiesEnd ? undefined : lastingProperties(cursor.properties());
    if (oversizeBytes > 0) handed.properties = withOversize(handed.properties, oversizeBytes);
    this.#ingress.append(handed);
  }

  #topicOf(cursor: ReceivedMessage['cursor']): KnownTopic {
    const { bytes, topicStart, topicEnd, topicKey } = cursor;
    const known = this.#topics.find(bytes, topicStart, topicEnd, topicKey);
    if (known) return known;
    const own = bytes.slice(topicStart, topicEnd);
    const route = this.#ingress.route(decodeUtf8(own));
    const fresh = {
      bytes: own,
      route: route.kind === 'refuse' ? ({ ...route, kind: 'dead-letter' } as const) : route,
    };
    this.#topics.add(bytes, topicStart, topicEnd, topicKey, fresh);
    return fresh;
  }
}

function withOversize(properties: IngressProperties | undefined, bytes: number): IngressProperties {
  return { ...properties, user: [...(properties?.user ?? []), [OVERSIZE_PROPERTY, String(bytes)]] };
}
