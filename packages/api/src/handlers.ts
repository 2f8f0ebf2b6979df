import type { Handlers } from './call.ts';
import type { HandlerNeeds } from './handler-needs.ts';
import { accessHandlers } from './rooms/access/handlers.ts';
import { deadLetterHandlers } from './rooms/dead-letters/handlers.ts';
import { deviceHandlers } from './rooms/devices/handlers.ts';
import { exportHandlers } from './rooms/export/exports.ts';
import { ledgerHandlers } from './rooms/ledger/handlers.ts';
import { onboardingHandlers } from './rooms/onboarding/handlers.ts';
import { pipelineHandlers } from './rooms/pipeline/handlers.ts';
import { processHandlers } from './rooms/process/handlers.ts';
import { chaosHandlers } from './rooms/simulation/chaos-handlers.ts';
import { simulationHandlers } from './rooms/simulation/handlers.ts';
import { siteHandlers } from './rooms/site/handlers.ts';
import { queryTelemetry } from './rooms/telemetry/query-telemetry.ts';
import { narrowingOf } from './scoping.ts';

/** A handler for every operation. */
export function createHandlers(needs: HandlerNeeds): Handlers {
  const { platform, clock, sampler, streams, intake } = needs;
  return {
    ...processHandlers(needs),
    ...deviceHandlers(platform, clock),
    ...ledgerHandlers(needs),
    ...deadLetterHandlers(needs),
    ...accessHandlers(needs),
    ...exportHandlers(needs),
    ...simulationHandlers(needs),
    ...chaosHandlers(needs),
    ...onboardingHandlers(needs),
    ...pipelineHandlers(needs),
    ...siteHandlers(needs),
    getOverview: ({ asker }) => sampler.current(narrowingOf(asker.subject, 'platform:read')),
    getOverviewHistory: async ({ asker }) => sampler.history(narrowingOf(asker.subject, 'platform:read')),
    queryTelemetry: (call) => queryTelemetry(call, needs),
    sendTelemetry: (call) => intake.send(call, call.asker.subject.name),
    openStream: (call) => streams.open(call),
  };
}
