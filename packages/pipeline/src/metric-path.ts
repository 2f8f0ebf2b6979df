import { LIMITS } from './limits.ts';
import { isValidMetricName } from './topic-template.ts';

/** What a key at the top of an object means beside, or instead of, a metric. `0` is none. */
export const ROLE = { none: 0, device: 1, time: 2, messageId: 3, seq: 4, epoch: 5 } as const;

/** Keys with a role, with their rank among those of one role: the lowest wins. */
const ROLES: ReadonlyMap<string, readonly [role: number, rank: number]> = new Map([
  ['deviceId', [ROLE.device, 0]],
  ['device_id', [ROLE.device, 1]],
  ['id', [ROLE.device, 2]],
  ['timestamp', [ROLE.time, 0]],
  ['ts', [ROLE.time, 1]],
  ['time', [ROLE.time, 2]],
  ['messageId', [ROLE.messageId, 0]],
  ['seq', [ROLE.seq, 0]],
  ['epoch', [ROLE.epoch, 0]],
  ['bootId', [ROLE.epoch, 1]],
]);

/**
 * A place in a payload, with the metric it is called by. Nodes are shared between all payloads of one shape, so that a
 * known key costs a comparison of bytes and no text. Mutable members belong to the decoder.
 */
export interface PathNode {
  /** Metric name: keys joined by dots, after the prefix of the topic. */
  readonly name: string;
  readonly isValidName: boolean;
  /** UTF-8 of the key as it stands in a payload; undefined when it can only be written with escapes. */
  readonly key: Uint8Array | undefined;
  readonly parent: PathNode | undefined;
  readonly role: number;
  readonly rank: number;
  readonly children: Map<string, PathNode>;
  /** The child that came first, and the sibling that came next, the last time. */
  first: PathNode | undefined;
  next: PathNode | undefined;
  /** Number of the object in which the key was seen last; finds keys that are there twice. */
  stamp: number;
  /** The record that ended with this node the last time; the resolver's. */
  shape: RecordShape | undefined;
}

/** The nodes of a record with one element, in order. Records of one shape share it. */
export type RecordShape = readonly PathNode[];

const encoder = new TextEncoder();

/** Remembers the paths of payloads. Bounded: emptied when `metricNamesCachedMax` is passed. */
export class PathTree {
  #roots = new Map<string, PathNode>();
  #count = 0;
  /** Grows whenever the memory was emptied: roots from before are to be asked for again. */
  generation = 0;

  /** The root for payloads under a metric prefix. */
  root(prefix: string): PathNode {
    const known = this.#roots.get(prefix);
    if (known) return known;
    const root = this.#node(prefix, '', undefined);
    this.#roots.set(prefix, root);
    return root;
  }

  /** The node of a key under `parent`. */
  child(parent: PathNode, key: string): PathNode {
    const known = parent.children.get(key);
    if (known) return known;
    const name = parent.name === '' ? key : `${parent.name}.${key}`;
    const node = this.#node(name, key, parent);
    parent.children.set(key, node);
    return node;
  }

  #node(name: string, key: string, parent: PathNode | undefined): PathNode {
    if (++this.#count > LIMITS.metricNamesCachedMax.value) this.#clear();
    const [role, rank] = (parent && !parent.parent ? ROLES.get(key) : undefined) ?? [ROLE.none, 0];
    return {
      name: name.toWellFormed(),
      isValidName: isValidMetricName(name),
      key: needsEscape(key) ? undefined : encoder.encode(key),
      parent,
      role,
      rank,
      children: new Map(),
      first: undefined,
      next: undefined,
      stamp: 0,
      shape: undefined,
    };
  }

  #clear(): void {
    for (const root of this.#roots.values()) {
      root.children.clear();
      root.first = undefined;
    }
    this.#roots = new Map();
    this.#count = 0;
    this.generation++;
  }
}

function needsEscape(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c) return true;
  }
  return !key.isWellFormed();
}
