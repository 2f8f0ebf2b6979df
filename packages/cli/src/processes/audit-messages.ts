import type { AuditStep, FaultMessage, RouteEra } from '@skerry/pipeline';
import type { JournalFacts } from './audit-journal.ts';
import type { KafkaAuditOptions } from './kafka-audit-journal.ts';

/** What the audit's thread is told at its start. */
export interface AuditThreadOptions {
  /** The journal where it is a topic of Kafka. */
  readonly kafka?: KafkaAuditOptions;
  readonly folders: { readonly journal: string; readonly series: string };
  readonly retentionClass: string;
  /** Days that raw points are kept. */
  readonly rawDays: number;
  /** The routes under which each record was decoded; the audit begins at or above the first. */
  readonly eras: readonly RouteEra[];
}

/** What the audit's thread is sent, once: the journal at a moment after the snapshot was taken. */
export interface ToAudit {
  readonly type: 'begin';
  readonly journal: JournalFacts;
}

/** What the audit's thread sends; `ended` or `fault` is the last. */
export type FromAudit =
  | { readonly type: 'step'; readonly step: AuditStep }
  | { readonly type: 'ended' }
  | { readonly type: 'fault'; readonly fault: FaultMessage };
