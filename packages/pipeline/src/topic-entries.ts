import type { DeviceState, ProjectState } from './catalogue.ts';
import { LIMITS } from './limits.ts';
import type { PathNode } from './metric-path.ts';
import type { PayloadDecoder } from './payload-decoder.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { Route } from './routes.ts';
import type { StagePlan } from './stages/stage-set.ts';

/** What is remembered of a topic. */
export interface TopicEntry {
  readonly bytes: Buffer;
  readonly route: Route;
  root: PathNode;
  /** The decoder's generation of `root`. */
  generation: number;
  /** The project that the topic's records are stored under, once one was decoded. */
  owner: ProjectState | undefined;
  /** The device the topic names, once it is known. */
  device: DeviceState | undefined;
  /** The stages its records go through, as of `planGeneration` of the stage book. */
  plan: StagePlan | undefined;
  planGeneration: number;
  /** The topic as text, where it has a plan. */
  text: string;
}

/** Finds what a topic means by its bytes, without making a text of it. */
export class TopicEntries {
  #entries = new Map<number, TopicEntry>();
  readonly #route: (topic: string) => Route;
  readonly #decoder: PayloadDecoder;

  constructor(route: (topic: string) => Route, decoder: PayloadDecoder) {
    this.#route = route;
    this.#decoder = decoder;
  }

  /** The entry of the record's topic. */
  of(record: RecordCursor): TopicEntry {
    const { bytes, topicStart, clientStart } = record;
    let hash = clientStart - topicStart;
    for (let i = topicStart; i < clientStart; i++) hash = Math.imul(hash ^ Number(bytes[i]), 0x01000193);
    const known = this.#entries.get(hash);
    if (known && isSame(known.bytes, bytes, topicStart, clientStart)) {
      if (known.generation !== this.#decoder.generation) this.#refresh(known);
      return known;
    }
    const route = this.#route(record.topic);
    const entry: TopicEntry = {
      bytes: Buffer.from(bytes.subarray(topicStart, clientStart)),
      route,
      root: this.#decoder.root(route.metricPrefix ?? ''),
      generation: this.#decoder.generation,
      owner: undefined,
      device: undefined,
      plan: undefined,
      planGeneration: 0,
      text: '',
    };
    if (this.#entries.size >= LIMITS.routesCachedMax.value) this.#entries = new Map();
    // another topic of the same hash takes the place over: rare, and only slower
    this.#entries.set(hash, entry);
    return entry;
  }

  #refresh(entry: TopicEntry): void {
    entry.root = this.#decoder.root(entry.route.metricPrefix ?? '');
    entry.generation = this.#decoder.generation;
  }
}

function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
