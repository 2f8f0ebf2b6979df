import { renderPrometheus } from '@skerry/kernel';
import type { Handlers } from '../../call.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { isForAll } from '../../scoping.ts';
import { withoutNames } from '../../without-names.ts';
import { listLimits } from './limit-list.ts';

/** Serves health, readiness, metrics and configuration. */
export function processHandlers(
  needs: HandlerNeeds,
): Handlers<'getHealth' | 'getReadiness' | 'getMetrics' | 'getConfig' | 'listLimits'> {
  const { platform } = needs;
  return {
    getHealth: async () => ({ status: 'ok' }),
    getReadiness: async ({ reply }) => {
      const reasons = needs.isEnding()
        ? [{ code: 'shutting-down', detail: 'the process is ending' }]
        : platform.readiness().map(({ code, detail }) => ({ code, detail }));
      if (reasons.length > 0) reply.code(503);
      const notes = platform.notes?.().map(({ code, detail }) => ({ code, detail })) ?? [];
      return { ready: reasons.length === 0, reasons, notes };
    },
    getMetrics: async ({ asker, reply }) => {
      const all = await platform.metrics();
      const body = renderPrometheus(isForAll(asker.subject, 'platform:read') ? all : withoutNames(all));
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(body);
    },
    // how full the node is is for those who see all of it
    listLimits: async ({ asker }) =>
      listLimits(needs.limits, isForAll(asker.subject, 'platform:read') ? await platform.metrics() : []),
    getConfig: async ({ asker }) => {
      const { version, values, settings, listeners, exampleTopic } = platform.configuration();
      // paths and limits of the machine are for those who see all of the platform
      const isSeeingAll = isForAll(asker.subject, 'platform:read');
      return {
        version,
        values: isSeeingAll ? values : {},
        settings: isSeeingAll ? settings.map((setting) => ({ ...setting })) : [],
        listeners,
        exampleTopic,
      };
    },
  };
}
