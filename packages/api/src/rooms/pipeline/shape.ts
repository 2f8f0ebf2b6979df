import type { PointValue } from '@skerry/model';
import type { Model } from '../../schemas.ts';
import { showValue } from '../../shape.ts';
import { formatTime } from '../../time.ts';
import type {
  DocumentDetail,
  DocumentEntry,
  DocumentVersion,
  ShadowReport,
  ShadowVerdict,
  ShownMessage,
  TrialOutcome,
} from './stage-platform.ts';

/** A document of the list. */
export function showEntry(entry: DocumentEntry): Model<'PipelineEntry'> {
  const { kind, name, match, isInForce, version, offset, changedMicros, author, stages } = entry;
  return {
    kind,
    name,
    tenant: match.tenant ?? null,
    project: match.project ?? null,
    topics: [...(match.topics ?? [])],
    inForce: isInForce,
    version,
    offset,
    changed: formatTime(changedMicros),
    author,
    stages: stages.map((stage) => ({ ...stage })),
  };
}

/** A document with what is in force of it. */
export function showDetail(detail: DocumentDetail): Model<'PipelineDetail'> {
  return { ...showEntry(detail), document: detail.document ? { ...detail.document } : null };
}

/** One version. */
export function showVersion(one: DocumentVersion): Model<'PipelineVersion'> {
  const { version, offset, changedMicros, author, action, of, document } = one;
  return {
    version,
    offset,
    changed: formatTime(changedMicros),
    author,
    action,
    of,
    document: document ? { ...document } : null,
  };
}

/** What became of a sample. */
export function showTrial(one: TrialOutcome): Model<'PipelineTrialOutcome'>['items'][number] {
  const { topic, verdict, fault, steps, outputs } = one;
  return {
    topic,
    verdict,
    fault: fault ?? null,
    steps: steps.map(({ pipeline, stage, type, before, after, isTakenOut }) => ({
      pipeline,
      stage,
      type,
      takenOut: isTakenOut,
      before: showMessage(before),
      after: showMessage(after),
    })),
    outputs: outputs.map(showMessage),
  };
}

/** What a shadow run found. */
export function showShadow(report: ShadowReport): Model<'PipelineShadowReport'> {
  const { isCut, isCancelled, differences, stages, ...rest } = report;
  return {
    ...rest,
    cut: isCut,
    cancelled: isCancelled,
    stages: stages.map((stage) => ({ ...stage })),
    differences: differences.map(({ offset, topic, inForce, candidate }) => ({
      offset,
      topic,
      inForce: showVerdict(inForce),
      candidate: showVerdict(candidate),
    })),
  };
}

function showVerdict({ verdict, detail, outputs }: ShadowVerdict): Model<'PipelineShadowVerdict'> {
  return { verdict, detail, outputs: outputs.map(showMessage) };
}

function showMessage({
  device,
  timeMicros,
  metrics,
  attributes,
  isResult,
}: ShownMessage): Model<'StageMessage'> {
  const shown = ([metric, value]: [string, PointValue]) => [metric, showValue(value).value] as const;
  return {
    device,
    time: formatTime(timeMicros),
    metrics: Object.fromEntries(Object.entries(metrics).map(shown)),
    attributes,
    isResult,
  };
}
