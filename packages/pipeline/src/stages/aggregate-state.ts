import { LIMITS } from '../limits.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import { StageFault } from './stage-message.ts';
import { type PackedValues, type StageUndo, WindowValues } from './window-values.ts';

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
  /** Whether it changed since rows were taken. */
  isChanged: boolean;
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

/** Records after which a group that is touched takes its place at the end anew: each time would cost more than it tells. */
const TOUCH_RECORDS = 1_024; // a matter of cost alone

/** The groups of one Aggregate, those touched last at the end. Every change can be undone. */
export class AggregateState {
  readonly #groups = new Map<string, Group>();
  /** The same by tenant and project, then by label, in the same order. */
  readonly #places = new Map<string, Map<string, Group>>();
  /** Keys of groups that changed since rows were taken. */
  readonly #changed = new Set<string>();
  /** Groups of each tenant. */
  readonly #tenants = new Map<string, number>();
  readonly #hasSketch: boolean;
  readonly #metricsMax: number;
  #tenant: string | undefined;
  #project: string | undefined;
  #place = new Map<string, Group>();

  /** `metricsMax`: metrics that one window of a group may have. */
  constructor(hasSketch: boolean, metricsMax: number = LIMITS.groupMetricsMax.value) {
    this.#hasSketch = hasSketch;
    this.#metricsMax = metricsMax;
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

  find(tenant: string, project: string, label: string): Group | undefined {
    return this.#placeOf(tenant, project).get(label);
  }

  /** Marks a group as changed by the record at `offset`. */
  touch(group: Group, offset: number, undo: StageUndo): void {
    if (!group.isChanged) {
      group.isChanged = true;
      this.#changed.add(group.key);
    }
    const { touched } = group;
    if (touched >= 0 && offset - touched < TOUCH_RECORDS) return;
    group.touched = offset;
    this.#groups.delete(group.key);
    this.#groups.set(group.key, group);
    const place = this.#placeOf(group.tenant, group.project);
    place.delete(group.label);
    place.set(group.label, group);
    undo.steps.push(() => {
      group.touched = touched;
      this.#reorder();
    });
  }

  /** Adds a group that is not there; the caller asked `isFull`. */
  add(group: Group, undo: StageUndo): void {
    this.#put(group);
    undo.steps.push(() => this.#take(group));
  }

  /** Whether there is no room for one more group of a tenant. */
  isFull(tenant: string): boolean {
    const own = this.#tenants.get(tenant) ?? 0;
    return own >= LIMITS.tenantGroupsMax.value || this.#groups.size >= LIMITS.groupsMax.value;
  }

  /** Takes out the group of a project that was not touched for longest; undefined where it has none. */
  evict(tenant: string, project: string, undo: StageUndo): Group | undefined {
    const [group] = this.#placeOf(tenant, project).values();
    if (!group) return undefined;
    this.#take(group);
    this.#changed.add(group.key);
    undo.steps.push(() => {
      this.#put(group);
      this.#reorder();
    });
    return group;
  }

  /** The window of a group that starts then, made when it is new. */
  window(group: Group, startMicros: number, undo: StageUndo): OpenWindow {
    for (const one of group.windows) if (one.startMicros === startMicros) return one;
    const fresh: OpenWindow = { startMicros, metrics: new Map() };
    const before = group.windows;
    group.windows = [...before, fresh].sort((a, b) => a.startMicros - b.startMicros);
    undo.steps.push(() => {
      group.windows = before;
    });
    return fresh;
  }

  /** The values of a metric in a window, made when they are new. Fails with `StageFault` when there are too many. */
  values(window: OpenWindow, metric: string, undo: StageUndo): WindowValues {
    const known = window.metrics.get(metric);
    if (known) return known;
    if (window.metrics.size >= this.#metricsMax)
      throw new StageFault(
        `A group has ${window.metrics.size} metrics in one window, and ${metric} would be one more; at most ${this.#metricsMax} are kept.`,
      );
    const fresh = new WindowValues(this.#hasSketch ? new QuantileSketch() : undefined);
    window.metrics.set(metric, fresh);
    undo.steps.push(() => window.metrics.delete(metric));
    return fresh;
  }

  /** Rows of all groups that changed since the last call. */
  takeRows(): StateRow[] {
    const rows: StateRow[] = [];
    for (const key of this.#changed) {
      const group = this.#groups.get(key);
      if (group) group.isChanged = false;
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
      this.#put(unpackGroup(key, body));
    }
    this.#reorder();
  }

  #placeOf(tenant: string, project: string): Map<string, Group> {
    if (tenant === this.#tenant && project === this.#project) return this.#place;
    const name = JSON.stringify([tenant, project]);
    const place = this.#places.get(name) ?? new Map<string, Group>();
    this.#places.set(name, place);
    this.#tenant = tenant;
    this.#project = project;
    this.#place = place;
    return place;
  }

  #put(group: Group): void {
    this.#groups.set(group.key, group);
    this.#placeOf(group.tenant, group.project).set(group.label, group);
    this.#tenants.set(group.tenant, (this.#tenants.get(group.tenant) ?? 0) + 1);
  }

  #take(group: Group): void {
    this.#groups.delete(group.key);
    this.#placeOf(group.tenant, group.project).delete(group.label);
    this.#tenants.set(group.tenant, (this.#tenants.get(group.tenant) ?? 0) - 1);
  }

  /** By the offsets that touched them; of one record's groups the order of their keys. */
  #reorder(): void {
    const groups = [...this.#groups.values()].sort(
      (a, b) => a.touched - b.touched || (a.key < b.key ? -1 : Number(a.key > b.key)),
    );
    this.#groups.clear();
    for (const place of this.#places.values()) place.clear();
    for (const group of groups) {
      this.#groups.set(group.key, group);
      this.#placeOf(group.tenant, group.project).set(group.label, group);
    }
  }
}

/** The key of a group: a JSON list of its stage, tenant, project and label. */
export function groupKey(stage: string, tenant: string, project: string, label: string): string {
  return JSON.stringify([stage, tenant, project, label]);
}

/** Bytes that a key takes in an index of a store: PostgreSQL's texts spend a fourth one on U+F8F0. */
export function groupKeyBytes(key: string): number {
  return Buffer.byteLength(key.replaceAll('\uf8f0', '0000'));
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
    isChanged: false,
    windows: packed.windows.map(([startMicros, metrics]) => ({
      startMicros,
      metrics: new Map(metrics.map(([metric, values]) => [metric, WindowValues.unpack(values)])),
    })),
  };
}
