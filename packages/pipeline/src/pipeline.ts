import type { Journal, StoredBatch } from '@skerry/journal';
import type { Clock, FailpointHook, Logger, Meter } from '@skerry/kernel';
import type {
  DeadLetter,
  DeadLetterReason,
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
import type {
  BucketPage,
  DeadLetterFilter,
  DeadLetterHead,
  PointPage,
  SeriesQuery,
  SeriesStore,
} from '@skerry/series';
import type { RebirthCause, RebirthWanted } from './decoders/sparkplug-book.ts';
import type { LiveFilter, LiveSubscription } from './live-subscription.ts';
import type { PipelineTracing } from './pipeline-trace.ts';
import type { RouteConfig } from './routes.ts';
import type { StageDesk } from './stages/stage-desk.ts';

/** How a pipeline works; what is absent has the value of `LIMITS`. */
export interface PipelineOptions {
  readonly routes: RouteConfig;
  readonly sealPoints?: number;
  readonly sealRecords?: number;
  readonly sealAgeMs?: number;
  readonly sealIdleMs?: number;
  readonly nodeSeriesMax?: number;
  readonly liveRowsMax?: number;
  /** A device not heard of for so long counts as stale in `iot_device_status`; 5 minutes when absent. */
  readonly staleMs?: number;
  /** Records below this offset were visible before: they are read again after a restart, and their delay is not counted. None when absent. */
  readonly seenEnd?: number;
  /** Where readers see points: in the head (`decode`, when absent), or after the seal's transaction (`commit`), where they ask another process. */
  readonly visibleAt?: 'decode' | 'commit';
  /** Whether `iot_device_status` tells of each device; false when absent. */
  readonly perDeviceStatus?: boolean;
}

/** What a pipeline works with. */
export interface PipelineNeeds {
  readonly journal: Pick<
    Journal,
    'id' | 'start' | 'end' | 'telemetryEnd' | 'received' | 'read' | 'waitBeyond' | 'commit'
  >;
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
  /** Gives everything else on the thread a turn; a pause of 0 ms of the clock when absent. */
  readonly breathe?: () => Promise<void>;
  /** Asks a Sparkplug edge node for its births: told when they become wanted, at the start of those still wanted, and again while it sends without them, at most every `LIMITS.rebirthEveryMs`. */
  readonly rebirthWanted?: (node: RebirthWanted, cause: RebirthCause) => void;
  /** Follows records that bring a trace context; absent where nothing is traced. */
  readonly tracing?: PipelineTracing | undefined;
}

/** A device as lists show it. */
export interface DeviceEntry extends DeviceKey {
  /** Newest receipt since the start, else newest event time; microseconds since 1970, 0 without either. */
  readonly lastSeenMicros: number;
  readonly metrics: number;
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

/** A device with what is known about it. */
export interface DeviceDetail extends DeviceEntry {
  readonly metricList: readonly {
    readonly metric: string;
    readonly type: ValueType;
    readonly series: number;
  }[];
  readonly accounts: Omit<LedgerAccounts, 'received' | 'pending'>;
  readonly timeCorrected: number;
  readonly seqResets: number;
  /** Open gaps in its own numbering. */
  readonly gaps: number;
  /** Whether a client that speaks for it is connected; `never`: none is known. */
  readonly connected: DeviceConnectivity['now'];
}

/** Which events of a device's connections: [fromMicros, toMicros), the newest `limit`. */
export interface ConnectivityQuery {
  readonly device: DeviceKey;
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly limit: number;
}

/** Newest value of a metric by event time. */
export interface LatestValue {
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/** Which gaps to list: by (tenant, project, device, epoch, from), those after `after`. */
export interface GapQuery {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
  readonly after?: SequenceGap;
  readonly limit: number;
}

/** Which dead letters to list. */
export interface ScopedDeadLetterFilter extends DeadLetterFilter {
  /** Only what lies in one of them; absent: everything. */
  readonly scopes?: readonly Scope[];
}

/** Which open dead letters to count; an absent member narrows nothing. */
export type DeadLetterScope = Pick<ScopedDeadLetterFilter, 'tenant' | 'project' | 'device' | 'scopes'>;

/** How many dead letters are open of each reason. */
export type OpenReasons = Readonly<Record<DeadLetterReason, number>>;

/** A question about one series, named. */
export type PointsQuery = Omit<SeriesQuery, 'series'> & { readonly series: SeriesKey };

/** Something that somebody must look at. */
export interface PipelineAlarm {
  readonly code: 'ledger-imbalance' | 'journal-miscount' | 'seal-retry' | 'origin-gap';
  readonly detail: string;
}

/** Numbers of the moment. Totals count since the data folder was made, rates come from their differences. */
export interface PipelineFigures {
  /** Offset up to which records have a verdict, and up to which it is durable. */
  readonly position: number;
  readonly committedPosition: number;
  readonly recordsReceived: number;
  /** Points added since the start of the process. */
  readonly pointsDecoded: number;
  readonly delay: { readonly p50Ms: number; readonly p99Ms: number } | undefined;
  /** Durable telemetry records that are not visible yet, and the time since the newest one that is, while there are some. */
  readonly backlogRecords: number;
  readonly backlogAgeMs: number;
  readonly devices: number;
  readonly series: number;
  readonly deadLettersOpen: number;
  readonly headPoints: number;
  readonly alarms: readonly PipelineAlarm[];
  readonly ledger: LedgerReport;
}

/** The runner from journal to store. Everything is a snapshot the caller may keep; nothing above the durable end is shown. */
export interface Pipeline extends AsyncDisposable {
  /** Offset after the last record that has a verdict. */
  readonly position: number;
  /** Offset after the last record whose verdict is durable. */
  readonly committedPosition: number;
  /** Rejects with the reason when the pipeline cannot go on; resolves when it was disposed. */
  readonly ended: Promise<void>;
  /** Hands over a durable batch right after its append; false when it is not the next one or there is no room. The pipeline owns the bytes of a batch it took. */
  offer(batch: StoredBatch): boolean;
  /** Resolves with the committed position when everything that was durable at the call is sealed. */
  flush(): Promise<number>;
  /** A feed of points behind `cursor`, or from now on. Fails with `live-refused`, `cursor-invalid`. */
  subscribe(filters: readonly LiveFilter[], cursor: string | undefined): LiveSubscription;
  devices(query: DeviceQuery): DeviceRows;
  /** Undefined when the device was never seen; `latest` likewise. */
  device(key: DeviceKey): DeviceDetail | undefined;
  latest(key: DeviceKey): LatestValue[] | undefined;
  gaps(query: GapQuery): SequenceGap[];
  /** Points of the store and of the unsealed heads. Undefined when the series was never seen. Fails as the store does. */
  points(query: PointsQuery): Promise<PointPage | BucketPage | undefined>;
  /** By offset; those not sealed yet included. */
  deadLetters(filter: ScopedDeadLetterFilter): Promise<DeadLetterHead[]>;
  deadLetter(offset: number): Promise<DeadLetter | undefined>;
  /** Those not sealed yet included. */
  deadLetterReasons(scope: DeadLetterScope): OpenReasons;
  ledger(): LedgerReport;
  alarms(): PipelineAlarm[];
  figures(): PipelineFigures;
  /** How a device is connected, by the clients that speak for it. Undefined when it was never seen. */
  connectivity(query: ConnectivityQuery): Promise<DeviceConnectivity | undefined>;
  /** Declared pipelines: what is in force, trials and shadow runs. */
  readonly stages: StageDesk;
}
