import type { MetricFamily } from '@skerry/kernel';
import type {
  DeadLetter,
  DeadLetterReason,
  DeadLetterState,
  DeviceConnectivity,
  DeviceKey,
  LedgerAccounts,
  LedgerReport,
  PointValue,
  Scope,
  SequenceGap,
  SeriesKey,
  ValueType,
} from '@skerry/model';
import type { ShownCertificates } from './rooms/onboarding/device-ways.ts';
import type { RefusalBook } from './rooms/onboarding/refusal-book.ts';
import type { StagePlatform } from './rooms/pipeline/stage-platform.ts';
import type { ChaosDesk } from './rooms/simulation/chaos-desk.ts';
import type { SimulationDesk } from './rooms/simulation/simulation-desk.ts';
import type { SitePlatform } from './rooms/site/site-platform.ts';

/** The numbers behind the overview at one moment. Totals count since the data folder was made and only grow. */
export interface OverviewFigures {
  readonly recordsReceived: number;
  readonly pointsStored: number;
  /** Time from receipt to visibility over the last minute; undefined while nothing was seen. */
  readonly delay: { readonly p50Ms: number; readonly p99Ms: number } | undefined;
  /** Durable records without a verdict, and the age of the oldest of them in milliseconds. */
  readonly backlogRecords: number;
  readonly backlogAgeMs: number;
  readonly devices: number;
  readonly series: number;
  /** MQTT connections now. */
  readonly connections: number;
  readonly deadLettersOpen: number;
  readonly journalBytes: number;
  readonly journalBytesMax: number;
  readonly storeBytes: number;
  /** Bytes that the disk of the data folder has left; undefined where it is not known. */
  readonly diskFreeBytes: number | undefined;
  readonly ledger: LedgerReport;
}

/** A device as the list shows it. */
export interface DeviceEntry extends DeviceKey {
  /** Newest receipt, microseconds since 1970; newest event time where no receipt is known since the start. */
  readonly lastSeenMicros: number;
  readonly metrics: number;
}

/** What is known about one metric of a device. */
export interface MetricEntry {
  readonly metric: string;
  readonly type: ValueType;
}

/** A device with everything the platform keeps about it, except its points. */
export interface DeviceDetail extends DeviceEntry {
  readonly metricList: readonly MetricEntry[];
  /** Verdicts of its records. */
  readonly accounts: Omit<LedgerAccounts, 'received' | 'pending'>;
  readonly timeCorrected: number;
  readonly seqResets: number;
  /** Open gaps in its own sequence numbers. */
  readonly gaps: number;
  /** Whether a client that speaks for it is connected. */
  readonly connected: DeviceConnectivity['now'];
}

/** Which events of a device's connections: [fromMicros, toMicros), the newest `limit`. */
export interface ConnectivityQuery {
  readonly device: DeviceKey;
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly limit: number;
}

/** How a list of devices is ordered. */
export interface DeviceOrder {
  readonly by: 'device' | 'lastSeen' | 'metrics';
  readonly isDescending: boolean;
}

/** Which devices to list: by (tenant, project, device) unless `order` says otherwise. */
export interface DeviceQuery {
  /** Part of the device id, without regard to case. */
  readonly search?: string;
  readonly tenant?: string;
  readonly project?: string;
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
  /** Only devices last seen at or after this moment, and only those last seen before that one; microseconds since 1970. */
  readonly seenFromMicros?: number;
  readonly seenBeforeMicros?: number;
  readonly order?: DeviceOrder;
  /** Only those behind this one; without `order` only. */
  readonly after?: DeviceKey;
  /** Rows left out at the beginning (behind `after`). */
  readonly skip?: number;
  readonly limit: number;
  /** Now; a list asked for again within seconds may be cut from the one made before. */
  readonly atMicros?: number;
}

/** A cut of a list of devices. */
export interface DeviceRows {
  /** Devices of the whole list. */
  readonly total: number;
  readonly entries: readonly DeviceEntry[];
}

/** Newest value of a metric by event time. */
export interface LatestValue {
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/** Position of a raw point; a page starts after it. */
export interface PointPosition {
  readonly timeMicros: number;
  readonly offset: number;
  readonly ordinal: number;
}

/** A question about one series over [fromMicros, toMicros). */
export interface RangeQuery {
  readonly series: SeriesKey;
  readonly fromMicros: number;
  readonly toMicros: number;
  /** For one page or aggregation; passing it fails with code `deadline-passed` or `query-deadline`. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Raw points in columns, ordered by (time, offset, ordinal). All columns have the length of `times`. */
export interface PointRows {
  readonly times: Float64Array;
  readonly values: readonly PointValue[];
  readonly offsets: Float64Array;
  readonly ordinals: Uint16Array;
}

/** One bucket of a time grid; `first` and `last` by event time. */
export interface BucketRow {
  readonly startMicros: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly first: number;
  readonly last: number;
}

/** Buckets that hold points. `resolutionMicros`: the coarsest step used where raw points are gone, else 0. */
export interface BucketRows {
  readonly buckets: readonly BucketRow[];
  readonly resolutionMicros: number;
}

/** A part of an audit's answer: how far it is, or what it found. */
export type AuditStep =
  | { readonly kind: 'progress'; readonly records: number; readonly recordsTotal: number }
  | { readonly kind: 'result'; readonly report: AuditReport };

/** One thing an audit found wrong. `offset` is -1 where no single record is meant. */
export interface AuditFinding {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly offset: number;
  readonly detail: string;
}

/** The outcome of recounting journal and store record by record. */
export interface AuditReport {
  readonly balanced: boolean;
  /** First journal offset recounted; what lies before comes from the checkpoint. */
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly records: number;
  readonly totals: LedgerAccounts;
  readonly findings: readonly AuditFinding[];
  /** Findings beyond those listed. */
  readonly findingsLeftOut: number;
}

/** Which gaps to list, by (tenant, project, device, epoch, from), those after `after`. */
export interface GapQuery {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
  readonly after?: SequenceGap;
  readonly limit: number;
}

/** A narrowing of dead letters; an absent member narrows nothing. */
export interface DeadLetterNarrowing {
  readonly state?: DeadLetterState;
  readonly reason?: DeadLetterReason;
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
}

/** Which open dead letters to count. */
export type DeadLetterScope = Pick<DeadLetterNarrowing, 'tenant' | 'project' | 'device' | 'scopes'>;

/** Which dead letters to list, by offset, those above `after`. */
export interface DeadLetterQuery extends DeadLetterNarrowing {
  readonly after?: number;
  readonly limit: number;
}

/** A dead letter without its bytes. */
export type DeadLetterEntry = Omit<DeadLetter, 'payload'> & { readonly payloadBytes: number };

/** Which dead letters a replay or discard means: one, or all open ones of a narrowing. */
export type DeadLetterChoice =
  | { readonly offset: number }
  | { readonly filter: Omit<DeadLetterNarrowing, 'state'> };

/** What became of the letters of a replay or discard, each counted once. */
export interface DeadLetterOutcome {
  /** Were open and are not any more. */
  readonly changed: number;
  /** Went through the pipeline again, which refused them again: still open. */
  readonly failedAgain: number;
  /** Asked for durably, and not judged yet when the wait for the pipeline ended. */
  readonly undecided: number;
  /** Were not open; nothing happens to those. */
  readonly unchanged: number;
}

/** A subscription to points; an absent member means every one. */
export interface LiveFilter {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  readonly metric?: string;
}

/** Points of one device that became visible. */
export interface LiveDevice extends DeviceKey {
  readonly points: readonly {
    readonly metric: string;
    readonly timeMicros: number;
    readonly value: PointValue;
  }[];
}

/** What a live feed says. Resuming after `id` continues with the next batch, without gap or duplicate. */
export type LiveEvent =
  | { readonly event: 'points'; readonly id: string; readonly data: readonly LiveDevice[] }
  /** Points between two positions are not in the feed any more; `missed` where it can be told. */
  | {
      readonly event: 'gap';
      readonly id: string;
      readonly data: {
        readonly after: string;
        readonly reason: string;
        readonly missed: number | undefined;
      };
    };

/** Telemetry of one device as it goes into the journal. */
export interface IncomingTelemetry extends DeviceKey {
  /** Who sends, as the records name it. */
  readonly client: string;
  /** Media type of each payload, without parameters. */
  readonly contentType: string;
  /** A record each, in this order; at least one. */
  readonly payloads: readonly Uint8Array[];
  /** The records' own ids, as many as payloads; without them only what the payloads say of themselves. */
  readonly messageIds?: readonly string[];
}

/** Where the journal holds records that were taken in together. */
export interface TakenTelemetry {
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** Why the platform is not ready: a stable code and the facts in words. */
export interface ReadinessReason {
  readonly code: string;
  readonly detail: string;
}

/** One key of the configuration: its value, where that comes from, and each way to change it. */
export interface PlatformSetting {
  /** Keys joined by dots: `http.port`. */
  readonly path: string;
  readonly value: unknown;
  /** What holds when nothing is set; null where that depends on the machine. */
  readonly standard: unknown;
  readonly source: 'default' | 'file' | 'environment' | 'flag';
  /** The source by its name: a variable, a flag, a file. */
  readonly origin: string;
  /** Name of its environment variable. */
  readonly environment: string;
  /** Its flag, with the hyphens. */
  readonly flag: string;
  readonly description: string;
}

/** The configuration in force, without secrets. */
export interface PlatformConfiguration {
  readonly version: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Every key, in the order of the schema. */
  readonly settings: readonly PlatformSetting[];
  /** Addresses that are open, with the ports that were picked. `mqtt` is among them. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** A topic that ends as telemetry of a new device, for instructions; `my-device` is its device. */
  readonly exampleTopic: string;
  /** Name or address by which other machines reach this one; loopback where there is none. */
  readonly ownHost: string;
  /** What TLS shows, as it is in force now. */
  readonly certificates: ShownCertificates;
  /** How the command line is called on this machine: `skerry`, or `npx skerry` in its folder. */
  readonly program: string;
}

/**
 * What the HTTP API asks of the platform behind it. Plain data only; every answer is a snapshot the caller may keep.
 * Nothing above the journal's durable offset is ever shown. Faults are `CodedError`s.
 */
export interface Platform {
  /** Declared pipelines and lookup tables. */
  readonly stages: StagePlatform;
  /** Processes, partitions, sinks and sources. */
  readonly site: SitePlatform;
  overview(): Promise<OverviewFigures>;
  devices(query: DeviceQuery): Promise<DeviceRows>;
  /** Undefined when the device was never seen. */
  connectivity(query: ConnectivityQuery): Promise<DeviceConnectivity | undefined>;
  /** Undefined when the device was never seen; the next three likewise for the device or the series. */
  device(key: DeviceKey): Promise<DeviceDetail | undefined>;
  latest(key: DeviceKey): Promise<readonly LatestValue[] | undefined>;
  /**
   * Raw points from the oldest (or newest) on, page by page, at most `limit` of them; ending the iteration ends the
   * work. Undefined `limit`: all. Memory is flat: one page is held.
   */
  points(
    query: RangeQuery & {
      readonly newestFirst: boolean;
      readonly after: PointPosition | undefined;
      readonly limit: number | undefined;
    },
  ): AsyncIterable<PointRows>;
  /** Buckets aligned to multiples of `stepMicros` since 1970; numbers only. */
  buckets(query: RangeQuery & { readonly stepMicros: number }): Promise<BucketRows>;
  /** At most `points` raw points that keep the extremes (first, min, max, last of equal slices); numbers and exact integers only. */
  extremes(query: RangeQuery & { readonly points: number }): Promise<PointRows>;
  ledger(): Promise<LedgerReport>;
  /** Recounts; the last step is the result. */
  audit(signal: AbortSignal): AsyncIterable<AuditStep>;
  gaps(query: GapQuery): Promise<readonly SequenceGap[]>;
  deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetterEntry[]>;
  deadLetter(offset: number): Promise<DeadLetter | undefined>;
  /** How many are open of each reason; every reason is named. */
  deadLetterReasons(scope: DeadLetterScope): Promise<Readonly<Record<DeadLetterReason, number>>>;
  /** Resolves when the request is durable and, within bounds, the letters are judged. Asking twice is harmless. */
  replayDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome>;
  discardDeadLetters(choice: DeadLetterChoice, author: string): Promise<DeadLetterOutcome>;
  /**
   * Points as they become visible, in batches, for any of `filters`. `afterId` undefined: from now on. An `afterId`
   * that cannot be continued from is answered with a first event `gap`. Ends when `signal` is aborted.
   */
  live(
    filters: readonly LiveFilter[],
    afterId: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<readonly LiveEvent[]>;
  /** Why no telemetry is taken in at the moment; undefined when it is. */
  intakeRefusal(): ReadinessReason | undefined;
  /**
   * Appends records like publications at QoS 1; resolves when all of them are durable. While the journal takes nothing it
   * stays open, and the records stay on their way. Fails with `invalid-request` for an id that no topic can hold.
   */
  takeIn(telemetry: IncomingTelemetry): Promise<TakenTelemetry>;
  metrics(): Promise<readonly MetricFamily[]>;
  /** Empty when ready. */
  readiness(): readonly ReadinessReason[];
  /** What is not as agreed and keeps the platform from nothing; nothing when absent. */
  notes?(): readonly ReadinessReason[];
  configuration(): PlatformConfiguration;
  /** Simulated worlds that publish as devices do. */
  readonly simulation: SimulationDesk;
  /** Runs that send every bad input. */
  readonly chaos: ChaosDesk;
  /** What did not come through in the last minutes. */
  readonly refusals: Pick<RefusalBook, 'since' | 'note'>;
}
