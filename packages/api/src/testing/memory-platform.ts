import type { Clock, MetricFamily } from '@skerry/kernel';
import {
  covers,
  type DeadLetter,
  type DeadLetterReason,
  type DeviceConnectivity,
  type DeviceKey,
  emptyAccounts,
  imbalanceOf,
  type LedgerAccounts,
  type LedgerReport,
  type PointValue,
  type SequenceGap,
} from '@skerry/model';
import type {
  AuditStep,
  ConnectivityQuery,
  DeadLetterChoice,
  DeadLetterEntry,
  DeadLetterOutcome,
  DeadLetterQuery,
  DeadLetterScope,
  DeviceDetail,
  DeviceEntry,
  DeviceQuery,
  DeviceRows,
  GapQuery,
  IncomingTelemetry,
  LatestValue,
  LiveDevice,
  LiveEvent,
  LiveFilter,
  OverviewFigures,
  Platform,
  PlatformConfiguration,
  ReadinessReason,
  TakenTelemetry,
} from '../platform.ts';
import { RefusalBook } from '../rooms/onboarding/refusal-book.ts';
import { LiveBuffer } from './live-buffer.ts';
import { MemoryChaos } from './memory-chaos.ts';
import { compareGaps, compareKeys, isMeant, isWithin } from './memory-order.ts';
import { columnsOf, MemorySeries } from './memory-series.ts';
import { MemorySimulations } from './memory-simulations.ts';
import { MemorySite } from './memory-site.ts';
import { MemoryStages } from './memory-stages.ts';

/** A record as a test hands it in. `values` undefined: it cannot be decoded and becomes a dead letter. */
export interface MemoryRecord extends DeviceKey {
  readonly timeMicros?: number;
  readonly values: Readonly<Record<string, PointValue>> | undefined;
  readonly payload?: Uint8Array;
  /** Number of the device's own, from which gaps are told. */
  readonly seq?: number;
}

interface Device {
  readonly key: DeviceKey;
  readonly series: Map<string, MemorySeries>;
  lastSeenMicros: number;
  highestSeq: number;
  stored: number;
  deadLettered: number;
}

type Accounts = { -readonly [K in keyof LedgerAccounts]: number };

const PAGE_ROWS = 500;

/** A platform in memory: records go in, everything else is worked out from them. For tests and for the page's preview. */
export class MemoryPlatform implements Platform {
  readonly #clock: Clock;
  readonly #devices = new Map<string, Device>();
  readonly #projects = new Map<string, Accounts & { tenant: string; project: string }>();
  readonly #letters = new Map<number, DeadLetter>();
  readonly #gaps: SequenceGap[] = [];
  readonly #live: LiveBuffer;
  readonly #connections = new Map<string, DeviceConnectivity>();
  #end = 0;
  #points = 0;
  /** What `readiness` answers; empty is ready. */
  reasons: ReadinessReason[] = [];
  /** What `metrics` answers. */
  families: MetricFamily[] = [];
  /** What `configuration` answers. */
  config: PlatformConfiguration = {
    version: '0.1.0',
    values: { http: { host: '127.0.0.1', port: 8080 } },
    settings: [
      {
        path: 'http.port',
        value: 8080,
        standard: 8080,
        source: 'default',
        origin: 'default',
        environment: 'SKERRY_HTTP_PORT',
        flag: '--http-port',
        description: 'Port of HTTP.',
      },
    ],
    listeners: [{ name: 'mqtt', host: '127.0.0.1', port: 1883 }],
    exampleTopic: 'iot/demo/site/my-device/telemetry',
    ownHost: '127.0.0.1',
    certificates: {},
    program: 'npx skerry',
  };
  /** Declared documents whose stages change nothing. */
  readonly stages: MemoryStages;
  /** Processes and what lies between them. */
  readonly site = new MemorySite();
  /** Simulations that publish nothing. */
  readonly simulation = new MemorySimulations();
  /** Chaos runs that send nothing. */
  readonly chaos = new MemoryChaos();
  /** What did not come through. */
  readonly refusals = new RefusalBook();
  /** Why nothing is taken in. */
  refusal: ReadinessReason | undefined;
  /** Records become durable when it resolves. */
  disk: Promise<void> = Promise.resolve();
  /** What `takeIn` was called with. */
  readonly incoming: IncomingTelemetry[] = [];
  /** Offsets of letters that a replay leaves open. */
  readonly failsAgain = new Set<number>();
  /** Added to the ledger's `stored` so that it does not balance. */
  miscount = 0;
  /** Iterations of `points` that were begun and not ended. */
  openIterations = 0;
  /** Rows `points` has handed out. */
  rowsRead = 0;

  constructor(clock: Clock, options: { readonly journal?: string; readonly liveBatchesMax?: number } = {}) {
    this.#clock = clock;
    this.stages = new MemoryStages(clock);
    this.#live = new LiveBuffer(options.journal ?? 'j1', options.liveBatchesMax ?? 1_000);
  }

  /** States how a device is connected. */
  connect(key: DeviceKey, how: DeviceConnectivity): void {
    this.#connections.set(nameOf(key), how);
  }

  /** Takes records in as one batch: visible at once, to live feeds too. */
  ingest(records: readonly MemoryRecord[]): void {
    const live: LiveDevice[] = [];
    for (const record of records) {
      const accounts = this.#project(record);
      accounts.received++;
      const offset = this.#end++;
      if (record.values === undefined) this.#setAside(record, offset);
      else live.push(this.#store(record, record.values, offset));
    }
    this.#live.add(live);
  }

  async overview(): Promise<OverviewFigures> {
    const ledger = await this.ledger();
    const series = [...this.#devices.values()].reduce((sum, device) => sum + device.series.size, 0);
    const letters = [...this.#letters.values()];
    return {
      recordsReceived: ledger.totals.received,
      pointsStored: this.#points,
      delay: this.#points > 0 ? { p50Ms: 42, p99Ms: 118 } : undefined,
      backlogRecords: ledger.totals.pending,
      backlogAgeMs: 0,
      devices: this.#devices.size,
      series,
      connections: Math.min(this.#devices.size, 4),
      deadLettersOpen: letters.filter((letter) => letter.state === 'open').length,
      journalBytes: this.#end * 240,
      journalBytesMax: 2_147_483_648,
      storeBytes: this.#points * 9,
      diskFreeBytes: 8_589_934_592,
      ledger,
    };
  }

  async devices(query: DeviceQuery): Promise<DeviceRows> {
    const needle = query.search?.toLowerCase() ?? '';
    const { seenFromMicros = 0, seenBeforeMicros = Number.POSITIVE_INFINITY, order, skip = 0 } = query;
    const found = [...this.#devices.values()]
      .filter(
        ({ key }) =>
          key.device.toLowerCase().includes(needle) &&
          (query.tenant ?? key.tenant) === key.tenant &&
          (query.project ?? key.project) === key.project &&
          (query.scopes?.some((scope) => covers(scope, key)) ?? true),
      )
      .sort((a, b) => compareKeys(a.key, b.key))
      .map(entryOf)
      .filter(({ lastSeenMicros }) => lastSeenMicros >= seenFromMicros && lastSeenMicros < seenBeforeMicros);
    if (order?.by === 'lastSeen') found.sort((a, b) => a.lastSeenMicros - b.lastSeenMicros);
    if (order?.by === 'metrics') found.sort((a, b) => a.metrics - b.metrics);
    if (order?.isDescending) found.reverse();
    const { after } = query;
    const rest = after ? found.filter((entry) => compareKeys(entry, after) > 0) : found;
    return { total: found.length, entries: rest.slice(skip, skip + query.limit) };
  }

  async device(key: DeviceKey): Promise<DeviceDetail | undefined> {
    const device = this.#devices.get(nameOf(key));
    if (!device) return undefined;
    const { received: _r, pending: _p, ...none } = emptyAccounts();
    return {
      ...entryOf(device),
      metricList: [...device.series].map(([metric, series]) => ({
        metric,
        type: typeOf(series.latest?.value ?? 0),
      })),
      accounts: { ...none, stored: device.stored, deadLettered: device.deadLettered },
      timeCorrected: 0,
      seqResets: 0,
      gaps: this.#gaps.filter((gap) => nameOf(gap) === nameOf(key)).length,
      connected: this.#connections.get(nameOf(key))?.now ?? 'never',
    };
  }

  async connectivity(query: ConnectivityQuery): Promise<DeviceConnectivity | undefined> {
    if (!this.#devices.has(nameOf(query.device))) return undefined;
    const known = this.#connections.get(nameOf(query.device));
    const events = known?.events.filter((one) => one.timeMicros < query.toMicros) ?? [];
    return { now: 'never', clients: [], leftOut: 0, isCut: false, ...known, events };
  }

  async latest(key: DeviceKey): Promise<LatestValue[] | undefined> {
    const device = this.#devices.get(nameOf(key));
    if (!device) return undefined;
    return [...device.series].flatMap(([metric, { latest }]) =>
      latest ? [{ metric, timeMicros: latest.timeMicros, value: latest.value }] : [],
    );
  }

  async *points(query: Parameters<Platform['points']>[0]): ReturnType<Platform['points']> {
    this.openIterations++;
    try {
      const series = this.#series(query.series);
      const rows = series?.range(query.fromMicros, query.toMicros, query.newestFirst, query.after) ?? [];
      const wanted = rows.slice(0, query.limit ?? rows.length);
      for (let from = 0; from < wanted.length; from += PAGE_ROWS) {
        const page = wanted.slice(from, from + PAGE_ROWS);
        this.rowsRead += page.length;
        yield columnsOf(page);
      }
    } finally {
      this.openIterations--;
    }
  }

  async buckets(query: Parameters<Platform['buckets']>[0]): ReturnType<Platform['buckets']> {
    const series = this.#series(query.series);
    const buckets = series?.buckets(query.fromMicros, query.toMicros, query.stepMicros) ?? [];
    return { buckets, resolutionMicros: 0 };
  }

  async extremes(query: Parameters<Platform['extremes']>[0]): ReturnType<Platform['extremes']> {
    return columnsOf(
      this.#series(query.series)?.extremes(query.fromMicros, query.toMicros, query.points) ?? [],
    );
  }

  async ledger(): Promise<LedgerReport> {
    const projects = [...this.#projects.values()].map((account) => ({
      ...account,
      stored: account.stored + this.miscount,
      receivedQos0: 0,
    }));
    const totals = emptyAccounts();
    for (const key of Object.keys(totals) as (keyof LedgerAccounts)[]) {
      // the keys of a plain object of accounts
      for (const project of projects) totals[key] += project[key];
    }
    const off = imbalanceOf(totals);
    const imbalances = off === 0 ? [] : [`received differs from the sum of the accounts by ${off}`];
    return { totals, balanced: off === 0, projects, imbalances, journalPending: 0 };
  }

  async *audit(signal: AbortSignal): AsyncGenerator<AuditStep> {
    for (let records = 0; records < this.#end && !signal.aborted; records += 1_000) {
      yield { kind: 'progress', records, recordsTotal: this.#end };
    }
    const { totals, balanced, imbalances } = await this.ledger();
    const findings = imbalances.map((detail) => ({
      tenant: '',
      project: '',
      device: '',
      offset: -1,
      detail,
    }));
    const range = { fromOffset: 0, toOffset: this.#end, records: this.#end };
    yield { kind: 'result', report: { balanced, ...range, totals, findings, findingsLeftOut: 0 } };
  }

  async gaps(query: GapQuery): Promise<SequenceGap[]> {
    const { after } = query;
    return this.#gaps
      .filter((gap) => isWithin(query, gap) && (!after || compareGaps(gap, after) > 0))
      .sort(compareGaps)
      .slice(0, query.limit);
  }

  async deadLetters(query: DeadLetterQuery): Promise<DeadLetterEntry[]> {
    return [...this.#letters.values()]
      .filter((letter) => isMeant(query, letter) && letter.offset > (query.after ?? -1))
      .slice(0, query.limit)
      .map(({ payload, ...entry }) => ({ ...entry, payloadBytes: payload.byteLength }));
  }

  async deadLetter(offset: number): Promise<DeadLetter | undefined> {
    return this.#letters.get(offset);
  }

  async deadLetterReasons(scope: DeadLetterScope): Promise<Record<DeadLetterReason, number>> {
    const open = [...this.#letters.values()].filter((letter) => isMeant({ ...scope, state: 'open' }, letter));
    const sum = {
      'unknown-topic': 0,
      'series-limit': 0,
      'too-many-points': 0,
      'stage-failed': 0,
      'kafka-refused': 0,
    };
    return { ...sum, undecodable: open.length };
  }

  async replayDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome> {
    return this.#change(choice, 'replayed', author);
  }

  async discardDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome> {
    return this.#change(choice, 'discarded', author);
  }

  live(
    filters: readonly LiveFilter[],
    afterId: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<readonly LiveEvent[]> {
    return this.#live.follow(filters, afterId, signal);
  }

  async metrics(): Promise<MetricFamily[]> {
    return this.families;
  }

  intakeRefusal(): ReadinessReason | undefined {
    return this.refusal;
  }

  async takeIn(telemetry: IncomingTelemetry): Promise<TakenTelemetry> {
    this.incoming.push(telemetry);
    await this.disk;
    const { tenant, project, device, payloads, contentType } = telemetry;
    const firstOffset = this.#end;
    const isJson = contentType.endsWith('json');
    for (const payload of payloads)
      this.ingest([{ tenant, project, device, payload, values: isJson ? numbersIn(payload) : {} }]);
    return { firstOffset, lastOffset: this.#end - 1 };
  }

  readiness(): ReadinessReason[] {
    return this.reasons;
  }

  configuration(): PlatformConfiguration {
    return this.config;
  }

  #store(record: MemoryRecord, values: Readonly<Record<string, PointValue>>, offset: number): LiveDevice {
    const now = this.#clock.nowMicros();
    const timeMicros = record.timeMicros ?? now;
    const device = this.#device(record);
    device.lastSeenMicros = Math.max(device.lastSeenMicros, Math.min(now, timeMicros));
    device.stored++;
    this.#project(record).stored++;
    this.#follow(device, record.seq);
    const points = Object.entries(values).map(([metric, value]) => ({ metric, timeMicros, value }));
    for (const [ordinal, { metric, value }] of points.entries()) {
      const series = device.series.get(metric) ?? new MemorySeries();
      device.series.set(metric, series);
      series.add({ timeMicros, offset, ordinal, value });
      this.#points++;
    }
    return { ...device.key, points };
  }

  #follow(device: Device, seq: number | undefined): void {
    if (seq === undefined) return;
    if (device.highestSeq >= 0 && seq > device.highestSeq + 1) {
      this.#gaps.push({ ...device.key, epoch: '1', from: device.highestSeq + 1, to: seq - 1 });
    }
    device.highestSeq = Math.max(device.highestSeq, seq);
  }

  #setAside(record: MemoryRecord, offset: number): void {
    this.#project(record).deadLettered++;
    const { tenant, project, device } = record;
    this.#letters.set(offset, {
      offset,
      receivedMicros: record.timeMicros ?? this.#clock.nowMicros(),
      tenant,
      project,
      device,
      topic: `iot/${tenant}/${project}/${device}/telemetry`,
      client: 'memory',
      reason: 'undecodable',
      detail: 'byte 0: found no JSON value, wanted an object, an array or a number',
      stage: 'decode',
      payload: record.payload ?? new Uint8Array(0),
      qos: 1,
      state: 'open',
      author: '',
      changedMicros: 0,
    });
  }

  #change(choice: DeadLetterChoice, state: 'replayed' | 'discarded', author: string): DeadLetterOutcome {
    const meant = [...this.#letters.values()].filter((letter) =>
      'offset' in choice ? letter.offset === choice.offset : isMeant(choice.filter, letter),
    );
    const open = meant.filter((letter) => letter.state === 'open');
    const taken = open.filter(({ offset }) => state === 'discarded' || !this.failsAgain.has(offset));
    for (const letter of taken) {
      this.#letters.set(letter.offset, { ...letter, state, author, changedMicros: this.#clock.nowMicros() });
      const accounts = this.#project(letter);
      accounts.deadLettered--;
      if (state === 'replayed') accounts.stored++;
      else accounts.discarded++;
    }
    return {
      changed: taken.length,
      failedAgain: open.length - taken.length,
      undecided: 0,
      unchanged: meant.length - open.length,
    };
  }

  #series(key: DeviceKey & { readonly metric: string }): MemorySeries | undefined {
    return this.#devices.get(nameOf(key))?.series.get(key.metric);
  }

  #project({ tenant, project }: Pick<DeviceKey, 'tenant' | 'project'>) {
    const name = JSON.stringify([tenant, project]);
    const known = this.#projects.get(name) ?? { tenant, project, ...emptyAccounts() };
    this.#projects.set(name, known);
    return known;
  }

  #device({ tenant, project, device }: DeviceKey): Device {
    const key = { tenant, project, device };
    const known = this.#devices.get(nameOf(key)) ?? {
      key,
      series: new Map(),
      lastSeenMicros: 0,
      highestSeq: -1,
      stored: 0,
      deadLettered: 0,
    };
    this.#devices.set(nameOf(key), known);
    return known;
  }
}

/** The numbers of a JSON object, by name; undefined for anything else, which becomes a dead letter. */
function numbersIn(payload: Uint8Array): Record<string, number> | undefined {
  const found: unknown = JSON.parse(new TextDecoder().decode(payload));
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const numbers = Object.entries(found).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(numbers);
}

function nameOf(key: DeviceKey): string {
  return JSON.stringify([key.tenant, key.project, key.device]);
}

function entryOf({ key, lastSeenMicros, series }: Device): DeviceEntry {
  return { ...key, lastSeenMicros, metrics: series.size };
}

function typeOf(value: PointValue): 'number' | 'integer' | 'boolean' | 'text' {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'boolean' : 'number';
}
