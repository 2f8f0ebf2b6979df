import type { Logger } from '@skerry/kernel';
import type { DeadLetterReason } from '@skerry/model';
import type { Catalogue } from './catalogue.ts';
import type { DeadLetterBook } from './dead-letter-book.ts';
import type { RebirthCause, RebirthWanted, SparkplugBook } from './decoders/sparkplug-book.ts';
import type { LatestValues } from './latest-values.ts';
import type { LiveRing } from './live-ring.ts';
import type { OriginBook } from './origin-book.ts';
import type { Route } from './routes.ts';
import type { SessionBook } from './session-book.ts';
import type { StageBook } from './stages/stage-book.ts';

/** What the record processor works on; one owner, one thread. */
export interface ProcessorNeeds {
  readonly route: (topic: string) => Route;
  readonly catalogue: Catalogue;
  readonly latest: LatestValues;
  readonly ring: LiveRing;
  readonly letters: DeadLetterBook;
  readonly sessions: SessionBook;
  readonly stages: StageBook;
  readonly origins: OriginBook;
  readonly sparkplug: SparkplugBook;
  readonly logger: Logger;
  readonly rebirthWanted?: (node: RebirthWanted, cause: RebirthCause) => void;
}

/** Why a record is set aside. */
export interface Refusal {
  readonly reason: DeadLetterReason;
  readonly detail: string;
  /** `route`, `decode`, `store`, or the declared pipeline and its stage. */
  readonly stage: string;
}

/** Verdicts and points counted since the start, for metrics. */
export interface ProcessorCounts {
  records: number;
  points: number;
  timeCorrected: number;
  seqResets: number;
  replaysRefused: number;
  /** Records that had come before, by their origin. */
  repeated: number;
  /** Records set aside, by reason. */
  readonly deadLettered: { [Reason in DeadLetterReason]?: number };
}
