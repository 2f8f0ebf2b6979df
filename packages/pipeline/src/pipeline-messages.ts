import type { StoredBatch } from '@skerry/journal';
import type { MetricFamily } from '@skerry/kernel';
import type { RebirthCause, RebirthWanted } from './decoders/sparkplug-book.ts';
import type { LiveFilter, LivePull } from './live-subscription.ts';
import type { FaultMessage } from './mailbox.ts';
import type { Pipeline } from './pipeline.ts';
import type { StageDesk } from './stages/stage-desk.ts';

/** What can be asked of a pipeline on another thread: its own methods, and the thread's metrics. */
export interface PipelineRequests
  extends Pick<
    Pipeline,
    | 'flush'
    | 'devices'
    | 'device'
    | 'latest'
    | 'gaps'
    | 'points'
    | 'deadLetters'
    | 'deadLetter'
    | 'deadLetterReasons'
    | 'ledger'
    | 'alarms'
    | 'figures'
    | 'connectivity'
  > {
  metrics(): MetricFamily[];
  /** As those of `StageDesk`. */
  stageList: StageDesk['list'];
  stageGet: StageDesk['get'];
  stageCheck: StageDesk['check'];
  stageOutcome: StageDesk['outcome'];
  stageTrial: StageDesk['trial'];
  stageShadow: StageDesk['shadow'];
  stageShadowCancel: StageDesk['cancelShadow'];
}

/** Names of the requests. */
export type PipelineMethod = keyof PipelineRequests;

/** From the thread that asks to the pipeline's. `taken` says that the last `live` of a feed was used up. */
export type ToPipeline =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly method: PipelineMethod;
      readonly args: unknown[];
    }
  | { readonly type: 'offer'; readonly batch: StoredBatch }
  | {
      readonly type: 'subscribe';
      readonly id: number;
      readonly filters: readonly LiveFilter[];
      readonly cursor: string | undefined;
    }
  | { readonly type: 'taken'; readonly id: number }
  | { readonly type: 'unsubscribe'; readonly id: number };

/** From the pipeline's thread back. */
export type FromPipeline =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'fault'; readonly id: number; readonly fault: FaultMessage }
  | { readonly type: 'live'; readonly id: number; readonly pull: LivePull }
  | { readonly type: 'refused'; readonly id: number; readonly fault: FaultMessage }
  | { readonly type: 'rebirth'; readonly node: RebirthWanted; readonly cause: RebirthCause }
  | { readonly type: 'ended'; readonly fault: FaultMessage | undefined };
