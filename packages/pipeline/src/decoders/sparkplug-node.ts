import { PipelineError } from '../errors.ts';
import type { SparkplugMetric } from './sparkplug-payload.ts';
import type { MetricType } from './sparkplug-values.ts';

/** What a birth says of one metric. */
export interface BornMetric extends MetricType {
  readonly name: string;
}

/** The birth of an edge node or of one of its devices. */
export interface Birth {
  /** Of its record in the journal; it is in force behind it. */
  readonly offset: number;
  /** Offset of the record that ended it; undefined while it is in force. */
  end: number | undefined;
  readonly byName: ReadonlyMap<string, BornMetric>;
  /** By the decimal digits of the alias. */
  readonly byAlias: ReadonlyMap<string, BornMetric>;
  /** Metrics, and members of templates, that are kept of it. */
  readonly size: number;
}

type Members = ReadonlyMap<string, MetricType>;

/** A birth in a row: of each metric the name, type, alias, and the members of a template. */
interface PackedBirth {
  readonly offset: number;
  readonly end?: number;
  readonly metrics: readonly [name: string, type: number, alias?: string | null, members?: PackedMembers][];
}

/** Members in a row: name, type, and those of a template in it. */
type PackedMembers = readonly (readonly [name: string, type: number, members?: PackedMembers])[];

/** Whose an edge node is, and what it is called. */
export interface NodePlace {
  readonly tenant: string;
  readonly project: string;
  readonly group: string;
  readonly node: string;
}

/** An edge node as its messages made it. */
export interface NodeState extends NodePlace {
  readonly key: string;
  /** Number of the session that the birth began; undefined where it told none. */
  bdSeq: string | undefined;
  /** Name of the birth in force in the node's numbering. */
  epoch: string;
  /** The last sequence number, and how many numbers it is beyond the one that the birth had. */
  seq: number;
  count: number;
  /** Whether the births are wanted again. */
  isWanted: boolean;
  birth: Birth | undefined;
  readonly devices: Map<string, Birth>;
}

/** The key of an edge node. */
export function nodeKey({ tenant, project, group, node }: NodePlace): string {
  return JSON.stringify([tenant, project, group, node]);
}

/** A node of which nothing is known yet. */
export function newNode(place: NodePlace): NodeState {
  const { tenant, project, group, node } = place;
  return {
    key: nodeKey(place),
    tenant,
    project,
    group,
    node,
    bdSeq: undefined,
    epoch: '',
    seq: 0,
    count: 0,
    isWanted: false,
    birth: undefined,
    devices: new Map(),
  };
}

/** The part of the row of a node, or of a birth of it; `device` is empty for its own. */
export function partOf(key: string, device?: string): string {
  return device === undefined ? `node:${key}` : `birth:${JSON.stringify([key, device])}`;
}

/** A node without its births, for its row. */
export function packNode({ bdSeq, epoch, seq, count, isWanted }: NodeState): string {
  return JSON.stringify({ bdSeq, epoch, seq, count, isWanted });
}

/** A birth for its row. */
export function packBirth({ offset, end, byName, byAlias }: Birth): string {
  const aliases = new Map(Array.from(byAlias, ([alias, metric]) => [metric, alias]));
  const metrics = Array.from(byName.values(), (metric) => {
    const alias = aliases.get(metric);
    const { name, type, members } = metric;
    if (members) return [name, type, alias ?? null, packMembers(members)];
    return alias === undefined ? [name, type] : [name, type, alias];
  });
  return JSON.stringify({ offset, end, metrics });
}

function packMembers(members: Members): PackedMembers {
  return Array.from(members, ([name, { type, members: inner }]) =>
    inner ? ([name, type, packMembers(inner)] as const) : ([name, type] as const),
  );
}

function unpackMembers(packed: PackedMembers): Members {
  return new Map(
    packed.map(([name, type, inner]) => [name, { type, members: inner && unpackMembers(inner) }]),
  );
}

/** The types of the members of a template; undefined for what is none, and for a definition. */
export function membersOf({ template }: SparkplugMetric): Members | undefined {
  if (!template || template.isDefinition) return undefined;
  return new Map(
    template.members.flatMap((member) =>
      member.name === undefined ? [] : [[member.name, { type: member.type, members: membersOf(member) }]],
    ),
  );
}

/** Makes nodes of the rows that the two functions above wrote. Fails with `stages-damaged`. */
export function unpackNodes(
  rows: readonly { readonly part: string; readonly body: string | undefined }[],
): NodeState[] {
  const nodes = new Map<string, NodeState>();
  for (const { part, body } of rows) {
    if (body === undefined) continue;
    try {
      unpackRow(part, body, nodes);
    } catch (cause) {
      throw new PipelineError(
        'stages-damaged',
        `Reading a Sparkplug node failed: the row ${part.slice(0, 200)} holds ${body.length} characters that are none; it was written as JSON.`,
        { row: part },
        cause,
      );
    }
  }
  return [...nodes.values()];
}

function unpackRow(part: string, body: string, nodes: Map<string, NodeState>): void {
  const isNode = part.startsWith('node:');
  const [key, device] = isNode
    ? [part.slice('node:'.length), '']
    : (JSON.parse(part.slice('birth:'.length)) as [string, string]); // written by `partOf`
  const node = nodes.get(key) ?? nodeOf(key);
  nodes.set(key, node);
  if (isNode) {
    Object.assign(node, JSON.parse(body));
    return;
  }
  const packed = JSON.parse(body) as PackedBirth; // written by `packBirth`
  const birth = birthOf(
    packed.offset,
    packed.metrics.map(([name, type, alias, members]) => ({
      ...{ name, type, alias: alias ?? undefined },
      members: members && unpackMembers(members),
    })),
  );
  birth.end = packed.end;
  if (device === '') node.birth = birth;
  else node.devices.set(device, birth);
}

function nodeOf(key: string): NodeState {
  const [tenant, project, group, node] = JSON.parse(key) as [string, string, string, string]; // written by `nodeKey`
  return newNode({ tenant, project, group, node });
}

/** A birth in force behind `offset`. Of two metrics of one name or alias the last one counts. */
export function birthOf(
  offset: number,
  metrics: readonly (BornMetric & { readonly alias: string | undefined })[],
): Birth {
  const byName = new Map<string, BornMetric>();
  const byAlias = new Map<string, BornMetric>();
  for (const { name, type, alias, members } of metrics) {
    const metric: BornMetric = { name, type, members };
    byName.set(name, metric);
    if (alias !== undefined) byAlias.set(alias, metric);
  }
  return { offset, end: undefined, byName, byAlias, size: sizeOf(byName) };
}

function sizeOf(metrics: ReadonlyMap<string, MetricType>): number {
  let size = metrics.size;
  for (const { members } of metrics.values()) if (members) size += sizeOf(members);
  return size;
}
