/** What a client asked for with one topic filter. */
export interface Subscription {
  readonly filter: string;
  /** Granted; a client that asks for QoS 2 gets 1. */
  readonly qos: 0 | 1;
  /** Its own publications are not sent to it [MQTT-3.8.3-3]. */
  readonly isNoLocal: boolean;
  /** The RETAIN flag stays as the publisher set it [MQTT-3.3.1-12]. */
  readonly isRetainAsPublished: boolean;
  /** Subscription Identifier, where one was given. */
  readonly identifier: number | undefined;
}

/** How a publication goes to one subscriber: its matching subscriptions together, so that it gets one copy. */
export interface Match<Subscriber> {
  readonly subscriber: Subscriber;
  /** The greatest QoS of the subscriptions [MQTT-3.3.4-2]. */
  readonly qos: 0 | 1;
  readonly isRetainAsPublished: boolean;
  readonly identifiers: readonly number[];
  /** What is left for the subscriber's own publications, without those of No Local. */
  readonly own: Match<Subscriber> | undefined;
}

interface Node<Subscriber> {
  /** Children by their level; `+` is one of them. */
  readonly children: Map<string, Node<Subscriber>>;
  /** Filters that end here. */
  readonly here: Map<Subscriber, Subscription>;
  /** Filters that end with `#` below here. */
  readonly below: Map<Subscriber, Subscription>;
}

/** Every subscription by the levels of its filter; a topic name finds its subscribers in one walk. */
export class SubscriptionTree<Subscriber> {
  readonly #root: Node<Subscriber> = aNode();
  #count = 0;
  #levels = 0;
  #version = 0;

  /** Subscriptions held. */
  get count(): number {
    return this.#count;
  }

  /** Levels of all filters together, those that are shared counted for each. */
  get levels(): number {
    return this.#levels;
  }

  /** Changes with every change of the tree: what was matched under another one is stale. */
  get version(): number {
    return this.#version;
  }

  /** Adds a subscription of a valid filter, or puts it in the place of one with the same filter; true when it is new. */
  set(subscriber: Subscriber, subscription: Subscription): boolean {
    const levels = subscription.filter.split('/');
    const isOpen = levels.at(-1) === '#';
    if (isOpen) levels.pop();
    let node = this.#root;
    for (const level of levels) {
      let next = node.children.get(level);
      if (!next) {
        next = aNode();
        node.children.set(level, next);
      }
      node = next;
    }
    const held = isOpen ? node.below : node.here;
    const isNew = !held.has(subscriber);
    held.set(subscriber, subscription);
    if (isNew) {
      this.#count++;
      this.#levels += levels.length;
    }
    this.#version++;
    return isNew;
  }

  /** Takes a subscription away; false when there was none. */
  delete(subscriber: Subscriber, filter: string): boolean {
    const levels = filter.split('/');
    const isOpen = levels.at(-1) === '#';
    if (isOpen) levels.pop();
    const path = [this.#root];
    for (const level of levels) {
      const next = path.at(-1)?.children.get(level);
      if (!next) return false;
      path.push(next);
    }
    const last = path.at(-1);
    const isThere = (isOpen ? last?.below : last?.here)?.delete(subscriber) ?? false;
    if (!isThere) return false;
    for (let depth = levels.length; depth > 0 && isBare(path[depth]); depth--)
      path[depth - 1]?.children.delete(String(levels[depth - 1]));
    this.#count--;
    this.#levels -= levels.length;
    this.#version++;
    return true;
  }

  /** The subscribers of a topic name, each once, in the order in which their oldest matching filter was found. */
  match(topic: string): readonly Match<Subscriber>[] {
    if (this.#count === 0) return [];
    const found = new Map<Subscriber, Subscription[]>();
    const levels = topic.split('/');
    walk(this.#root, levels, 0, topic.startsWith('$'), found);
    return Array.from(found, ([subscriber, subscriptions]) => merge(subscriber, subscriptions));
  }
}

function aNode<Subscriber>(): Node<Subscriber> {
  return { children: new Map(), here: new Map(), below: new Map() };
}

function isBare<Subscriber>(node: Node<Subscriber> | undefined): boolean {
  return node !== undefined && node.children.size + node.here.size + node.below.size === 0;
}

/** Visits every node that the levels from `at` on lead to; no wildcard stands for a first level with `$`. */
function walk<Subscriber>(
  node: Node<Subscriber>,
  levels: readonly string[],
  at: number,
  isReserved: boolean,
  found: Map<Subscriber, Subscription[]>,
): void {
  const isWild = at > 0 || !isReserved;
  if (isWild) collect(node.below, found);
  if (at === levels.length) {
    collect(node.here, found);
    return;
  }
  const literal = node.children.get(String(levels[at]));
  if (literal) walk(literal, levels, at + 1, isReserved, found);
  const any = isWild ? node.children.get('+') : undefined;
  if (any && any !== literal) walk(any, levels, at + 1, isReserved, found);
}

function collect<Subscriber>(
  held: ReadonlyMap<Subscriber, Subscription>,
  found: Map<Subscriber, Subscription[]>,
): void {
  for (const [subscriber, subscription] of held) {
    const others = found.get(subscriber);
    if (others) others.push(subscription);
    else found.set(subscriber, [subscription]);
  }
}

function merge<Subscriber>(subscriber: Subscriber, all: readonly Subscription[]): Match<Subscriber> {
  const own = all.filter(({ isNoLocal }) => !isNoLocal);
  const whole = combine(subscriber, all);
  if (own.length === 0) return whole;
  if (own.length === all.length) return { ...whole, own: whole };
  return { ...whole, own: combine(subscriber, own) };
}

function combine<Subscriber>(
  subscriber: Subscriber,
  subscriptions: readonly Subscription[],
): Match<Subscriber> {
  return {
    subscriber,
    qos: subscriptions.some(({ qos }) => qos === 1) ? 1 : 0,
    isRetainAsPublished: subscriptions.some((one) => one.isRetainAsPublished),
    identifiers: subscriptions.flatMap(({ identifier }) => identifier ?? []),
    own: undefined,
  };
}
