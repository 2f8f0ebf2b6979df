import type { LogEntry, MetricFamily } from '@skerry/kernel';
import type { FaultMessage } from '@skerry/pipeline';

/** What a thread tells the main one beside its own work. */
export type FromThread =
  | { readonly type: 'ready'; readonly facts: unknown }
  | { readonly type: 'failed'; readonly fault: FaultMessage }
  | { readonly type: 'log'; readonly entry: LogEntry }
  | { readonly type: 'report'; readonly id: number; readonly report: ThreadReport }
  | { readonly type: 'closed' };

/** What the main thread asks of one. */
export type ToThread = { readonly type: 'report'; readonly id: number } | { readonly type: 'close' };

/** The numbers of a thread: its metrics and figures of its own kind. */
export interface ThreadReport {
  readonly metrics: readonly MetricFamily[];
  readonly figures: unknown;
}

/** What every thread is given beside its ports. */
export interface ThreadStart {
  readonly failpoint: string | undefined;
  readonly options: unknown;
}
