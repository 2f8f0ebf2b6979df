import { LIMITS } from '../limits.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import { StageFault } from './stage-message.ts';
import { type PackedValues, WindowValues } from './window-values.ts';

/** One open window: when it starts, and the values of each metric. */
export interface OpenWindow {
  readonly startMicros: number;
  readonly metrics: Map<string, WindowValues>;
}

/** What is kept of one group. Windows are ordered by their start. */
export interface Group {
  readonly key: string;
  readonly tenant: string;
  readonly project: string;
  /** Text that the document groups by. */
  readonly label: string;
  newestMicros: number;
  /** Offset of the record that touched it last; the order in which groups are given up. */
  touched: number;
  windows: OpenWindow[];
}

/** A row of state as the seal carries it; without a body it is gone. */
export interface StateRow {
  readonly part: string;
  readonly body: string | undefined;
}

interface PackedGroup {
  readonly newest: number;
  readonly touched: number;
  readonly windows: readonly (readonly [number, readonly (readonly [string, PackedValues])[]])[];
}

const PREFIX = 'group:';

/** The groups of one Aggregate, those touched last at the end. Every change can be undone by the function it gives. */
export class AggregateState {
  readonly #groups = new Map<string, Group>();
  /** Groups that changed since rows were taken. */
  readonly #changed = new Set<string>();
  readonly #hasSketch: boolean;

  constructor(hasSketch: boolean) {
    this.#hasSketch = hasSketch;
  }

  /** Groups there are. */
  get size(): number {
    return this.#groups.size;
  }

  /** Windows that are open. */
  get windows(): number {
    let count = 0;
    for (const group of this.#groups.values()) count += group.windows.length;
    return count;
  }

  find(key: string): Group | undefined {
    return this.#groups.get(key);
  }

  /** Puts a group at the end, for the record at `offset`. */
  touch(group: Group, offset: number, undo: (() => void)[]): void {
    const { touched } = group;
    this.#changed.add(group.key);
    if (touched === offset) return;
    this.#groups.delete(group.key);
    this.#groups.set(group.key, group);
    group.touched = offset;
    undo.push(() => {
      group.touched = touched;
      this.#reorder();
    });
  }

  /** Adds a group; the caller asked `isFull`. */
  add(group: Group, undo: (() => void)[]): void {
    this.#groups.set(group.key, group);
    this.#changed.add(group.key);
    undo.push(() => this.#groups.delete(group.key));
  }

  get isFull(): boolean {
    return this.#groups.size >= LIMITS.groupsMax.value;
  }

  /** Takes out the group that was not touched for longest. */
  evict(undo: (() => void)[]): Group | undefined {
    for (const group of this.#groups.values()) {
      this.#groups.delete(group.key);
      this.#changed.add(group.key);
      undo.push(() => {
        this.#groups.set(group.key, group);
        this.#reorder();
      });
      return group;
    }
    return undefined;
  }

  /** The window of a group that starts then, made when it is new. */
  window(group: Group, startMicros: number, undo: (() => void)[]): OpenWindow {
    const known = group.windows.find((one) => one.startMicros === startMicros);
    if (known) return known;
    const fresh: OpenWindow = { startMicros, metrics: new Map() };
    const before = group.windows;
    group.windows = [...before, fresh].sort((a, b) => a.startMicros - b.startMicros);
    undo.push(() => {
      group.windows = before;
    });
    return fresh;
  }

  /** The values of a metric in a window, made when they are new. Fails with `StageFault` beyond `groupMetricsMax`. */
  values(window: OpenWindow, metric: string, undo: (() => void)[]): WindowValues {
    const known = window.metrics.get(metric);
    if (known) return known;
    if (window.metrics.size >= LIMITS.groupMetricsMax.value)
      throw new StageFault(
        `A group has ${window.metrics.size} metrics in one window, and ${metric} would be one more; at most ${LIMITS.groupMetricsMax.value} are kept.`,
      );
    const fresh = new WindowValues(this.#hasSketch ? new QuantileSketch() : undefined);
    window.metrics.set(metric, fresh);
    undo.push(() => window.metrics.delete(metric));
    return fresh;
  }

  /** Rows of all groups that changed since the last call. */
  takeRows(): StateRow[] {
    const rows: StateRow[] = [];
    for (const key of this.#changed) {
      const group = this.#groups.get(key);
      rows.push({ part: PREFIX + key, body: group && JSON.stringify(packGroup(group)) });
    }
    this.#changed.clear();
    return rows;
  }

  /** Rows that remove everything the seals carried. */
  goneRows(): StateRow[] {
    const keys = new Set([...this.#groups.keys(), ...this.#changed]);
    return Array.from(keys, (key) => ({ part: PREFIX + key, body: undefined }));
  }

  /** Takes over rows as they were sealed. */
  restore(rows: readonly StateRow[]): void {
    for (const { part, body } of rows) {
      if (body === undefined) continue;
      const key = part.slice(PREFIX.length);
      this.#groups.set(key, unpackGroup(key, body));
    }
    this.#reorder();
  }

  /** By the offsets that touched them; of one record's groups the order of their keys. */
  #reorder(): void {
    const groups = [...this.#groups.values()].sort(
      (a, b) => a.touched - b.touched || (a.key < b.key ? -1 : Number(a.key > b.key)),
    );
    this.#groups.clear();
    for (const group of groups) this.#groups.set(group.key, group);
  }
}

/** The key of a group: a JSON list of its stage, tenant, project and label. */
export function groupKey(stage: string, tenant: string, project: string, label: string): string {
  return JSON.stringify([stage, tenant, project, label]);
}

/** The stage that a row of state belongs to; undefined for rows of another kind. */
export function stageOfRow(part: string): string | undefined {
  if (!part.startsWith(PREFIX)) return undefined;
  const [stage] = JSON.parse(part.slice(PREFIX.length)) as [string]; // written by `groupKey`
  return stage;
}

function packGroup({ newestMicros, touched, windows }: Group): PackedGroup {
  return {
    newest: newestMicros,
    touched,
    windows: windows.map((one) => [
      one.startMicros,
      Array.from(one.metrics, ([metric, values]) => [metric, values.pack()] as const),
    ]),
  };
}

function unpackGroup(key: string, body: string): Group {
  const packed = JSON.parse(body) as PackedGroup; // written by `packGroup`
  const [, tenant, project, label] = JSON.parse(key) as [string, string, string, string]; // written by `groupKey`
  return {
    key,
    tenant,
    project,
    label,
    newestMicros: packed.newest,
    touched: packed.touched,
    windows: packed.windows.map(([startMicros, metrics]) => ({
      startMicros,
      metrics: new Map(metrics.map(([metric, values]) => [metric, WindowValues.unpack(values)])),
    })),
  };
}
