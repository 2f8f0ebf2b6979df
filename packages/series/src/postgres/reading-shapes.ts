import type {
  DeadLetter,
  DeadLetterReason,
  DeviceConnectivity,
  DeviceKey,
  LedgerAccounts,
  PointValue,
  RoleReport,
  Scope,
  SequenceGap,
  SeriesKey,
  ValueType,
} from '@skerry/model';
import type {
  BucketPage,
  DeadLetterFilter,
  DeadLetterHead,
  PointPage,
  SeriesQuery,
  StageRow,
} from '../store.ts';
import type { GatewayTell } from './gateway-accounts.ts';

/** Which devices to list: by (tenant, project, device) unless `order` says otherwise. As the pipeline's question of that name. */
export interface ReadingDeviceQuery {
  /** Part of the device id, without regard to case. */
  readonly search?: string;
  readonly tenant?: string;
  readonly project?: string;
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
  readonly seenFromMicros?: number;
  readonly seenBeforeMicros?: number;
  readonly order?: { readonly by: 'device' | 'lastSeen' | 'metrics'; readonly isDescending: boolean };
  /** Only those behind this one; without `order` only. */
  readonly after?: DeviceKey;
  readonly skip?: number;
  readonly limit: number;
  readonly atMicros?: number;
}

/** A device as lists show it. */
export interface ReadingDevice extends DeviceKey {
  readonly lastSeenMicros: number;
  readonly metrics: number;
}

/** A device with what is known about it, accounts summed over sources. */
export interface ReadingDeviceDetail extends ReadingDevice {
  readonly metricList: readonly {
    readonly metric: string;
    readonly type: ValueType;
    readonly series: number;
  }[];
  readonly accounts: Omit<LedgerAccounts, 'received' | 'pending'>;
  readonly timeCorrected: number;
  readonly seqResets: number;
  readonly gaps: number;
  readonly connected: DeviceConnectivity['now'];
}

/** Newest value of a metric by event time. */
export interface ReadingLatest {
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/** Which gaps to list: by (tenant, project, device, epoch, from), those after `after`. */
export interface ReadingGapQuery extends Partial<DeviceKey> {
  readonly scopes?: readonly Scope[];
  readonly after?: SequenceGap;
  readonly limit: number;
}

/** Which dead letters to list; `after` is a public number. */
export interface ReadingLetterFilter extends DeadLetterFilter {
  readonly scopes?: readonly Scope[];
}

/** A question about one series, named. */
export type ReadingPointsQuery = Omit<SeriesQuery, 'series'> & { readonly series: SeriesKey };

/** Verdicts of one project over all sources. */
export interface ReadingVerdicts extends Omit<LedgerAccounts, 'received' | 'pending'> {
  readonly tenant: string;
  readonly project: string;
  /** Those of `deduplicated` that were sent again between gateway and Kafka: one record each with a verdict too many. */
  readonly repeated: number;
}

/** Verdicts, the positions that they belong to, and what gateways have told, all of one moment. */
export interface ReadingLedger {
  readonly projects: readonly ReadingVerdicts[];
  /** Telemetry records below the positions, counted by the pipelines: what the verdicts have to sum up to. */
  readonly telemetryPosition: number;
  readonly sources: readonly Pick<
    ReadingSource,
    'journalId' | 'label' | 'position' | 'shift' | 'telemetryPosition'
  >[];
  readonly gateways: readonly ReadingGateway[];
  /** Where records were taken in first, as the pipelines have seen it. */
  readonly origins: readonly ReadingOrigin[];
}

/** What a gateway has told of its journal. */
export interface ReadingGateway extends Omit<GatewayTell, 'isEnded'> {
  readonly isEnded: boolean;
  /** By the server's clock, microseconds since 1970. */
  readonly toldMicros: number;
}

/** A journal of origin, over all sources. */
export interface ReadingOrigin {
  readonly journalId: string;
  /** Highest offset there that has a verdict somewhere. */
  readonly offset: number;
  /** Telemetry records of it that had a verdict, each counted once. */
  readonly records: number;
  /** Records that never came. */
  readonly lost: number;
}

/** One source as it is committed. */
export interface ReadingSource {
  readonly id: number;
  readonly journalId: string;
  readonly label: string;
  readonly owner: string;
  readonly epoch: number;
  readonly seal: number;
  readonly position: number;
  /** What the writer adds to the offsets of Kafka: those that were taken when Kafka lost the end of its log. */
  readonly shift: number;
  readonly telemetryPosition: number;
  readonly points: number;
  readonly logTimeMicros: number;
  /** By the server's clock, microseconds since 1970; 0 for never. */
  readonly sealedMicros: number;
  /** Seals that the tables of devices, and the rollups, do not have yet. */
  readonly foldLag: number;
  readonly rollupLag: number;
}

/** A process of the site, as it told last. */
export interface ReadingRole {
  readonly id: string;
  readonly report: RoleReport;
  readonly isEnded: boolean;
  /** By the server's clock, microseconds since 1970. */
  readonly toldMicros: number;
  readonly ageMs: number;
}

/** What a further store of points has of one source. */
export interface ReadingSink {
  readonly name: string;
  readonly label: string;
  readonly journalId: string;
  /** The last seal that it has, and the last that is committed. */
  readonly seal: number;
  readonly committed: number;
  readonly points: number;
  readonly refused: number;
  /** Seals that retention removed before it had them. */
  readonly missed: number;
  /** Age of the oldest committed seal that it does not have; 0 without one. */
  readonly behindMs: number;
  /** Time until retention removes that seal, 0 when it has removed some; undefined without one, and before a writer has said for how long points are kept. */
  readonly retentionLeftMs: number | undefined;
  /** What it said to the newest point that it refused. */
  readonly lastRefusal: { readonly reason: string; readonly atMicros: number } | undefined;
}

/** What the store holds. */
export interface ReadingFigures {
  readonly bytes: number;
  /** Ever written. */
  readonly points: number;
  readonly devices: number;
  readonly series: number;
  readonly deadLettersOpen: number;
  readonly sources: readonly ReadingSource[];
}

/** A point as a live feed shows it. */
export interface ReadingPoint extends SeriesKey {
  readonly timeMicros: number;
  readonly value: PointValue;
  /** Public number of its record. */
  readonly offset: number;
  readonly ordinal: number;
}

/** Which changes are asked for. */
export interface ReadingChangeFilter extends Partial<SeriesKey> {
  readonly scopes?: readonly Scope[];
}

/** Points of seals that were committed after a cursor, seal by seal. */
export interface ReadingChanges {
  readonly points: readonly ReadingPoint[];
  /** Where the next call goes on. Opaque. */
  readonly cursor: string;
  /** More is there already. */
  readonly isMore: boolean;
  /** Sources of which seals after the cursor are gone by retention: by label. */
  readonly gaps: readonly string[];
}

/** How many devices a tenant has. */
export interface ReadingTenant {
  readonly tenant: string;
  /** Empty for those that tell none. */
  readonly model: string;
  readonly devices: number;
  readonly fresh: number;
}

/**
 * What `skerry cloud` asks of all sources. Points, newest values, dead letters and verdicts are as of the last commits;
 * accounts, gaps and last receipts of devices follow within the time between two folds.
 */
export interface PostgresReadings {
  devices(
    query: ReadingDeviceQuery,
  ): Promise<{ readonly total: number; readonly entries: readonly ReadingDevice[] }>;
  /** Devices of each tenant and model, of one tenant most devices first, and those of them that were heard of at or after `seenFromMicros`. */
  census(seenFromMicros: number): Promise<readonly ReadingTenant[]>;
  /** Undefined when the device was never seen; `latest`, `points` and `connectivity` likewise. */
  device(key: DeviceKey): Promise<ReadingDeviceDetail | undefined>;
  latest(key: DeviceKey): Promise<readonly ReadingLatest[] | undefined>;
  gaps(query: ReadingGapQuery): Promise<readonly SequenceGap[]>;
  /** `offsets` are public numbers. Fails with `query-refused`, `deadline-passed`. */
  points(query: ReadingPointsQuery): Promise<PointPage | BucketPage | undefined>;
  /** By public number, position * 4096 + source, which stands in place of the offset. */
  deadLetters(filter: ReadingLetterFilter): Promise<readonly DeadLetterHead[]>;
  deadLetter(number: number): Promise<DeadLetter | undefined>;
  /** Open ones of each reason. */
  deadLetterReasons(
    filter: Omit<ReadingLetterFilter, 'limit'>,
  ): Promise<Readonly<Record<DeadLetterReason, number>>>;
  ledger(): Promise<ReadingLedger>;
  connectivity(query: {
    readonly device: DeviceKey;
    readonly fromMicros: number;
    readonly toMicros: number;
    readonly limit: number;
  }): Promise<DeviceConnectivity | undefined>;
  /** Rows of declared pipelines and of whatever else pipelines keep, by source, in the order in which they were made. */
  stageRows(): Promise<ReadonlyMap<number, readonly StageRow[]>>;
  /** Every source as it is committed; quicker than `figures`. */
  sources(): Promise<readonly ReadingSource[]>;
  figures(): Promise<ReadingFigures>;
  /** Processes of the site, by role and place, the ended ones among them. */
  roles(): Promise<readonly ReadingRole[]>;
  /** Further stores of points, by name and source. */
  sinks(): Promise<readonly ReadingSink[]>;
  /** The cursor behind everything that is committed. */
  now(): Promise<string>;
  /** At most about `pointsMax` points: whole seals, at least one. Fails with `query-refused` for a cursor that was not given out here. */
  changes(cursor: string, filter: ReadingChangeFilter, pointsMax: number): Promise<ReadingChanges>;
}
