export * from './audit.ts';
export type { AuditRoutes, RouteEra } from './audit-eras.ts';
export type { AuditFinding } from './audit-recount.ts';
export * from './audit-source.ts';
export type { RebirthCause, RebirthReason, RebirthWanted } from './decoders/sparkplug-book.ts';
export * from './device-census.ts';
export * from './errors.ts';
export * from './event-time.ts';
export { faultMessage, RemoteFault } from './fault-message.ts';
export * from './ledger.ts';
export * from './limits.ts';
export type {
  LiveDevice,
  LiveFilter,
  LiveGap,
  LivePoint,
  LivePull,
  LiveSubscription,
} from './live-subscription.ts';
export type { FaultMessage, Mailbox } from './mailbox.ts';
export { MemoryAuditSource } from './memory-audit-source.ts';
export * from './open-pipeline.ts';
export * from './pipeline.ts';
export { PipelineClient } from './pipeline-client.ts';
export type { FromPipeline, PipelineMethod, PipelineRequests, ToPipeline } from './pipeline-messages.ts';
export { type ServedPipeline, servePipeline } from './pipeline-thread.ts';
export type { PipelineTracing } from './pipeline-trace.ts';
export * from './rebirth.ts';
export * from './routes.ts';
export { compilePipeline } from './stages/compiled-pipeline.ts';
export type {
  ShadowCounts,
  ShadowDifference,
  ShadowRange,
  ShadowReport,
  ShadowVerdict,
} from './stages/shadow-run.ts';
export { StageBook } from './stages/stage-book.ts';
export type {
  ChangeOutcome,
  DocumentKind,
  DocumentVersion,
  StageChange,
} from './stages/stage-change.ts';
export { type DocumentDetail, type DocumentEntry, StageDesk, type StageEntry } from './stages/stage-desk.ts';
export { StageEngine } from './stages/stage-engine.ts';
export type { StageMessage } from './stages/stage-message.ts';
export { StageSet } from './stages/stage-set.ts';
export type {
  ShownMessage,
  TrialOutcome,
  TrialRequest,
  TrialSample,
  TrialStep,
} from './stages/stage-trial.ts';
export * from './topic-rights.ts';
export { isValidId, isValidMetricName, parseTemplate, type TopicTemplate } from './topic-template.ts';
