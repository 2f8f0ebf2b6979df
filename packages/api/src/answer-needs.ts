import type { Clock, Meter } from '@skerry/kernel';
import type { HandlerNeeds } from './handler-needs.ts';
import { LIMITS } from './limits.ts';
import { LineSender } from './lines.ts';
import { ShareGate } from './share-gate.ts';

/** What long answers go through: how many queries and exports may run for everybody and for each, and how lines are sent. */
export function answerNeeds(
  queriesMax: number | undefined,
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
): Pick<HandlerNeeds, 'queries' | 'exports' | 'lines'> {
  const fault = 'too-many-queries';
  const dropped = meter.counter(
    'iot_api_answers_dropped_total',
    'Answers of many lines that were broken off because the client took nothing of them.',
  );
  return {
    queries: new ShareGate(
      { what: 'queries', fault, gauge: meter.gauge('iot_api_queries', 'Telemetry queries that run.') },
      {
        max: queriesMax ?? LIMITS.queriesMax.value,
        subjectMax: LIMITS.queriesSubjectMax.value,
        tenantMax: LIMITS.queriesTenantMax.value,
      },
    ),
    exports: new ShareGate(
      { what: 'exports', fault, gauge: meter.gauge('iot_api_exports', 'Exports that run.') },
      {
        max: LIMITS.exportsMax.value,
        subjectMax: LIMITS.exportsSubjectMax.value,
        tenantMax: LIMITS.exportsTenantMax.value,
      },
    ),
    lines: new LineSender({ clock, dropped }),
  };
}
