import type { SequenceGap } from '@skerry/model';
import { type Handlers, wantsLines } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import type { AuditReport, Platform } from '../../platform.ts';
import { isForAll, narrowingOf, scopesFor } from '../../scoping.ts';
import { showAudit, showLedger } from '../../shape.ts';
import { ledgerWithin } from './ledger-scope.ts';

/** Serves the ledger, its audit and the gaps. */
export function ledgerHandlers({
  platform,
  lines,
}: Pick<HandlerNeeds, 'platform' | 'lines'>): Handlers<'getLedger' | 'auditLedger' | 'listGaps'> {
  let isAuditing = false;
  async function* audit(signal: AbortSignal) {
    if (isAuditing) throw new ApiError('audit-running', 'an audit is running; only one runs at a time');
    isAuditing = true;
    try {
      yield* platform.audit(signal);
    } finally {
      isAuditing = false;
    }
  }
  return {
    getLedger: async ({ asker }) =>
      showLedger(ledgerWithin(await platform.ledger(), narrowingOf(asker.subject, 'ledger:read'))),
    auditLedger: async (call) => {
      if (!isForAll(call.asker.subject, 'ledger:audit')) {
        throw new ApiError(
          'not-allowed',
          'an audit recounts everything: it wants the action on all of the platform',
        );
      }
      const steps = audit(call.signal);
      if (wantsLines(call.request, call.query.format)) return lines.send(call, auditLines(steps));
      let report: AuditReport | undefined;
      for await (const step of steps) if (step.kind === 'result') report = step.report;
      if (!report) throw new ApiError('unavailable', 'the audit ended without a result');
      return showAudit(report);
    },
    listGaps: async ({ asker, query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const gaps = await platform.gaps({
        ...narrowing,
        ...scopesFor(asker.subject, 'ledger:read'),
        ...afterGap(cursor),
        limit: limit + 1,
      });
      const items = gaps.slice(0, limit);
      const last = items.at(-1);
      return { items, cursor: last && gaps.length > limit ? writeGapCursor(last) : null };
    },
  };
}

async function* auditLines(steps: ReturnType<Platform['audit']>): AsyncGenerator<string> {
  for await (const step of steps) {
    const line =
      step.kind === 'progress'
        ? { records: step.records, recordsTotal: step.recordsTotal }
        : { report: showAudit(step.report) };
    yield `${JSON.stringify(line)}\n`;
  }
}

function writeGapCursor(gap: SequenceGap): string {
  return writeCursor('gaps', [gap.tenant, gap.project, gap.device, gap.epoch, gap.from, gap.to]);
}

function afterGap(cursor: string | undefined): { after?: SequenceGap } {
  if (cursor === undefined) return {};
  const shape = ['string', 'string', 'string', 'string', 'number', 'number'] as const;
  const parts = readCursor('gaps', cursor, shape);
  const [tenant = '', project = '', device = '', epoch = ''] = parts.slice(0, 4).map(String);
  return { after: { tenant, project, device, epoch, from: Number(parts[4]), to: Number(parts[5]) } };
}
