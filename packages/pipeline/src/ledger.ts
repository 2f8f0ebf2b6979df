import type { ReceivedCount } from '@skerry/journal';
import { emptyAccounts, type LedgerReport, type ProjectLedger } from '@skerry/model';
import { VERDICTS, type VerdictTotals } from './catalogue.ts';

/** Verdicts of one project. */
export interface ProjectVerdicts {
  readonly tenant: string;
  readonly project: string;
  readonly totals: Readonly<VerdictTotals>;
}

/** What the ledger is made of. The journal's counts and the verdicts come from different counters on purpose. */
export interface LedgerInputs {
  /** As counted at the append, up to the journal's durable end. */
  readonly received: readonly ReceivedCount[];
  /** Telemetry records up to the same end, counted by the journal from record kinds. */
  readonly telemetryEnd: number;
  /** As of the last committed seal. */
  readonly verdicts: readonly ProjectVerdicts[];
  /** Telemetry records below the committed position, counted by the pipeline. */
  readonly telemetryPosition: number;
  /** Records of any kind that the journal holds between that position and its end. */
  readonly held: number;
}

/**
 * The account of every record. Pending is received minus verdicts, per project; that the sum of pending is what the
 * journal itself holds between position and end is the independent check, and that the verdicts are as many as the
 * telemetry records below the position is a second one. More cannot be pending than the journal holds: it has lost them.
 */
export function ledgerReport(inputs: LedgerInputs): LedgerReport {
  const projects = projectLedgers(inputs);
  const totals = emptyAccounts();
  for (const one of projects) {
    totals.received += one.received;
    totals.pending += one.pending;
    for (const verdict of VERDICTS) totals[verdict] += one[verdict];
  }
  const journalPending = inputs.telemetryEnd - inputs.telemetryPosition;
  const imbalances: string[] = [];
  for (const { tenant, project, received, pending, ...rest } of projects) {
    const verdicts = VERDICTS.reduce((sum, verdict) => sum + rest[verdict], 0);
    if (pending < 0)
      imbalances.push(
        `Project ${tenant}/${project} has ${verdicts} verdicts for ${received} received records: ${-pending} too many.`,
      );
    for (const verdict of VERDICTS)
      if (rest[verdict] < 0)
        imbalances.push(
          `Project ${tenant}/${project} has ${rest[verdict]} records in the account ${verdict}.`,
        );
  }
  if (totals.pending !== journalPending)
    imbalances.push(
      `${totals.pending} records are pending by the accounts of the projects, ${journalPending} by the journal: a difference of ${totals.pending - journalPending}.`,
    );
  const verdicts = VERDICTS.reduce((sum, verdict) => sum + totals[verdict], 0);
  if (verdicts !== inputs.telemetryPosition)
    imbalances.push(
      `${verdicts} verdicts are in the accounts for ${inputs.telemetryPosition} telemetry records below the position: a difference of ${verdicts - inputs.telemetryPosition}.`,
    );
  if (journalPending > inputs.held)
    imbalances.push(
      `${journalPending} telemetry records are pending by the journal, and it holds ${inputs.held} records behind the position: ${journalPending - inputs.held} are lost.`,
    );
  return { totals, balanced: imbalances.length === 0, projects, imbalances, journalPending };
}

function projectLedgers(inputs: LedgerInputs): ProjectLedger[] {
  const byKey = new Map<string, ProjectLedger>();
  for (const { tenant, project, received, receivedQos0 } of inputs.received) {
    const ledger = { tenant, project, ...emptyAccounts(), received, receivedQos0, pending: received };
    byKey.set(keyOf(tenant, project), ledger);
  }
  for (const { tenant, project, totals } of inputs.verdicts) {
    const verdicts = VERDICTS.reduce((sum, verdict) => sum + totals[verdict], 0);
    const known = byKey.get(keyOf(tenant, project));
    if (!known && VERDICTS.every((verdict) => totals[verdict] === 0)) continue;
    const received = known?.received ?? 0;
    const receivedQos0 = known?.receivedQos0 ?? 0;
    const ledger = { tenant, project, received, receivedQos0, ...totals, pending: received - verdicts };
    byKey.set(keyOf(tenant, project), ledger);
  }
  return [...byKey.values()].sort(
    (a, b) => compareTexts(a.tenant, b.tenant) || compareTexts(a.project, b.project),
  );
}

function keyOf(tenant: string, project: string): string {
  return `${tenant}\u0000${project}`;
}

/** Order of texts by UTF-16 code units, the same everywhere. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
