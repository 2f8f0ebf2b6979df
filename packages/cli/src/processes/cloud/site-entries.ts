import type {
  PartitionEntry,
  RoleEntry,
  RoleState,
  SinkEntry,
  SourceEntry,
  SourceGateway,
} from '@skerry/api';
import type { PartitionEnd, RecordPlace, WaitingRecord } from '@skerry/journal/kafka';
import type { RolePartition } from '@skerry/model';
import type { ReadingRole, ReadingSink, ReadingSource } from '@skerry/series/postgres';

/** A process with what it told, and the state that it is shown in. */
export interface ToldRole extends ReadingRole {
  readonly state: RoleState;
}

/** The reason of a partition whose oldest unstored records are not in Kafka any more. */
export const OFFSET_TRIMMED = 'offset-trimmed';
/** A sink that is behind for longer is shown so. */
const BEHIND_MS = 10_000;

/** The state of a process at the age of its last word. */
export function roleState({ isEnded, ageMs, report }: ReadingRole, silentMs: number): RoleState {
  if (isEnded) return 'ended';
  if (ageMs > silentMs) return 'silent';
  return report.reasons.length === 0 ? 'ready' : 'degraded';
}

/** Processes as they are shown; a partition that somebody else has by now is not told of a silent one. */
export function roleEntries(roles: readonly ToldRole[]): RoleEntry[] {
  const taken = new Set(roles.flatMap((one) => (isHere(one) ? one.report.partitions.map(labelOf) : [])));
  return roles.map((one) => roleEntry(one, taken));
}

/** One that is silent or has ended is so since its last word. */
function roleEntry(told: ToldRole, taken: ReadonlySet<string>): RoleEntry {
  const { report, state, toldMicros, ageMs } = told;
  const { role, name, place, version, reasons, slot, buffer, startedMicros, sinceMicros } = report;
  const owned = state === 'ended' ? [] : report.partitions.map(labelOf);
  return {
    role,
    name,
    place,
    version,
    state,
    reasons,
    sinceMicros: isHere(told) ? sinceMicros : toldMicros,
    startedMicros,
    toldMicros,
    toldMs: ageMs,
    slot: slot ?? undefined,
    buffer: buffer ?? undefined,
    sources: report.sources.filter(({ clientId }) => clientId !== '').map(({ name: source }) => source),
    partitions: isHere(told) ? owned : owned.filter((label) => !taken.has(label)),
  };
}

function isHere({ state }: Pick<ToldRole, 'state'>): boolean {
  return state === 'ready' || state === 'degraded';
}

/** What partitions are made of. */
export interface PartitionTerms {
  readonly roles: readonly ToldRole[];
  readonly sources: readonly ReadingSource[];
  /** Undefined while Kafka does not say them. */
  readonly ends: readonly PartitionEnd[] | undefined;
  readonly nowMicros: number;
}

interface Told {
  readonly role: ToldRole;
  readonly partition: RolePartition;
}

/**
 * Partitions by topic and number, in the offsets of the store. Of a topic that was made anew those of before are left out.
 */
export function partitionEntries({ roles, sources, ends, nowMicros }: PartitionTerms): PartitionEntry[] {
  const current = ends && new Set(ends.map(({ journalId }) => journalId));
  const known = new Map<string, ReadingSource>();
  for (const source of sources)
    if (current === undefined || current.has(source.journalId)) known.set(source.label, source);
  const endOf = new Map(ends?.map((one) => [labelOf(one), one.end]));
  const told = toldPartitions(roles, known);
  const labels = new Set([...endOf.keys(), ...known.keys(), ...told.keys()]);
  return [...labels]
    .map((label) => {
      const source = known.get(label);
      const found = endOf.get(label);
      const end = found === undefined ? undefined : found + (source?.shift ?? 0);
      return { ...placeOf(label), ...standOf({ source, end, told: told.get(label), nowMicros }) };
    })
    .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
}

/** Who tells of each partition: of several the one that the store knows as its owner, then the one that told last. */
function toldPartitions(
  roles: readonly ToldRole[],
  sources: ReadonlyMap<string, ReadingSource>,
): Map<string, Told> {
  const found = new Map<string, Told>();
  const rank = (label: string, { role }: Told): number =>
    (role.state === 'silent' ? 0 : 2) + (sources.get(label)?.owner === role.report.name ? 1 : 0);
  for (const role of roles) {
    if (role.state === 'ended') continue;
    for (const partition of role.report.partitions) {
      const label = labelOf(partition);
      const [one, other] = [{ role, partition }, found.get(label)];
      const lead = other ? rank(label, one) - rank(label, other) || other.role.ageMs - role.ageMs : 1;
      if (lead > 0) found.set(label, one);
    }
  }
  return found;
}

function standOf({
  source,
  end,
  told,
  nowMicros,
}: {
  readonly source: ReadingSource | undefined;
  readonly end: number | undefined;
  readonly told: Told | undefined;
  readonly nowMicros: number;
}): Omit<PartitionEntry, 'topic' | 'partition'> {
  const isLive = told !== undefined && told.role.state !== 'silent';
  // whoever has it and does not write it knows nothing of what waits
  const tellsLag = isLive && told.partition.isWritten;
  const { lagSeconds: seconds, retentionLeftSeconds: left = null } = told?.partition ?? {};
  const records = told?.partition.lagRecords ?? 0;
  const position = source?.position;
  const lagRecords = end === undefined ? undefined : Math.max(0, end - (position ?? 0));
  const isWaiting = lagRecords !== 0;
  const owner = told && { name: told.role.report.name, state: told.role.state };
  const reasons = isLive ? told.partition.reasons : [];
  const unowned = {
    code: owner ? 'owner-silent' : 'unowned',
    detail: owner
      ? `${owner.name} writes it and tells nothing any more; another writer takes it over when its session in the group has run out`
      : 'no writer has it: its records wait in Kafka',
  };
  return {
    owner,
    lastOwner: owner ? undefined : source?.owner,
    position,
    end,
    lagRecords,
    // what came since it told is no older than that
    lagSeconds: !isWaiting
      ? 0
      : tellsLag
        ? records > 0
          ? (seconds ?? undefined)
          : told.role.ageMs / 1_000
        : undefined,
    retentionAtMicros:
      tellsLag && isWaiting && left !== null ? nowMicros - told.role.ageMs * 1_000 + left * 1e6 : undefined,
    reasons: isLive ? reasons : [...reasons, unowned],
  };
}

/** The records at the positions of partitions of which nobody who lives and writes them tells the lag, in the offsets of Kafka. */
export function unknownLags(
  entries: readonly PartitionEntry[],
  sources: readonly ReadingSource[],
): RecordPlace[] {
  const shifts = new Map(sources.map(({ label, shift }) => [label, shift]));
  return entries.flatMap(({ topic, partition, position, lagRecords, lagSeconds }) =>
    lagSeconds === undefined && lagRecords !== undefined && lagRecords > 0
      ? [{ topic, partition, offset: (position ?? 0) - (shifts.get(labelOf({ topic, partition })) ?? 0) }]
      : [],
  );
}

/** The entries with what the records that wait say of their lag. */
export function withWaiting(
  entries: readonly PartitionEntry[],
  waiting: readonly WaitingRecord[],
  nowMicros: number,
): PartitionEntry[] {
  const found = new Map(waiting.map((one) => [labelOf(one), one]));
  return entries.map((entry) => {
    const one = found.get(labelOf(entry));
    if (!one || entry.lagSeconds !== undefined) return entry;
    const { sinceMs, retentionMs } = one;
    const isDated = sinceMs !== undefined && retentionMs !== undefined;
    return {
      ...entry,
      lagSeconds: sinceMs === undefined ? undefined : Math.max(0, nowMicros / 1e6 - sinceMs / 1_000),
      retentionAtMicros: isDated ? (sinceMs + retentionMs) * 1_000 : undefined,
      reasons: [...entry.reasons, ...waitingReasons(one)],
    };
  });
}

/** What is wrong with a record that waits. */
function waitingReasons({ isTrimmed, fault }: WaitingRecord): PartitionEntry['reasons'] {
  if (isTrimmed)
    return [{ code: OFFSET_TRIMMED, detail: 'retention has removed records that nobody has stored' }];
  const unknown = 'since when its records wait, or how long Kafka keeps them, is not known';
  return fault ? [{ code: fault.code, detail: `${unknown}: ${fault.message}` }] : [];
}

/** What sinks are made of. */
export interface SinkTerms {
  readonly roles: readonly ToldRole[];
  readonly sources: readonly ReadingSource[];
  readonly sinks: readonly ReadingSink[];
  readonly nowMicros: number;
}

/** The primary store, and each further one over all partitions; of a partition that was made anew the newest counts. */
export function sinkEntries({ roles, sources, sinks, nowMicros }: SinkTerms): SinkEntry[] {
  const seals = sources.reduce((sum, { seal }) => sum + seal, 0);
  const primary: SinkEntry = {
    name: 'store',
    kind: 'postgresql',
    isPrimary: true,
    state: 'good',
    position: seals,
    committed: seals,
    points: sources.reduce((sum, { points }) => sum + points, 0),
    refused: 0,
    missed: 0,
    lagSeconds: 0,
    retentionAtMicros: undefined,
    lastError: undefined,
  };
  const told = roles.filter(isHere).flatMap(({ report }) => report.partitions.flatMap((one) => one.sinks));
  const names = new Set([...sinks, ...told].map(({ name }) => name));
  const further = [...names].sort().map((name): SinkEntry => {
    const rows = [
      ...new Map(sinks.filter((one) => one.name === name).map((one) => [one.label, one])).values(),
    ];
    const fed = told.filter((one) => one.name === name);
    const trouble = fed.find((one) => one.trouble !== null)?.trouble ?? undefined;
    const sum = (of: (row: ReadingSink) => number) => rows.reduce((all, row) => all + of(row), 0);
    const behindMs = Math.max(0, ...rows.map((row) => row.behindMs));
    const leftMs = Math.min(...rows.map(({ retentionLeftMs = Number.POSITIVE_INFINITY }) => retentionLeftMs));
    const [refusal] = rows
      .flatMap(({ lastRefusal }) => lastRefusal ?? [])
      .sort((a, b) => b.atMicros - a.atMicros);
    return {
      name,
      kind: fed[0]?.kind ?? '',
      isPrimary: false,
      state: fed.length === 0 ? 'unknown' : trouble ? 'trouble' : behindMs > BEHIND_MS ? 'behind' : 'good',
      position: sum(({ seal }) => seal),
      committed: sum(({ committed }) => committed),
      points: sum(({ points }) => points),
      refused: sum(({ refused }) => refused),
      missed: sum(({ missed }) => missed),
      lagSeconds: behindMs / 1_000,
      retentionAtMicros: Number.isFinite(leftMs) ? nowMicros + leftMs * 1_000 : undefined,
      lastError: trouble
        ? { ...trouble, atMicros: undefined }
        : refusal && { code: 'sink-refused', detail: refusal.reason, atMicros: refusal.atMicros },
    };
  });
  return [primary, ...further];
}

/** External brokers by name, each with the gateways that are configured for it. */
export function sourceEntries(roles: readonly ToldRole[]): SourceEntry[] {
  const told = roles
    .filter(({ state }) => state !== 'ended')
    .flatMap(({ report, state }) => report.sources.map((source) => ({ source, state, by: report.name })));
  return [...Map.groupBy(told, ({ source }) => source.name)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, ofBroker]) => {
      const gateways = ofBroker.map(({ source, state, by }): SourceGateway => {
        const { clientId, phase, troubles, filters, unacked, brokerDropped } = source;
        return { name: by, state, clientId, phase, troubles, filters, unacked, brokerDropped };
      });
      const { url = '', share = '' } = ofBroker[0]?.source ?? {};
      return { name, url, share, state: sourceState(gateways), gateways };
    });
}

function sourceState(gateways: readonly SourceGateway[]): SourceEntry['state'] {
  const held = gateways.filter(({ clientId }) => clientId !== '');
  const live = held.filter(({ state }) => state !== 'silent');
  if (held.length === 0) return 'unheld';
  if (live.length === 0) return 'silent';
  return live.every((one) => one.troubles.length === 0 && one.phase === 'connected') ? 'good' : 'degraded';
}

function labelOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

function placeOf(label: string): { readonly topic: string; readonly partition: number } {
  const slash = label.lastIndexOf('/');
  return { topic: label.slice(0, slash), partition: Number(label.slice(slash + 1)) };
}
