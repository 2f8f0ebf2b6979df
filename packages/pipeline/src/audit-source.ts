import type { Journal, ReceivedCount } from '@skerry/journal';
import type { DeadLetter, PointValue, SeriesDefinition } from '@skerry/model';
import type { DeviceAccount, StageRow, VerdictRun } from '@skerry/series';

/** What an audit reads of the journal. */
export interface AuditJournal
  extends Pick<Journal, 'id' | 'start' | 'end' | 'telemetryEnd' | 'received' | 'read'> {
  /** Totals at `start`, as check-pointed when what lay before was removed. */
  receivedBefore(): readonly ReceivedCount[];
}

/** Verdicts of consecutive records, the first of which is `from`. */
export interface AuditVerdicts {
  readonly from: number;
  readonly runs: readonly VerdictRun[];
}

/** Points of one series, in any order; all columns have one length. */
export interface AuditPoints {
  readonly series: number;
  readonly times: ArrayLike<number>;
  readonly values: readonly PointValue[];
  readonly offsets: ArrayLike<number>;
  readonly ordinals: ArrayLike<number>;
}

/** What an audit reads of a store: one snapshot, as of one seal, however long the audit takes. */
export interface AuditSource {
  /** Position and counts of the snapshot; `pointsFrom`: first offset whose points retention cannot have removed. */
  state(): Promise<{
    readonly journalId: string | undefined;
    readonly position: number;
    readonly telemetryPosition: number;
    readonly pointsFrom: number;
  }>;
  series(): Promise<readonly SeriesDefinition[]>;
  accounts(): Promise<readonly DeviceAccount[]>;
  /** Verdicts of the records from `from` on that are held, by offset; may begin before `from`. */
  verdicts(from: number): AsyncIterable<AuditVerdicts>;
  /** Points whose offset lies in [from, to); others may be among them. */
  points(from: number, to: number): AsyncIterable<AuditPoints>;
  /** Rows of declared pipelines, versions and windows alike. */
  stages(): Promise<readonly StageRow[]>;
  /** A dead letter in whatever state, or undefined when it is not there. */
  deadLetter(offset: number): Promise<DeadLetter | undefined>;
}
