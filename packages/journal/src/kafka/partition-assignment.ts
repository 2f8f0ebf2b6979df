/** A partition by its topic's name and its number. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A member of a writer group as its leader knows it. */
export interface GroupMember {
  readonly id: string;
  readonly topics: readonly string[];
  /** What it works on, as it says itself. */
  readonly owned: readonly TopicPartition[];
  /** When it was given that; of two that claim a partition the newer one has it. */
  readonly generation: number;
}

/** A partition as one text. */
export function partitionText({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/**
 * Who works on which partition: shares differ by one at most, and as little as possible changes hands. A partition that
 * has to leave a member goes to nobody in this round; its next owner has it in the round after the member has given it
 * up (cooperative rebalancing, KIP-429). The same input gives the same answer.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const all = [...partitions].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
  const owners = ownersOf(members, all);
  const target = balanced(members, all, owners);
  const assigned = new Map<string, TopicPartition[]>(members.map(({ id }) => [id, []]));
  for (const one of all) {
    const text = partitionText(one);
    const next = target.get(text);
    const owner = owners.get(text);
    if (next !== undefined && (owner === undefined || owner === next)) assigned.get(next)?.push(one);
  }
  return assigned;
}

/** By partition: the member that works on it now. */
function ownersOf(members: readonly GroupMember[], all: readonly TopicPartition[]): Map<string, string> {
  const known = new Set(all.map(partitionText));
  const owners = new Map<string, string>();
  const generations = new Map<string, number>();
  for (const { id, owned, generation, topics } of byId(members)) {
    for (const one of owned) {
      const text = partitionText(one);
      if (!known.has(text) || !topics.includes(one.topic) || (generations.get(text) ?? -2) >= generation)
        continue;
      owners.set(text, id);
      generations.set(text, generation);
    }
  }
  return owners;
}

/** By partition: the member that should work on it. */
function balanced(
  members: readonly GroupMember[],
  all: readonly TopicPartition[],
  owners: ReadonlyMap<string, string>,
): Map<string, string> {
  const loads = new Map(byId(members).map(({ id }) => [id, 0]));
  const held = (id: string): number => all.filter((one) => owners.get(partitionText(one)) === id).length;
  const order = byId(members)
    .map((member) => ({ member, holds: held(member.id) }))
    .sort((a, b) => b.holds - a.holds);
  const target = new Map<string, string>();
  const least = Math.floor(all.length / Math.max(1, members.length));
  let larger = all.length - least * members.length;
  for (const { member, holds } of order) {
    // who has more keeps the larger shares
    const quota = holds > least && larger > 0 ? least + 1 : least;
    if (quota > least) larger--;
    for (const one of all) {
      if (Number(loads.get(member.id)) >= quota) break;
      if (owners.get(partitionText(one)) !== member.id) continue;
      target.set(partitionText(one), member.id);
      loads.set(member.id, Number(loads.get(member.id)) + 1);
    }
  }
  for (const one of all) {
    if (target.has(partitionText(one))) continue;
    const taker = lightest(members, loads, one.topic);
    if (taker === undefined) continue;
    target.set(partitionText(one), taker);
    loads.set(taker, Number(loads.get(taker)) + 1);
  }
  return target;
}

function lightest(
  members: readonly GroupMember[],
  loads: ReadonlyMap<string, number>,
  topic: string,
): string | undefined {
  let found: string | undefined;
  for (const { id, topics } of byId(members)) {
    if (!topics.includes(topic)) continue;
    if (found === undefined || Number(loads.get(id)) < Number(loads.get(found))) found = id;
  }
  return found;
}

function byId(members: readonly GroupMember[]): GroupMember[] {
  return members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
