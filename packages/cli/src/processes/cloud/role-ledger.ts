import type { PartitionEnd } from '@skerry/journal/kafka';
import {
  ACCOUNTS,
  emptyAccounts,
  type LedgerNote,
  type LedgerReport,
  type ProjectLedger,
} from '@skerry/model';
import type { ReadingLedger, ReadingVerdicts } from '@skerry/series/postgres';

/** The ledger over roles, and what it cannot know. */
export type RoleLedgerReport = LedgerReport & Required<Pick<LedgerReport, 'notes'>>;

/** What a ledger over roles is made of. */
export interface RoleLedgerTerms {
  /** What the tables say in one snapshot; the newest tells of gateways are in it. */
  readonly now: ReadingLedger;
  /** Earlier snapshots, newest first: one of them may be old enough for the tells. */
  readonly earlier: readonly ReadingLedger[];
  /** Ends of the partitions, asked for after `now` was read; undefined while Kafka does not answer. */
  readonly ends: readonly PartitionEnd[] | undefined;
  /** Microseconds since 1970. */
  readonly nowMicros: number;
}

/** Gateways tell every two seconds. */
const SILENT_MICROS = 60_000_000;

type Verdicts = Pick<ReadingVerdicts, (typeof VERDICTS)[number] | 'repeated'>;

const VERDICTS = ['stored', 'deduplicated', 'filtered', 'deadLettered', 'discarded', 'expired'] as const;

/**
 * The account of every record over all roles. Received is what gateways told, verdicts are the sources', less those of
 * records that were sent again between gateway and Kafka, and pending lies in the gateways' journals or between the
 * positions of the sources and the ends of their partitions. The verdicts are those of a snapshot of which every
 * record was told of already, so that they cannot be ahead; the ends are asked for last, so that they cannot be behind:
 * what then does not fit is lost or counted twice, however much is under way.
 */
export function roleLedger({ now, earlier, ends, nowMicros }: RoleLedgerTerms): RoleLedgerReport {
  const told = new Map(now.gateways.map((one) => [one.journalId, one]));
  const isCovered = ({ origins }: ReadingLedger): boolean =>
    origins.every(
      ({ journalId, offset }) => offset < (told.get(journalId)?.asOf ?? Number.POSITIVE_INFINITY),
    );
  const covered = [now, ...earlier].find(isCovered);
  const judged = covered ?? now;
  // records that no gateway told of: another producer's, or those of a gateway without PostgreSQL
  const own = judged.origins.filter(({ journalId }) => told.has(journalId));
  const verdicts = judged.projects.reduce((sum, one) => sum + verdictsOf(one), 0);
  const others = verdicts - own.reduce((sum, { records }) => sum + records, 0);
  const projects = projectLedgers(now, judged, others > 0 || !covered);
  const totals = emptyAccounts();
  for (const one of projects) for (const account of ACCOUNTS) totals[account] += one[account];
  const waiting = ends && waitingOf(now, judged, ends);
  const imbalances = [
    ...gatewayImbalances(judged, told),
    ...projectImbalances(projects),
    ...storeImbalances(judged, others),
  ];
  if (waiting !== undefined && totals.pending > waiting)
    imbalances.push(
      `${totals.pending} records are pending by the accounts of the projects, and ${waiting} at most lie in the journals of gateways and in Kafka: ${totals.pending - waiting} are missing.`,
    );
  return {
    totals,
    balanced: imbalances.length === 0,
    projects,
    imbalances,
    journalPending: waiting ?? totals.pending,
    notes: [
      ...(covered ? [] : aheadNotes(now)),
      ...silentNotes(now, nowMicros),
      ...notesOf(judged, { others, told, isAsked: ends !== undefined }),
    ],
  };
}

/** Records that have a verdict and that their gateways have not told of yet, at most; by gateway. */
function aheadOf({ gateways, origins }: ReadingLedger): readonly (readonly [name: string, count: number])[] {
  const byId = new Map(gateways.map((one) => [one.journalId, one]));
  return origins.flatMap(({ journalId, offset }) => {
    const known = byId.get(journalId);
    return known && offset >= known.asOf ? [[known.name, offset + 1 - known.asOf] as const] : [];
  });
}

function aheadNotes(now: ReadingLedger): LedgerNote[] {
  return aheadOf(now).map(([name, records]) => ({
    code: 'gateway-ahead',
    subject: name,
    records,
    detail: `Up to ${records} records of the gateway ${name} have a verdict, and it has not told of them: they are counted as they are judged until it does.`,
  }));
}

/** Gateways that are gone and have taken something in that Kafka has not: it is on their disks. */
function silentNotes({ gateways }: ReadingLedger, nowMicros: number): LedgerNote[] {
  return gateways.flatMap(({ name, asOf, sent, toldMicros }): LedgerNote[] => {
    const records = asOf - sent;
    if (records <= 0 || nowMicros - toldMicros < SILENT_MICROS) return [];
    const since = new Date(toldMicros / 1_000).toISOString();
    const detail = `${records} records of the gateway ${name} are acknowledged and not in Kafka, and it has told nothing since ${since}: they lie in its data folder; start any gateway on that folder, and it sends them.`;
    return [{ code: 'gateway-silent', subject: name, records, detail }];
  });
}

function verdictsOf(one: Verdicts): number {
  return VERDICTS.reduce((sum, verdict) => sum + one[verdict], 0) - one.repeated;
}

/** `isOpen`: records may have verdicts that nobody told of; they are received as they are judged. */
function projectLedgers(now: ReadingLedger, judged: ReadingLedger, isOpen: boolean): ProjectLedger[] {
  const projects = new Map<string, ProjectLedger>();
  const keyOf = (tenant: string, project: string): string => JSON.stringify([tenant, project]);
  for (const { accounts } of now.gateways)
    for (const { tenant, project, received, receivedQos0 } of accounts) {
      const key = keyOf(tenant, project);
      const known = projects.get(key) ?? { tenant, project, ...emptyAccounts(), receivedQos0: 0 };
      projects.set(key, {
        ...known,
        received: known.received + received,
        receivedQos0: known.receivedQos0 + receivedQos0,
        pending: known.pending + received,
      });
    }
  for (const one of judged.projects) {
    const { tenant, project } = one;
    const key = keyOf(tenant, project);
    const sum = verdictsOf(one);
    const known = projects.get(key) ?? { tenant, project, ...emptyAccounts(), receivedQos0: 0 };
    if (sum === 0 && known.received === 0) continue;
    const received = isOpen ? Math.max(known.received, sum) : known.received;
    const { stored, filtered, deadLettered, discarded, expired } = one;
    const deduplicated = one.deduplicated - one.repeated;
    const accounts = { stored, deduplicated, filtered, deadLettered, discarded, expired };
    projects.set(key, { ...known, ...accounts, received, pending: received - sum });
  }
  return [...projects.values()].sort(
    (a, b) => compareTexts(a.tenant, b.tenant) || compareTexts(a.project, b.project),
  );
}

function projectImbalances(projects: readonly ProjectLedger[]): string[] {
  return projects.flatMap((one) => {
    const name = `Project ${one.tenant}/${one.project}`;
    const below = VERDICTS.filter((verdict) => one[verdict] < 0).map(
      (verdict) => `${name} has ${one[verdict]} records in the account ${verdict}.`,
    );
    if (one.pending >= 0) return below;
    const verdicts = one.received - one.pending;
    return [
      ...below,
      `${name} has ${verdicts} verdicts for ${one.received} records that gateways received: ${-one.pending} too many.`,
    ];
  });
}

/** What a gateway told, beside what came from it. */
function gatewayImbalances(
  { origins }: ReadingLedger,
  told: ReadonlyMap<string, ReadingLedger['gateways'][number]>,
): string[] {
  return origins.flatMap(({ journalId, offset, records }) => {
    const gateway = told.get(journalId);
    if (!gateway || offset >= gateway.asOf) return [];
    const received = gateway.accounts.reduce((sum, one) => sum + one.received, 0);
    if (records <= received) return [];
    return [
      `${records} records of the gateway ${gateway.name} (journal ${journalId}) have a verdict, and it told of ${received}: ${records - received} too few.`,
    ];
  });
}

function storeImbalances({ projects, telemetryPosition }: ReadingLedger, others: number): string[] {
  const imbalances: string[] = [];
  const verdicts = projects.reduce((sum, one) => sum + verdictsOf(one) + one.repeated, 0);
  if (verdicts !== telemetryPosition)
    imbalances.push(
      `${verdicts} verdicts are in the accounts for ${telemetryPosition} telemetry records below the positions of the partitions: a difference of ${verdicts - telemetryPosition}.`,
    );
  if (others < 0)
    imbalances.push(
      `The accounts lack ${-others} verdicts of records that the partitions have from gateways.`,
    );
  return imbalances;
}

/** Records that wait in gateways, and in Kafka behind the judged positions, at most. */
function waitingOf(now: ReadingLedger, judged: ReadingLedger, ends: readonly PartitionEnd[]): number {
  const positions = new Map(
    judged.sources.map(({ journalId, position, shift }) => [journalId, position - shift]),
  );
  const inKafka = ends.reduce(
    (sum, { journalId, end }) => sum + Math.max(0, end - (positions.get(journalId) ?? 0)),
    0,
  );
  const inGateways = now.gateways.reduce((sum, { asOf, sent }) => sum + Math.max(0, asOf - sent), 0);
  return inKafka + inGateways;
}

function notesOf(
  { origins }: ReadingLedger,
  { others, told, isAsked }: { others: number; told: ReadonlyMap<string, unknown>; isAsked: boolean },
): LedgerNote[] {
  const untold = origins.filter(({ journalId }) => !told.has(journalId));
  const fromUntold = untold.reduce((sum, { records }) => sum + records, 0);
  const foreign = others - fromUntold;
  return [
    ...untold.map(
      ({ journalId, records }): LedgerNote => ({
        code: 'gateway-untold',
        subject: journalId,
        records,
        detail: `${records} records came from a gateway that tells nothing of what it receives (journal ${journalId}): it has no PostgreSQL, or has not reached it yet.`,
      }),
    ),
    ...(foreign > 0 ? [foreignNote(foreign)] : []),
    ...(isAsked ? [] : [KAFKA_SILENT]),
  ];
}

function foreignNote(records: number): LedgerNote {
  const detail = `${records} records were put into Kafka by another producer, and are counted as they are judged.`;
  return { code: 'foreign-records', subject: '', records, detail };
}

const KAFKA_SILENT: LedgerNote = {
  code: 'kafka-silent',
  subject: '',
  records: 0,
  detail: 'Kafka does not answer: what it holds and nobody has read is not in this account.',
};

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
