import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import { type FakeClock, SeededRandom } from '@skerry/kernel/testing';
import { DEFAULT_ROUTES, openPipeline, type Pipeline } from '@skerry/pipeline';
import type { Seal, SeriesStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { type ModelDisk, ModelJournal, type ModelRecord, turn } from './model-journal.ts';
import type { ModelMessage } from './model-sender.ts';

/** Takes messages in, and marks them acknowledged when it thinks that it may. */
export type Ingress = (node: ModelNode, messages: readonly ModelMessage[]) => Promise<void>;

/** The parts of a node that a planted defect replaces. */
export interface NodeParts {
  readonly ingress: Ingress;
  /** The store as the pipeline sees it; `gate` is passed where a crash may fall. */
  readonly storePort: (store: SeriesStore, gate: () => Promise<void>) => SeriesStore;
  /** The position that the journal is trimmed to. */
  readonly trimPosition: (pipeline: Pipeline) => number;
  /** Whether recovery makes durable what it accepts. */
  readonly syncsRecovered: boolean;
}

const BATCH = 10;

/** The node without a defect. */
export const SOUND: NodeParts = {
  ingress: async (node, messages) => {
    for (let at = 0; at < messages.length; at += BATCH) {
      const some = messages.slice(at, at + BATCH);
      const records = some.map((message) => node.record(message));
      while (!(await node.journal.append(records))) await turn();
      for (const message of some) node.acknowledge(message);
    }
  },
  storePort: (store, gate) => {
    return portOver(store, async (seal) => {
      await gate();
      await store.seal(seal);
    });
  },
  trimPosition: (pipeline) => pipeline.committedPosition,
  syncsRecovered: true,
};

/** A store port that seals in a way of its own. */
export function portOver(
  store: SeriesStore,
  seal: (seal: Seal) => Promise<void>,
  load: SeriesStore['load'] = () => store.load(),
): SeriesStore {
  return {
    load,
    seal,
    query: (query, unsealed) => store.query(query, unsealed),
    deadLetters: (filter) => store.deadLetters(filter),
    deadLetter: (offset) => store.deadLetter(offset),
    sessionEvents: (query) => store.sessionEvents(query),
    work: () => store.work(),
    figures: () => store.figures(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/**
 * A small node, from one start to the next crash: an ingress, a model journal, the pipeline and the SQLite store of the
 * product.
 */
export class ModelNode {
  readonly journal: ModelJournal;
  readonly random: SeededRandom;
  readonly clock: FakeClock;
  readonly #parts: NodeParts;
  readonly #store: SeriesStore;
  #pipeline: Pipeline | undefined;
  #isDead = false;
  /** While true no seal gets through its gate. */
  isGateShut = false;

  private constructor(parts: NodeParts, disk: ModelDisk, store: SeriesStore, clock: FakeClock, seed: number) {
    this.#parts = parts;
    this.#store = store;
    this.clock = clock;
    this.random = new SeededRandom(seed);
    this.journal = new ModelJournal(disk, parts.syncsRecovered);
  }

  /** Starts a node on what is there. Fails as the pipeline does. */
  static async start(
    parts: NodeParts,
    disk: ModelDisk,
    folder: string,
    clock: FakeClock,
    seed: number,
  ): Promise<ModelNode> {
    const needs = { clock, disk: nodeDisk(), logger: silentLogger, meter: createMeter(), breathe: turn };
    const store = await openSqliteStore(
      { folder, retentionClass: 'default' },
      { ...needs, failpoint: noFailpoints },
    );
    const node = new ModelNode(parts, disk, store, clock, seed);
    const gate = async (): Promise<void> => {
      if (node.isGateShut) await new Promise(() => undefined);
    };
    try {
      node.#pipeline = await openPipeline(
        { routes: DEFAULT_ROUTES },
        { ...needs, journal: node.journal, store: parts.storePort(store, gate), failpoint: noFailpoints },
      );
    } catch (cause) {
      await store[Symbol.asyncDispose]();
      throw cause;
    }
    return node;
  }

  /** Hands messages to the ingress; resolves when it is done with them. */
  publish(messages: readonly ModelMessage[]): Promise<void> {
    this.clock.advance(10);
    return this.#parts.ingress(this, messages);
  }

  /** What the journal is given for a message. */
  record({ topic, payload }: ModelMessage): ModelRecord {
    return { topic, payload, receivedMicros: this.clock.nowMicros() };
  }

  /** The sender hears of it, unless the node is dead. */
  acknowledge(message: ModelMessage): void {
    if (!this.#isDead) message.isAcked = true;
  }

  /** Everything durable has its verdict, not necessarily durably. */
  async decoded(): Promise<void> {
    while (Number(this.#pipeline?.position) < this.journal.end) await turn();
  }

  /** Everything durable is sealed. */
  async flushed(): Promise<void> {
    await this.#pipeline?.flush();
  }

  /** Begins a seal that does not get to its end. */
  async sealUnderWay(): Promise<void> {
    this.isGateShut = true;
    this.#pipeline?.flush().catch(() => undefined); // it never ends: the node dies before
    for (let i = 0; i < 50; i++) await turn();
  }

  /** Trims the journal. */
  trim(): void {
    if (this.#pipeline) this.journal.trim(this.#parts.trimPosition(this.#pipeline));
  }

  /** The process is gone. What was committed stays; what was written and not synced is in the page cache still. */
  async kill(): Promise<void> {
    this.#isDead = true;
    this.journal.kill();
    await this.#store[Symbol.asyncDispose]();
  }
}
