import { nodeClock, nodeDisk, nodeRandom, turn } from '@skerry/kernel/node';
import {
  type AuditFinding,
  type AuditReport,
  type AuditStep,
  auditLedger,
  faultMessage,
  LIMITS,
} from '@skerry/pipeline';
import { type AuditSnapshot, openAuditSnapshot } from '@skerry/series/sqlite';
import { HeldJournal, type JournalFacts, type StoreFacts } from './audit-journal.ts';
import type { AuditThreadOptions, FromAudit, ToAudit } from './audit-messages.ts';
import type { KafkaAuditJournal, KafkaAuditNeeds } from './kafka-audit-journal.ts';
import { PinnedSegments } from './pinned-segments.ts';
import { portMailbox } from './port-mailbox.ts';
import { runThread } from './thread-side.ts';

/*
 * The order is what makes it right beside a pipeline that goes on: first the segments are held, so that trimming takes
 * nothing that the audit will ask for; then the snapshot of the store is taken; then the journal is asked for its numbers,
 * so that its end lies at or above the store's position; then the segments that came meanwhile are held too.
 */
await runThread<AuditThreadOptions>(async (options, { port, logger, meter }) => {
  const stop = new AbortController();
  const breathe = async (): Promise<void> => {
    await turn();
    stop.signal.throwIfAborted();
  };
  await using opening = new AsyncDisposableStack();
  const disk = nodeDisk();
  // what Kafka gives up is nobody's to hold
  const pins = options.kafka ? undefined : opening.use(new PinnedSegments(options.folders.journal, disk));
  const snapshot = opening.use(
    await openAuditSnapshot(
      { folder: options.folders.series, retentionClass: options.retentionClass, rawDays: options.rawDays },
      { clock: nodeClock(), disk, breathe },
    ),
  );
  const held = opening.move();
  const mailbox = portMailbox(port('main'));
  const post = (message: FromAudit): void => mailbox.post(message);
  let running: Promise<void> = Promise.resolve();
  mailbox.onMessage((message) => {
    const { journal } = message as ToAudit; // only `runAudit` holds the other end
    const needs = { clock: nodeClock(), random: nodeRandom(), logger, meter };
    running = audit(journal, { pins, snapshot, breathe, options, signal: stop.signal, post, needs }).then(
      () => post({ type: 'ended' }),
      (fault: unknown) => {
        if (!stop.signal.aborted) post({ type: 'fault', fault: faultMessage(fault) });
      },
    );
  });
  return {
    facts: undefined,
    figures: () => undefined,
    close: async () => {
      stop.abort();
      await running;
      await held.disposeAsync();
      port('main').close();
    },
  };
});

async function audit(
  facts: JournalFacts,
  parts: {
    readonly pins: PinnedSegments | undefined;
    readonly snapshot: AuditSnapshot;
    readonly breathe: () => Promise<void>;
    readonly options: AuditThreadOptions;
    readonly signal: AbortSignal;
    readonly post: (message: FromAudit) => void;
    readonly needs: KafkaAuditNeeds;
  },
): Promise<void> {
  const { pins, snapshot, breathe, options, signal, post, needs } = parts;
  pins?.refresh();
  const { eras: routes, kafka } = options;
  const { position, pointsFrom } = await snapshot.state();
  // what was decoded under routes that nobody knows any more cannot be decoded anew
  const routesFrom = routes[0]?.from ?? 0;
  const from = Math.max(pointsFrom, routesFrom);
  const isBlind = routesFrom > pointsFrom || (pointsFrom >= facts.end && facts.end > facts.start);
  const store = { position, pointsFrom: from };
  await using stack = new AsyncDisposableStack();
  const journal = stack.use(
    pins
      ? await HeldJournal.open(pins, facts, store, breathe)
      : await openOnKafka(kafka, facts, store, needs, breathe),
  );
  for await (const step of auditLedger({ journal, source: snapshot, routes, signal }))
    post({
      type: 'step',
      step: withFindings(step, [...journal.findings(), ...(isBlind ? unseen(step, facts) : [])]),
    });
}

async function openOnKafka(
  kafka: AuditThreadOptions['kafka'],
  ...rest: [JournalFacts, StoreFacts, KafkaAuditNeeds, () => Promise<void>]
): Promise<KafkaAuditJournal> {
  if (!kafka) throw new RangeError('A journal without files is one on Kafka.');
  const { KafkaAuditJournal: OnKafka } = await import('./kafka-audit-journal.ts');
  return await OnKafka.open(kafka, ...rest);
}

/** An audit that recounted no telemetry, since nobody knows its routes or its points are gone, has proved nothing, and must not look as if it had. */
function unseen(step: AuditStep, { start, end }: JournalFacts): AuditFinding[] {
  if (step.kind !== 'result' || step.telemetry > 0) return [];
  const held = `the journal holds the records from ${start} to ${end - 1}`;
  const why = 'nobody knows under which routes they were decoded, or their points are gone';
  const detail = `Nothing could be recounted: ${held}, and ${why}. The log of the start says whether the history of routes (routes.json) was damaged; records received from now on can be recounted.`;
  return [{ tenant: '', project: '', device: '', offset: -1, detail }];
}

/** The result with what is wrong with the journal itself in front. */
function withFindings(step: AuditStep, ofJournal: readonly AuditFinding[]): AuditStep {
  if (step.kind !== 'result') return step;
  const findings = [...ofJournal, ...step.report.findings];
  const most = LIMITS.auditFindingsMax.value;
  const report: AuditReport = {
    ...step.report,
    balanced: findings.length === 0,
    findings: findings.slice(0, most),
    findingsLeftOut: step.report.findingsLeftOut + Math.max(0, findings.length - most),
  };
  return { kind: 'result', report, telemetry: step.telemetry };
}
