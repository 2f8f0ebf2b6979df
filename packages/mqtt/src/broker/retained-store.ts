import { mayTake, type Taking } from '@skerry/model';
import { Holdings } from './holdings.ts';
import { type Message, messageBytes } from './message.ts';

/** Bounds of the retained messages. */
export interface RetainedBounds {
  readonly retainedCountMax: number;
  readonly retainedBytesMax: number;
  readonly retainedLevelsMax: number;
}

/** What became of a retained message: `full` is one on a new topic for which there is no room. */
export type RetainedOutcome = 'kept' | 'cleared' | 'full';

interface Node {
  readonly level: string;
  readonly parent: Node | undefined;
  children: Map<string, Node> | undefined;
  message: Message | undefined;
  /** On whose account the message is. */
  owner: string;
}

/** Of whom a message is, and whether it has to keep within the share of its owner: one of an earlier life has. */
export interface RetainedOwner {
  readonly name: string;
  readonly isShared: boolean;
}

const NOBODY: RetainedOwner = { name: '', isShared: true };

/** The newest retained message of every topic, by the levels of its name. */
export class RetainedStore {
  readonly #bounds: RetainedBounds;
  readonly #root: Node = { level: '', parent: undefined, children: undefined, message: undefined, owner: '' };
  readonly #held = { count: new Holdings(), bytes: new Holdings(), levels: new Holdings() };
  #count = 0;
  #bytes = 0;
  #levels = 0;
  /** No message expires before. */
  #firstExpiryMs = Number.POSITIVE_INFINITY;

  constructor(bounds: RetainedBounds) {
    this.#bounds = bounds;
  }

  /** Messages held, expired ones included until they are come across. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of their topics, properties and payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a message in the place of the one before on its topic; an empty payload only clears [MQTT-3.3.1-6]. */
  set(message: Message, nowMs: number, owner: RetainedOwner = NOBODY): RetainedOutcome {
    const levels = message.topic.split('/');
    if (message.payload.byteLength === 0) {
      const held = this.#find(levels);
      if (held) this.#drop(held);
      return 'cleared';
    }
    if (!this.#hasRoom(message, levels, owner)) this.#sweep(nowMs);
    if (!this.#hasRoom(message, levels, owner)) return 'full';
    const node = this.#make(levels);
    if (node.message) this.#account(node, node.message, -1);
    node.message = message;
    node.owner = owner.name;
    this.#account(node, message, 1);
    this.#firstExpiryMs = Math.min(this.#firstExpiryMs, message.expiresMs);
    return 'kept';
  }

  /** The message of a topic. */
  get(topic: string): Message | undefined {
    return this.#find(topic.split('/'))?.message;
  }

  /**
   * The messages that a valid filter matches, found while they are asked for: one that is set meanwhile may be among
   * them, and none is given after it was replaced.
   */
  *match(filter: string): Generator<Message, void, undefined> {
    yield* matchBelow(this.#root, filter.split('/'), 0);
  }

  #hasRoom(message: Message, levels: readonly string[], { name, isShared }: RetainedOwner): boolean {
    const { retainedCountMax, retainedBytesMax, retainedLevelsMax } = this.#bounds;
    const held = this.#held;
    const before = this.#find(levels)?.message;
    const grown = messageBytes(message) - (before ? messageBytes(before) : 0);
    const may = isShared ? mayTake : fits;
    const mayGrow = may({ held: held.bytes.of(name), total: this.#bytes, max: retainedBytesMax }, grown);
    if (before) return grown <= 0 || mayGrow;
    return (
      mayGrow &&
      may({ held: held.count.of(name), total: this.#count, max: retainedCountMax }, 1) &&
      may({ held: held.levels.of(name), total: this.#levels, max: retainedLevelsMax }, levels.length)
    );
  }

  /** Puts the message of a node on the account of its owner (1), or takes it off (-1). */
  #account({ owner }: Node, message: Message, sign: 1 | -1): void {
    const bytes = sign * messageBytes(message);
    this.#count += sign;
    this.#bytes += bytes;
    this.#held.count.add(owner, sign);
    this.#held.bytes.add(owner, bytes);
    this.#held.levels.add(owner, sign * message.topic.split('/').length);
  }

  #find(levels: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const level of levels) node = node?.children?.get(level);
    return node;
  }

  #make(levels: readonly string[]): Node {
    let node = this.#root;
    for (const level of levels) {
      node.children ??= new Map();
      let next = node.children.get(level);
      if (!next) {
        next = { level, parent: node, children: undefined, message: undefined, owner: '' };
        node.children.set(level, next);
        this.#levels++;
      }
      node = next;
    }
    return node;
  }

  #drop(held: Node): void {
    if (!held.message) return;
    this.#account(held, held.message, -1);
    held.message = undefined;
    for (let node = held; node.parent && !node.message && !node.children?.size; node = node.parent) {
      node.parent.children?.delete(node.level);
      this.#levels--;
    }
  }

  #sweep(nowMs: number): void {
    if (nowMs < this.#firstExpiryMs) return;
    this.#firstExpiryMs = Number.POSITIVE_INFINITY;
    for (const node of [...nodesBelow(this.#root)]) {
      if (!node.message) continue;
      if (node.message.expiresMs <= nowMs) this.#drop(node);
      else this.#firstExpiryMs = Math.min(this.#firstExpiryMs, node.message.expiresMs);
    }
  }
}

function fits({ total, max }: Taking, count: number): boolean {
  return total + count <= max;
}

function* matchBelow(node: Node, levels: readonly string[], at: number): Generator<Message, void, undefined> {
  if (at === levels.length) {
    if (node.message) yield node.message;
    return;
  }
  const level = String(levels[at]);
  if (level === '#') {
    if (node.message && at > 0) yield node.message;
    for (const child of node.children?.values() ?? []) {
      if (at === 0 && child.level.startsWith('$')) continue; // [MQTT-4.7.2-1]
      yield* messagesOf(child);
    }
  } else if (level === '+') {
    for (const child of node.children?.values() ?? [])
      if (at > 0 || !child.level.startsWith('$')) yield* matchBelow(child, levels, at + 1);
  } else {
    const child = node.children?.get(level);
    if (child) yield* matchBelow(child, levels, at + 1);
  }
}

function* messagesOf(top: Node): Generator<Message, void, undefined> {
  for (const { message } of nodesBelow(top)) if (message) yield message;
}

/** A node and every node below it. */
function* nodesBelow(node: Node): Generator<Node, void, undefined> {
  yield node;
  for (const child of node.children?.values() ?? []) yield* nodesBelow(child);
}
