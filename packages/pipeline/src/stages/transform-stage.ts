import type { DocumentFault, TransformDocument } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { isValidMetricName } from '../topic-template.ts';
import { compileExpression, type Expression, pointValue } from './expression.ts';
import { namePattern } from './name-pattern.ts';
import { StageFault, type StageMessage } from './stage-message.ts';
import { type CompiledStage, noFigures, type StageRun } from './stage-run.ts';

interface Scale {
  readonly name: string;
  readonly isMeant: (metric: string) => boolean;
  readonly expression: Expression;
}

interface Setting {
  readonly metric: string;
  readonly expression: Expression;
}

/** A stage that scales, sets, renames and drops metrics, in this order. */
export function compileTransform(
  document: TransformDocument,
  path: string,
  faults: DocumentFault[],
): CompiledStage | undefined {
  const before = faults.length;
  const scales: Scale[] = Object.entries(document.scale).flatMap(([name, text]) => {
    const expression = compileExpression(text, 'value', `${path}.scale.${name}`, faults, true);
    return expression ? [{ name, isMeant: namePattern([name]), expression }] : [];
  });
  const settings: Setting[] = Object.entries(document.set).flatMap(([metric, text]) => {
    checkName(metric, `${path}.set.${metric}`, faults);
    const expression = compileExpression(text, 'value', `${path}.set.${metric}`, faults);
    return expression ? [{ metric, expression }] : [];
  });
  const renames = Object.entries(document.rename);
  for (const [from, to] of renames) checkName(to, `${path}.rename.${from}`, faults);
  if (faults.length > before) return undefined;
  const isDropped = document.drop.length > 0 ? namePattern(document.drop) : undefined;
  return {
    name: document.name,
    type: 'Transform',
    figures: noFigures(),
    run: (message, run) => {
      for (const scale of scales) applyScale(scale, message, run);
      for (const setting of settings) applySetting(setting, message, run);
      for (const [from, to] of renames) rename(message, from, to);
      if (isDropped)
        for (const metric of message.metrics.keys()) if (isDropped(metric)) message.metrics.delete(metric);
      return true;
    },
  };
}

function checkName(metric: string, path: string, faults: DocumentFault[]): void {
  if (isValidMetricName(metric)) return;
  faults.push({
    path,
    detail: `found a metric name of ${metric.length} characters, wanted 1 to ${LIMITS.metricNameCharsMax.value} without control characters`,
  });
}

function applyScale(scale: Scale, message: StageMessage, run: StageRun): void {
  const { metrics } = message;
  if (!scale.name.endsWith('*')) {
    if (metrics.has(scale.name))
      setMetric(scale.name, scale.expression, message, run, metrics.get(scale.name));
    return;
  }
  for (const [metric, value] of metrics)
    if (scale.isMeant(metric)) setMetric(metric, scale.expression, message, run, value);
}

function applySetting({ metric, expression }: Setting, message: StageMessage, run: StageRun): void {
  setMetric(metric, expression, message, run, undefined);
}

function setMetric(
  metric: string,
  expression: Expression,
  message: StageMessage,
  run: StageRun,
  value: unknown,
): void {
  const found = pointValue(
    run.evaluate(expression, message, value),
    `The value of ${expression.text} for ${metric}`,
  );
  if (found === undefined) message.metrics.delete(metric);
  else {
    message.metrics.set(metric, found);
    if (typeof found === 'string') message.textUnits += found.length;
    if (message.metrics.size > LIMITS.recordPointsMax.value)
      throw new StageFault(`The message would have more than ${LIMITS.recordPointsMax.value} metrics.`);
  }
}

/** A metric that takes a name that is there already replaces it. */
function rename({ metrics }: StageMessage, from: string, to: string): void {
  const value = metrics.get(from);
  if (value === undefined || from === to) return;
  metrics.delete(from);
  metrics.set(to, value);
}
