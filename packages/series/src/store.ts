import type { TraceContext } from '@skerry/kernel';
import type {
  ClientKey,
  DeadLetter,
  DeadLetterReason,
  DeadLetterState,
  DeviceClients,
  PointValue,
  SequenceGap,
  SeriesDefinition,
  SessionClient,
  SessionEvent,
} from '@skerry/model';
import type { HeadView } from './head.ts';

/** Verdict counts of one device, cumulative over the store's life, absolute at the seal that carries them. */
export interface DeviceAccount {
  readonly tenant: string;
  readonly project: string;
  /** Empty for records whose device could not be told. */
  readonly device: string;
  readonly stored: number;
  readonly deduplicated: number;
  readonly filtered: number;
  readonly deadLettered: number;
  readonly discarded: number;
  readonly expired: number;
  /** Beside the equation: event times replaced by the receive time, restarts of the device's own numbering. */
  readonly timeCorrected: number;
  readonly seqResets: number;
  /** Newest receipt that was heard of the device, microseconds; 0 when it is not known. */
  readonly lastSeenMicros: number;
}

/** Entries that one seal adds to a device's dedupe window, oldest first. */
export interface DedupeEntries {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly count: number;
  /** Newest receive time among them, microseconds; the store drops rows that the window no longer needs. */
  readonly newestMicros: number;
  /** Layout owned by the pipeline (docs/formats/dedupe.md). */
  readonly bytes: Uint8Array;
}

/** What becomes of one dead letter at a seal. */
export interface DeadLetterChange {
  readonly offset: number;
  readonly state: DeadLetterState;
  readonly author: string;
  readonly changedMicros: number;
}

/** One run of the verdicts of consecutive journal records, so that an audit can name each record. */
export interface VerdictRun {
  /** `none`: not telemetry. `empty`: stored, without points. */
  readonly verdict: 'none' | 'stored' | 'empty' | 'deduplicated' | 'filtered' | 'deadLettered';
  readonly count: number;
}

/**
 * Everything that becomes durable together: points, what they changed in the ledger, dedupe entries, gaps, dead
 * letters, and the position. One seal is one transaction in one file.
 */
export interface Seal {
  /** 1, 2, 3, … without holes. */
  readonly number: number;
  readonly journalId: string;
  /** Journal offsets [from, position) are what this seal covers. */
  readonly from: number;
  readonly position: number;
  /** Telemetry records below `position`, counted by the pipeline. */
  readonly telemetryPosition: number;
  /** Newest receive time in the seal, microseconds; the log's own time, by which retention counts and days are cut. */
  readonly logTimeMicros: number;
  readonly points: HeadView;
  /** Series that appear for the first time. */
  readonly series: readonly SeriesDefinition[];
  /** Units that series were told to have, where they are others than before; absent when none was. A store may have no use for them. */
  readonly units?: readonly SeriesUnit[];
  /** `AccountColumns` where there are many. */
  readonly accounts: Iterable<DeviceAccount>;
  readonly dedupe: readonly DedupeEntries[];
  /** Gaps as they are now, per device that changed: replaces what was kept for the device. */
  readonly gaps: readonly DeviceGaps[];
  readonly deadLetters: readonly DeadLetter[];
  readonly deadLetterChanges: readonly DeadLetterChange[];
  readonly verdicts: readonly VerdictRun[];
  /** Rows of declared pipelines that came, changed or went; absent when none did. */
  readonly stages?: readonly StageRow[];
  /** What came to be known of connections; absent when nothing did. */
  readonly sessions?: SessionSeal;
  /** Of its span, where records of it are followed; a store may tell its database. */
  readonly trace?: TraceContext;
}

/** The unit in which the values of a series are. */
export interface SeriesUnit {
  readonly series: number;
  readonly unit: string;
}

/** What a seal tells of connections. */
export interface SessionSeal {
  readonly events: readonly SessionEvent[];
  /** Clients as they are now: replaces what was kept of them. */
  readonly clients: readonly SessionClient[];
  /** Clients that are forgotten; their events stay. */
  readonly gone: readonly ClientKey[];
  /** Which clients speak for a device now: replaces what was kept of it. */
  readonly devices: readonly DeviceClients[];
}

/** What the store knows of connections at start, beside their events. */
export interface SessionState {
  readonly clients: readonly SessionClient[];
  readonly devices: readonly DeviceClients[];
}

/** Which events of connections: of the clients, over [fromMicros, toMicros), the newest `limit`. */
export interface SessionQuery {
  readonly clients: readonly ClientKey[];
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly limit: number;
}

/** A row of declared pipelines and their state (docs/formats/stages.md); the pipeline's to read. */
export interface StageRow {
  readonly pipeline: string;
  readonly part: string;
  /** Undefined removes the row. */
  readonly body: string | undefined;
}

/** A device's open gaps, oldest first, and the highest number seen per epoch that is still followed. */
export interface DeviceGaps {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly epoch: string;
  readonly highest: number;
  readonly gaps: readonly Pick<SequenceGap, 'from' | 'to'>[];
}

/** A dead letter without its bytes. */
export type DeadLetterHead = Omit<DeadLetter, 'payload' | 'headers'> & { readonly payloadBytes: number };

/** What the store knows at start, as of its last committed seal. */
export interface StoreState {
  readonly journalId: string | undefined;
  readonly sealNumber: number;
  readonly position: number;
  readonly telemetryPosition: number;
  readonly logTimeMicros: number;
  readonly series: readonly SeriesDefinition[];
  /** Newest point per series id as (series, timeMicros, value), where there is one. */
  readonly latest: readonly LatestPoint[];
  readonly accounts: readonly DeviceAccount[];
  readonly dedupe: readonly DedupeEntries[];
  readonly gaps: readonly DeviceGaps[];
  /** Open dead letters. */
  readonly deadLetters: readonly DeadLetterHead[];
  /** Rows of declared pipelines. */
  readonly stages: readonly StageRow[];
  readonly sessions: SessionState;
}

/** Newest point of a series by event time. */
export interface LatestPoint {
  readonly series: number;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/** Where a page of raw points ended; the next page starts after it. */
export interface PointCursor {
  readonly timeMicros: number;
  readonly offset: number;
  readonly ordinal: number;
}

/** A question about one series over [fromMicros, toMicros). */
export interface SeriesQuery {
  readonly series: number;
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly shape:
    | {
        readonly kind: 'raw';
        readonly after: PointCursor | undefined;
        readonly limit: number;
        readonly newestFirst: boolean;
      }
    /** Buckets aligned to multiples of `stepMicros` since 1970; numbers and exact integers only. */
    | { readonly kind: 'buckets'; readonly stepMicros: number }
    /** At most `points` raw points: first, min, max and last of equal slices of the range (M4); all points when they fit. */
    | { readonly kind: 'extremes'; readonly points: number };
  /** Fails with `deadline-passed` when the answer takes longer. */
  readonly deadlineMs: number;
}

/** Raw points by (time, offset, ordinal). */
export interface PointPage {
  readonly kind: 'points';
  readonly times: Float64Array;
  readonly values: readonly PointValue[];
  readonly offsets: Float64Array;
  readonly ordinals: Uint16Array;
  /** Present when more follow. */
  readonly next: PointCursor | undefined;
}

/** One bucket of a time grid. `first` and `last` by event time, then offset. */
export interface Bucket {
  readonly startMicros: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly first: number;
  readonly last: number;
}

/** Buckets that hold at least one point, by time. */
export interface BucketPage {
  readonly kind: 'buckets';
  readonly buckets: readonly Bucket[];
  /** Where raw data had been removed by retention and rollups answered, the coarsest step used, in microseconds. */
  readonly resolutionMicros: number;
}

/** A narrowing of the dead letters shown. */
export interface DeadLetterFilter {
  readonly state?: DeadLetterState;
  readonly reason?: DeadLetterReason;
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  /** Offsets above this one only. */
  readonly after?: number;
  readonly limit: number;
}

/** What the store holds, for `/metrics`, doctor and retention forecasts. */
export interface StoreFigures {
  readonly bytes: number;
  readonly points: number;
  readonly chunks: number;
  readonly files: number;
  /** Seals not yet applied to the rollups. */
  readonly rollupLag: number;
  readonly oldestDay: string | undefined;
}

/**
 * The time-series store of one retention class. Exactly once is its duty together with the position: what a seal
 * carries is there whole or not at all, and a seal number is accepted once.
 */
export interface SeriesStore extends AsyncDisposable {
  /** The state as of the last committed seal. Called once, before anything else. */
  load(): Promise<StoreState>;
  /** Resolves when the seal is durable. Seals come in order of their number; another number fails with `seal-out-of-order`. Rollups follow by themselves. */
  seal(seal: Seal): Promise<void>;
  /** `unsealed`: heads whose seal this store may not have committed yet; those it has committed are left out by number. */
  query(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage>;
  /** Dead letters by offset. */
  deadLetters(filter: DeadLetterFilter): Promise<DeadLetterHead[]>;
  /** One dead letter with its bytes, or undefined. */
  deadLetter(offset: number): Promise<DeadLetter | undefined>;
  /**
   * Events of connections, oldest first, and before those of the range the last one of each client before it, as far as
   * it is kept: events go with the day that they were received on.
   */
  sessionEvents(query: SessionQuery): Promise<SessionEvent[]>;
  /** Background work: merge, rollups, retention by the log's time. Resolves with true while there is more to do. Bounded to about 20 ms. */
  work(): Promise<boolean>;
  figures(): Promise<StoreFigures>;
}
