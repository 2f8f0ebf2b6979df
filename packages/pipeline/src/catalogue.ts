import {
  type DeviceKey,
  MODEL_METRICS,
  mayTake,
  type SeriesDefinition,
  type SpeakingClient,
  type Verdict,
} from '@skerry/model';
import type { DeviceAccount, StoreState } from '@skerry/series';
import { DedupeWindow } from './dedupe-window.ts';
import { LIMITS } from './limits.ts';
import type { PathNode, RecordShape } from './metric-path.ts';
import { SequenceTracker } from './sequence-tracker.ts';
import type { Speaker } from './speaker-book.ts';

/** A device's account while it is counted. */
export type Account = { -readonly [K in keyof DeviceAccount]: DeviceAccount[K] } & {
  /** Number of the newest draft that is to seal it; the drafts'. */
  draft: number;
};

/** What is known about one device. Belongs to the pipeline; nothing of it crosses a thread. */
export interface DeviceState extends DeviceKey {
  readonly owner: ProjectState;
  readonly account: Account;
  /** Series id by metric. */
  readonly series: Map<string, number>;
  /** Of the metric that names its model; undefined without one. */
  modelSeries: number | undefined;
  /** Which nodes stood where in its last record, and their series: the next record mostly looks alike. */
  readonly lastNodes: PathNode[];
  readonly lastSeries: number[];
  /** Its last record, where the series of that were consecutive, from `firstSeries` on. */
  shape: RecordShape | undefined;
  firstSeries: number;
  window: DedupeWindow | undefined;
  sequence: SequenceTracker | undefined;
  /** Whom it was heard by last, and the clients that spoke for it over MQTT, the last one first. */
  speaker: Speaker | undefined;
  clients: readonly SpeakingClient[];
}

/** Verdict counts of one project, cumulative. */
export type VerdictTotals = Record<Verdict, number>;

/** What is known about one project. */
export interface ProjectState {
  readonly tenant: string;
  readonly project: string;
  readonly devices: Map<string, DeviceState>;
  /** By device id; the empty id holds records whose device could not be told. */
  readonly accounts: Map<string, Account>;
  readonly totals: VerdictTotals;
  /** What its tenant holds, in all its projects. */
  readonly holding: TenantHolding;
}

/** What a tenant has of what all share. */
export interface TenantHolding {
  devices: number;
  series: number;
}

/** All verdicts at 0. */
export function noVerdicts(): VerdictTotals {
  return { stored: 0, deduplicated: 0, filtered: 0, deadLettered: 0, discarded: 0, expired: 0 };
}

const NO_CLIENTS: readonly SpeakingClient[] = [];

/** Every project, device and series, with the limits on their number. */
export class Catalogue {
  readonly #projects = new Map<string, Map<string, ProjectState>>();
  readonly #holdings = new Map<string, TenantHolding>();
  readonly projects: ProjectState[] = [];
  readonly devices: DeviceState[] = [];
  /** Definition by series id. */
  readonly series: SeriesDefinition[] = [];
  readonly owners: DeviceState[] = [];
  /** Units by series, as they were told since the start. */
  readonly units = new Map<number, string>();
  /** The log's time at which the store stopped: nothing that it holds was received later. */
  restoredMicros = 0;
  #windows = 0;
  readonly #seriesMax: number;

  constructor(seriesMax: number = LIMITS.nodeSeriesMax.value) {
    this.#seriesMax = seriesMax;
  }

  /** The state of a project, made when it is new. */
  project(tenant: string, project: string): ProjectState {
    let byProject = this.#projects.get(tenant);
    if (!byProject) {
      byProject = new Map();
      this.#projects.set(tenant, byProject);
    }
    let state = byProject.get(project);
    if (!state) {
      const holding = this.#holdings.get(tenant) ?? { devices: 0, series: 0 };
      this.#holdings.set(tenant, holding);
      state = { tenant, project, devices: new Map(), accounts: new Map(), totals: noVerdicts(), holding };
      byProject.set(project, state);
      this.projects.push(state);
    }
    return state;
  }

  /** The state of a device, or undefined when it was never seen. */
  find(key: DeviceKey): DeviceState | undefined {
    return this.#projects.get(key.tenant)?.get(key.project)?.devices.get(key.device);
  }

  /** Adds a device; the caller asked `hasRoomForDevice`. */
  addDevice(owner: ProjectState, device: string): DeviceState {
    const state: DeviceState = {
      tenant: owner.tenant,
      project: owner.project,
      device,
      owner,
      account: accountOf(owner, device),
      series: new Map(),
      modelSeries: undefined,
      lastNodes: [],
      lastSeries: [],
      shape: undefined,
      firstSeries: 0,
      window: undefined,
      sequence: undefined,
      speaker: undefined,
      clients: NO_CLIENTS,
    };
    owner.devices.set(device, state);
    this.devices.push(state);
    owner.holding.devices++;
    return state;
  }

  /** Whether so many more devices of a tenant may be added. */
  hasRoomForDevices({ holding }: Pick<ProjectState, 'holding'>, count: number): boolean {
    const { value: max } = LIMITS.nodeDevicesMax;
    return mayTake({ held: holding.devices, total: this.devices.length, max }, count);
  }

  /** Whether a dead letter may make one more device known: a flood of ids in topics leaves room for those that store. */
  hasRoomForLetterDevice({ holding }: Pick<ProjectState, 'holding'>): boolean {
    const { value: max } = LIMITS.letterDevicesMax;
    return mayTake({ held: holding.devices, total: this.devices.length, max });
  }

  /** Whether so many more series of a tenant may be added to the store. */
  hasRoomForSeries({ holding }: Pick<ProjectState, 'holding'>, count: number): boolean {
    return mayTake({ held: holding.series, total: this.series.length, max: this.#seriesMax }, count);
  }

  /** Adds a series with the next id. */
  addSeries(device: DeviceState, metric: string): SeriesDefinition {
    const { tenant, project, device: id } = device;
    const definition = { id: this.series.length, tenant, project, device: id, metric };
    this.#keep(device, definition);
    return definition;
  }

  /** The device's dedupe window, made when it has none. */
  windowOf(device: DeviceState): DedupeWindow {
    if (!device.window) {
      device.window = new DedupeWindow();
      this.#windows++;
    }
    return device.window;
  }

  /** Entries one window may hold: 65,536, less when very many devices have one. */
  get windowEntriesMax(): number {
    const share = Math.floor(LIMITS.dedupeEntriesMax.value / Math.max(1, this.#windows));
    return Math.min(LIMITS.dedupeIdsMax.value, Math.max(LIMITS.dedupeShareMin.value, share));
  }

  /** Takes over what the store knows. */
  restore(state: StoreState): void {
    this.restoredMicros = state.logTimeMicros;
    for (const definition of state.series) {
      const owner = this.project(definition.tenant, definition.project);
      this.#keep(
        owner.devices.get(definition.device) ?? this.addDevice(owner, definition.device),
        definition,
      );
    }
    for (const stored of state.accounts) this.#restoreAccount(stored);
    for (const entries of state.dedupe) this.windowOf(this.#device(entries));
    for (const entries of state.dedupe) {
      this.windowOf(this.#device(entries)).restore(entries.bytes, this.windowEntriesMax);
    }
    const secs = Math.floor(state.logTimeMicros / 1e6);
    for (const device of this.devices) device.window?.evict(secs, this.windowEntriesMax);
    for (const gaps of state.gaps) {
      const device = this.#device(gaps);
      device.sequence ??= new SequenceTracker();
      device.sequence.restore(gaps);
    }
    for (const row of state.sessions.devices) {
      const device = this.find(row);
      if (device) device.clients = row.clients;
    }
  }

  #device(key: DeviceKey): DeviceState {
    return this.find(key) ?? this.addDevice(this.project(key.tenant, key.project), key.device);
  }

  #restoreAccount(stored: DeviceAccount): void {
    const owner = this.project(stored.tenant, stored.project);
    Object.assign(accountOf(owner, stored.device), stored);
    if (stored.device !== '' && !owner.devices.has(stored.device)) this.addDevice(owner, stored.device);
    for (const verdict of VERDICTS) owner.totals[verdict] += stored[verdict];
  }

  #keep(device: DeviceState, definition: SeriesDefinition): void {
    device.series.set(definition.metric, definition.id);
    const name = MODEL_METRICS.find((one) => device.series.has(one));
    if (name === definition.metric) device.modelSeries = definition.id;
    this.series[definition.id] = definition;
    device.owner.holding.series++;
    this.owners[definition.id] = device;
  }
}

/** Verdicts in the order of the ledger. */
export const VERDICTS = [
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
] as const satisfies readonly Verdict[];

/** The account of a device in a project, made when it is new. */
export function accountOf(owner: ProjectState, device: string): Account {
  let account = owner.accounts.get(device);
  if (!account) {
    const { tenant, project } = owner;
    account = {
      tenant,
      project,
      device,
      ...noVerdicts(),
      timeCorrected: 0,
      seqResets: 0,
      lastSeenMicros: 0,
      draft: 0,
    };
    owner.accounts.set(device, account);
  }
  return account;
}
