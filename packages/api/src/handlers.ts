import { type Clock, renderPrometheus } from '@skerry/kernel';
import type { DeviceKey, SequenceGap } from '@skerry/model';
import { type Call, type Handlers, wantsLines } from './call.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ApiError } from './errors.ts';
import { sendLines } from './lines.ts';
import type { OverviewSampler } from './overview-sampler.ts';
import type { AuditReport, DeadLetterChoice, DeadLetterOutcome, Platform } from './platform.ts';
import {
  showAudit,
  showDeadLetter,
  showDevice,
  showDeviceDetail,
  showLatest,
  showLedger,
  showPayload,
} from './shape.ts';
import type { EventStreams } from './stream.ts';
import { type QueryGate, queryTelemetry } from './telemetry.ts';
import { formatTime } from './time.ts';

/** Who changes things before users exist. */
const AUTHOR = 'local';

/** What the handlers work with. */
export interface HandlerNeeds {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly sampler: OverviewSampler;
  readonly streams: EventStreams;
  readonly gate: QueryGate;
  /** Whether the server has begun to end. */
  readonly isEnding: () => boolean;
}

/** A handler for every operation. */
export function createHandlers(needs: HandlerNeeds): Handlers {
  const { platform, clock, sampler, streams, gate } = needs;
  return {
    ...processHandlers(needs),
    ...deviceHandlers(platform, clock),
    ...ledgerHandlers(platform),
    ...deadLetterHandlers(platform),
    getOverview: () => sampler.current(),
    getOverviewHistory: async () => sampler.history(),
    queryTelemetry: (call) => queryTelemetry(call, platform, clock, gate),
    openStream: (call) => streams.open(call),
  };
}

function processHandlers(
  needs: HandlerNeeds,
): Handlers<'getHealth' | 'getReadiness' | 'getMetrics' | 'getConfig'> {
  const { platform } = needs;
  return {
    getHealth: async () => ({ status: 'ok' }),
    getReadiness: async ({ reply }) => {
      const reasons = needs.isEnding()
        ? [{ code: 'shutting-down', detail: 'the process is ending' }]
        : platform.readiness().map(({ code, detail }) => ({ code, detail }));
      if (reasons.length > 0) reply.code(503);
      return { ready: reasons.length === 0, reasons };
    },
    getMetrics: async ({ reply }) => {
      const body = renderPrometheus(await platform.metrics());
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(body);
    },
    getConfig: async () => {
      const { version, values, listeners, exampleTopic } = platform.configuration();
      return { version, values, listeners, exampleTopic };
    },
  };
}

function deviceHandlers(
  platform: Platform,
  clock: Clock,
): Handlers<'listDevices' | 'getDevice' | 'getLatest'> {
  return {
    listDevices: async ({ query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const entries = await platform.devices({ ...narrowing, ...afterDevice(cursor), limit: limit + 1 });
      const shown = entries.slice(0, limit);
      const last = shown.at(-1);
      return {
        time: formatTime(clock.nowMicros()),
        items: shown.map(showDevice),
        cursor:
          last && entries.length > limit
            ? writeCursor('devices', [last.tenant, last.project, last.device])
            : null,
      };
    },
    getDevice: async ({ params }) => {
      const detail = await platform.device(params);
      if (!detail) throw unknownDevice(params);
      return showDeviceDetail(detail, clock.nowMicros());
    },
    getLatest: async ({ params }) => {
      const latest = await platform.latest(params);
      if (!latest) throw unknownDevice(params);
      return { time: formatTime(clock.nowMicros()), items: latest.map(showLatest) };
    },
  };
}

function afterDevice(cursor: string | undefined): { after?: DeviceKey } {
  if (cursor === undefined) return {};
  const [tenant, project, device] = readCursor('devices', cursor, ['string', 'string', 'string']).map(String);
  return { after: { tenant: tenant ?? '', project: project ?? '', device: device ?? '' } };
}

function unknownDevice(key: DeviceKey): ApiError {
  return new ApiError('not-found', `no device ${key.tenant}/${key.project}/${key.device} was ever seen`);
}

function ledgerHandlers(platform: Platform): Handlers<'getLedger' | 'auditLedger' | 'listGaps'> {
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
    getLedger: async () => showLedger(await platform.ledger()),
    auditLedger: async (call) => {
      const steps = audit(call.signal);
      if (wantsLines(call.request, call.query.format)) return sendLines(call.reply, auditLines(steps));
      let report: AuditReport | undefined;
      for await (const step of steps) if (step.kind === 'result') report = step.report;
      if (!report) throw new ApiError('unavailable', 'the audit ended without a result');
      return showAudit(report);
    },
    listGaps: async ({ query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const gaps = await platform.gaps({ ...narrowing, ...afterGap(cursor), limit: limit + 1 });
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

type DeadLetterIds =
  | 'listDeadLetters'
  | 'getDeadLetter'
  | 'replayDeadLetters'
  | 'discardDeadLetters'
  | 'replayDeadLetter'
  | 'discardDeadLetter';

function deadLetterHandlers(platform: Platform): Handlers<DeadLetterIds> {
  const replay = (choice: DeadLetterChoice) => platform.replayDeadLetters(choice, AUTHOR);
  const discard = (choice: DeadLetterChoice) => platform.discardDeadLetters(choice, AUTHOR);
  return {
    listDeadLetters: async ({ query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const letters = await platform.deadLetters({ ...narrowing, ...afterOffset(cursor), limit: limit + 1 });
      const items = letters.slice(0, limit).map(showDeadLetter);
      const last = items.at(-1);
      return {
        items,
        cursor: last && letters.length > limit ? writeCursor('dead-letters', [last.offset]) : null,
      };
    },
    getDeadLetter: async ({ params }) => {
      const letter = await platform.deadLetter(params.offset);
      if (!letter) throw unknownLetter(params.offset);
      const { payload, ...entry } = letter;
      const shown = showDeadLetter({ ...entry, payloadBytes: payload.byteLength });
      return { ...shown, payload: showPayload(payload) };
    },
    replayDeadLetters: ({ body }) => replay({ filter: body }),
    discardDeadLetters: ({ body }) => discard({ filter: body }),
    replayDeadLetter: (call) => changeOne(call, platform, replay),
    discardDeadLetter: (call) => changeOne(call, platform, discard),
  };
}

async function changeOne(
  call: Call<'replayDeadLetter' | 'discardDeadLetter'>,
  platform: Platform,
  change: (choice: DeadLetterChoice) => Promise<DeadLetterOutcome>,
) {
  const { offset } = call.params;
  if (!(await platform.deadLetter(offset))) throw unknownLetter(offset);
  return change({ offset });
}

function afterOffset(cursor: string | undefined): { after?: number } {
  return cursor === undefined ? {} : { after: Number(readCursor('dead-letters', cursor, ['number'])[0]) };
}

function unknownLetter(offset: number): ApiError {
  return new ApiError('not-found', `no dead letter has the offset ${offset}`);
}
