import type { PointValue } from '@skerry/model';
import type { StageRow } from '@skerry/series';
import { DecodeFault } from '../decode-fault.ts';
import { EVENT_TIME_MIN_MICROS } from '../event-time.ts';
import { LIMITS } from '../limits.ts';
import type { PointMessage } from './point-messages.ts';
import {
  type Birth,
  type BornMetric,
  birthOf,
  membersOf,
  type NodePlace,
  type NodeState,
  newNode,
  nodeKey,
  packBirth,
  packNode,
  partOf,
  unpackNodes,
} from './sparkplug-node.ts';
import { readSparkplugPayload, type SparkplugMetric, type SparkplugPayload } from './sparkplug-payload.ts';
import { deviceIdOf, type SparkplugTopic } from './sparkplug-topic.ts';
import { addMetric, UntypedMetric } from './sparkplug-values.ts';

/** Rows of a store that hold Sparkplug nodes have this in the place of a pipeline. */
const ROWS = 'sparkplug';
const BD_SEQ = 'bdSeq';
/** Steps back of the sequence number up to which a message is late, and not far ahead. */
const LATE_MAX = 127; // fixed by Sparkplug: half of its 256 numbers

/** Why the births of a node are wanted again. */
export type RebirthReason = 'no-birth' | 'sequence-gap' | 'unknown-alias';

/** An edge node that is to be asked for its births: by an NCMD with `Node Control/Rebirth` on its topic. */
export interface RebirthWanted extends NodePlace {
  readonly reason: RebirthReason;
}

/** What made births wanted. */
export interface RebirthCause {
  /** Receipt of the record, microseconds since 1970; 0 where they were wanted before the start. */
  readonly receivedMicros: number;
  /** The journal of the gateway that took the record in; undefined where nothing says so. */
  readonly gateway: string | undefined;
}

/** Where a record stands. */
export interface SparkplugSource {
  readonly tenant: string;
  readonly project: string;
  readonly topic: SparkplugTopic;
  /** Of the record whose births are to be in force: its own, and that of its dead letter for a replay. */
  readonly offset: number;
}

/** What a record says, and what it would change. */
export interface SparkplugReading {
  readonly messages: readonly PointMessage[];
  /** By `unit:` and the metric; absent without any. */
  readonly units?: ReadonlyMap<string, string>;
  readonly fault: DecodeFault | undefined;
  readonly step: SparkplugStep;
  /** Identity among the messages of the node's birth; undefined where that is not known. */
  readonly id: { readonly epoch: string; readonly number: number } | undefined;
  /** True when the book began too late to know the node. */
  readonly isBlind: boolean;
}

/** A change of a node; `commit` makes it. */
export interface SparkplugStep {
  readonly place: NodePlace;
  readonly topic: SparkplugTopic;
  readonly births: Birth | undefined;
  readonly bdSeq: string | undefined;
  readonly epoch: string | undefined;
  readonly seq: number | undefined;
  /** The number beyond that of the birth. */
  readonly number: number | undefined;
  readonly wanted: RebirthReason | undefined;
}

/** A device that came to life or went. */
export interface SparkplugLife {
  readonly deviceId: string;
  readonly kind: 'connected' | 'disconnected';
  readonly reason: 'sparkplug-birth' | 'sparkplug-death';
}

/** What followed from a record. */
export interface SparkplugOutcome {
  readonly lives: readonly SparkplugLife[];
  /** The node's own number; undefined where there is none to count. */
  readonly number: { readonly epoch: string; readonly seq: number } | undefined;
  readonly wanted: RebirthWanted | undefined;
}

const NOTHING: SparkplugOutcome = { lives: [], number: undefined, wanted: undefined };

/**
 * The Sparkplug edge nodes as the records of the journal made them: births with the names, types and aliases of metrics,
 * sequence numbers, deaths. `read` changes nothing; `commit` does, once the record has its verdict. Commits with the seal.
 */
export class SparkplugBook {
  readonly #nodes = new Map<string, NodeState>();
  readonly #changedNodes = new Set<NodeState>();
  readonly #changedBirths = new Map<string, Birth | undefined>();
  readonly #isBlind: boolean;
  #metrics = 0;

  /** `isBlind`: records that came before are not known, so a node that was not heard of may have been born. */
  constructor(isBlind = false) {
    this.#isBlind = isBlind;
  }

  /** Nodes heard of, and metrics of all births that are kept. */
  get size(): { readonly nodes: number; readonly metrics: number } {
    return { nodes: this.#nodes.size, metrics: this.#metrics };
  }

  /** Nodes whose births are wanted and did not come yet. */
  get wanted(): RebirthWanted[] {
    return [...this.#nodes.values()].flatMap((node) =>
      node.isWanted ? [{ ...placeOf(node), reason: 'no-birth' as const }] : [],
    );
  }

  /** Whether the births of a node are wanted and did not come yet. */
  isWanted(place: NodePlace): boolean {
    return this.#nodes.get(nodeKey(place))?.isWanted === true;
  }

  /** What a payload says under the births that are in force for its record. */
  read(bytes: Uint8Array, source: SparkplugSource): SparkplugReading {
    const { tenant, project, topic } = source;
    const place = { tenant, project, group: topic.group, node: topic.node };
    const node = this.#nodes.get(nodeKey(place));
    const nothing: SparkplugStep = {
      place,
      topic,
      births: undefined,
      bdSeq: undefined,
      epoch: undefined,
      seq: undefined,
      number: undefined,
      wanted: undefined,
    };
    const isBlind = this.#isBlind && !node?.birth;
    try {
      return { isBlind, ...this.#read(readSparkplugPayload(bytes), node, nothing, source) };
    } catch (fault) {
      if (!(fault instanceof DecodeFault)) throw fault;
      return { messages: [], fault, step: nothing, id: undefined, isBlind };
    }
  }

  #read(
    payload: SparkplugPayload,
    node: NodeState | undefined,
    nothing: SparkplugStep,
    source: SparkplugSource,
  ): Omit<SparkplugReading, 'isBlind'> {
    const { type } = source.topic;
    if (type === 'NBIRTH') return this.#nodeBirth(payload, node, nothing, source);
    if (type === 'NDEATH') {
      const step = { ...nothing, bdSeq: bdSeqOf(payload) };
      return { messages: [], fault: undefined, step, id: undefined };
    }
    const number =
      payload.seq === undefined || !isLive(node?.birth) ? undefined : numberOf(node, payload.seq);
    const isGap = number !== undefined && number > Number(node?.count) + 1;
    const id = node && number !== undefined ? { epoch: node.epoch, number } : undefined;
    const step = {
      ...nothing,
      seq: payload.seq,
      number,
      wanted: isGap ? ('sequence-gap' as const) : undefined,
    };
    if (type === 'DDEATH') return { messages: [], fault: undefined, step, id };
    try {
      if (type === 'DBIRTH') {
        const births = this.#birth(payload, source, node);
        const wanted = isLive(node?.birth) ? step.wanted : ('no-birth' as const);
        return { ...bornMessages(payload), step: { ...step, births, wanted }, id };
      }
      const birth = source.topic.device === '' ? node?.birth : node?.devices.get(source.topic.device);
      const wanted = isLive(birth) && isLive(node?.birth) ? step.wanted : ('no-birth' as const);
      return this.#data(
        payload,
        isInForce(birth, source.offset) ? birth : undefined,
        { ...step, wanted },
        id,
      );
    } catch (fault) {
      if (!(fault instanceof DecodeFault)) throw fault;
      return { messages: [], fault, step, id };
    }
  }

  #nodeBirth(
    payload: SparkplugPayload,
    node: NodeState | undefined,
    nothing: SparkplugStep,
    source: SparkplugSource,
  ): Omit<SparkplugReading, 'isBlind'> {
    const bdSeq = bdSeqOf(payload);
    const epoch = `${bdSeq ?? ''}.${payload.timestamp ?? ''}`;
    const seq = payload.seq ?? 0;
    const id = { epoch, number: 0 };
    // the same birth once more: it would set the numbers back
    const isAgain = isLive(node?.birth) && node?.epoch === epoch;
    if (isAgain) return { ...bornMessages(payload), step: nothing, id };
    const births = this.#birth(payload, source, node);
    const step = { ...nothing, births, bdSeq, epoch, seq, number: 0 };
    return { ...bornMessages(payload), step, id };
  }

  #birth(
    { metrics }: SparkplugPayload,
    { topic, offset }: SparkplugSource,
    node: NodeState | undefined,
  ): Birth {
    if (!node && this.#nodes.size >= LIMITS.sparkplugNodesMax.value)
      throw noRoom(`${this.#nodes.size} edge nodes`, LIMITS.sparkplugNodesMax.value);
    const before = topic.device === '' ? node?.birth : node?.devices.get(topic.device);
    if (topic.device !== '' && !before && Number(node?.devices.size) >= LIMITS.sparkplugDevicesMax.value)
      throw noRoom(`${node?.devices.size} devices of the node`, LIMITS.sparkplugDevicesMax.value);
    const born = metrics.map((metric) => {
      const { name, alias, type } = metric;
      if (name === undefined)
        throw new DecodeFault('undecodable', 'A metric of the birth has no name; every one must have it.');
      return { name, alias, type, members: membersOf(metric) };
    });
    const birth = birthOf(offset, born);
    if (this.#metrics + birth.size - sizeOf(before) > LIMITS.sparkplugMetricsMax.value)
      throw noRoom(`${this.#metrics} metrics`, LIMITS.sparkplugMetricsMax.value);
    return birth;
  }

  #data(
    payload: SparkplugPayload,
    birth: Birth | undefined,
    step: SparkplugStep,
    id: SparkplugReading['id'],
  ): Omit<SparkplugReading, 'isBlind'> {
    try {
      const told = messagesOf(payload, (metric) => {
        const { alias, name } = metric;
        const born =
          (alias === undefined ? undefined : birth?.byAlias.get(alias)) ?? birth?.byName.get(name ?? '');
        const found = born?.name ?? (name === '' ? undefined : name);
        const type = metric.type === 0 ? born?.type : metric.type;
        if (found !== undefined && type !== undefined) return { name: found, type, members: born?.members };
        throw new UnknownMetric(alias, name, step.topic, birth !== undefined);
      });
      return { ...told, fault: undefined, step, id };
    } catch (fault) {
      if (!(fault instanceof DecodeFault)) throw fault;
      const isNameless = fault instanceof UnknownMetric || fault instanceof UntypedMetric;
      const isUnknown = isNameless && step.wanted === undefined;
      return { messages: [], fault, step: isUnknown ? { ...step, wanted: 'unknown-alias' } : step, id };
    }
  }

  /** Makes the change that a record brought, once its verdict is given. */
  commit(step: SparkplugStep, offset: number): SparkplugOutcome {
    const { topic, wanted } = step;
    const known = this.#nodes.get(nodeKey(step.place));
    if (topic.type === 'NDEATH') return known ? this.#nodeDeath(known, step, offset) : NOTHING;
    if (!known && !step.births && wanted === undefined) return NOTHING;
    if (!known && this.#nodes.size >= LIMITS.sparkplugNodesMax.value) return NOTHING;
    const node = known ?? newNode(step.place);
    this.#nodes.set(node.key, node);
    this.#changedNodes.add(node);
    const lives = this.#lives(node, step, offset);
    let told: SparkplugOutcome['number'];
    if (step.number !== undefined && step.seq !== undefined) {
      if (step.number !== node.count || step.births) told = { epoch: node.epoch, seq: step.number };
      if (step.number > node.count) {
        node.count = step.number;
        node.seq = step.seq;
      }
    }
    const isNew = wanted !== undefined && !node.isWanted;
    if (isNew) node.isWanted = true;
    return { lives, number: told, wanted: isNew ? { ...placeOf(node), reason: wanted } : undefined };
  }

  #lives(node: NodeState, step: SparkplugStep, offset: number): SparkplugLife[] {
    const { topic, births } = step;
    const born = { deviceId: topic.deviceId, kind: 'connected', reason: 'sparkplug-birth' } as const;
    if (topic.type === 'NBIRTH' && births) {
      // the devices are born anew behind it
      for (const [device, birth] of node.devices) if (isLive(birth)) this.#end(node, device, birth, offset);
      this.#put(node, '', births);
      const { bdSeq, epoch = '', seq = 0 } = step;
      Object.assign(node, { bdSeq, epoch, seq, count: 0, isWanted: false });
      return [born];
    }
    if (topic.type === 'DBIRTH' && births) {
      this.#put(node, topic.device, births);
      return [born];
    }
    const gone = topic.type === 'DDEATH' ? node.devices.get(topic.device) : undefined;
    if (!gone || !isLive(gone)) return [];
    this.#end(node, topic.device, gone, offset);
    return [{ deviceId: topic.deviceId, kind: 'disconnected', reason: 'sparkplug-death' }];
  }

  /** A death tells of the session it ends: one of a session before says nothing of the birth in force. */
  #nodeDeath(node: NodeState, { topic, bdSeq }: SparkplugStep, offset: number): SparkplugOutcome {
    const isOther = bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq;
    if (!node.birth || !isLive(node.birth) || isOther) return NOTHING;
    const lives: SparkplugLife[] = [];
    const die = (deviceId: string) =>
      lives.push({ deviceId, kind: 'disconnected', reason: 'sparkplug-death' });
    die(topic.nodeId);
    this.#end(node, '', node.birth, offset);
    // in an order that a restart keeps
    for (const device of [...node.devices.keys()].sort()) {
      const birth = node.devices.get(device);
      if (!birth || !isLive(birth)) continue;
      this.#end(node, device, birth, offset);
      die(deviceIdOf(topic.nodeId, device));
    }
    return { lives, number: undefined, wanted: undefined };
  }

  #put(node: NodeState, device: string, birth: Birth): void {
    const before = device === '' ? node.birth : node.devices.get(device);
    this.#metrics += sizeOf(birth) - sizeOf(before);
    if (device === '') node.birth = birth;
    else node.devices.set(device, birth);
    this.#changedBirths.set(partOf(node.key, device), birth);
  }

  #end(node: NodeState, device: string, birth: Birth, offset: number): void {
    birth.end ??= offset;
    this.#changedBirths.set(partOf(node.key, device), birth);
  }

  /** Rows that changed since the last call, for the seal. */
  takeRows(): StageRow[] {
    const rows: StageRow[] = [];
    for (const node of this.#changedNodes)
      rows.push({ pipeline: ROWS, part: partOf(node.key), body: packNode(node) });
    for (const [part, birth] of this.#changedBirths)
      rows.push({ pipeline: ROWS, part, body: birth && packBirth(birth) });
    this.#changedNodes.clear();
    this.#changedBirths.clear();
    return rows;
  }

  /** Takes over what the store kept; returns the rows that are not of Sparkplug. Fails with `stages-damaged`. */
  restore(rows: readonly StageRow[]): readonly StageRow[] {
    for (const node of unpackNodes(rows.filter(({ pipeline }) => pipeline === ROWS))) {
      this.#nodes.set(node.key, node);
      for (const birth of [node.birth, ...node.devices.values()]) this.#metrics += sizeOf(birth);
    }
    return rows.filter(({ pipeline }) => pipeline !== ROWS);
  }
}

/** A metric that only a birth can name, and none does. */
class UnknownMetric extends DecodeFault {
  constructor(alias: string | undefined, name: string | undefined, topic: SparkplugTopic, isBorn: boolean) {
    const what =
      alias === undefined ? `The metric ${JSON.stringify((name ?? '').slice(0, 64))}` : `The alias ${alias}`;
    super(
      'undecodable',
      isBorn
        ? `${what} is not among the metrics that ${topic.deviceId.slice(0, 128)} was born with; it is asked for its births.`
        : `${what} has no meaning: no birth of ${topic.deviceId.slice(0, 128)} is in force for the record; the edge node is asked for its births.`,
    );
  }
}

function noRoom(found: string, most: number): DecodeFault {
  return new DecodeFault(
    'undecodable',
    `There is no room for the birth beside ${found}; at most ${most} are kept.`,
  );
}

function placeOf({ tenant, project, group, node }: NodePlace): NodePlace {
  return { tenant, project, group, node };
}

function sizeOf(birth: Birth | undefined): number {
  return birth?.size ?? 0;
}

function isLive(birth: Birth | undefined): boolean {
  return birth !== undefined && birth.end === undefined;
}

function isInForce(birth: Birth | undefined, offset: number): boolean {
  return birth !== undefined && birth.offset < offset && (birth.end === undefined || offset < birth.end);
}

/** The number of a message beyond that of the birth. */
function numberOf(node: NodeState | undefined, seq: number): number | undefined {
  if (!node) return undefined;
  const ahead = (seq - node.seq) & 255;
  const back = 256 - ahead;
  return ahead > 0 && back <= LATE_MAX && node.count >= back ? node.count - back : node.count + ahead;
}

function bdSeqOf({ metrics }: SparkplugPayload): string | undefined {
  const metric = metrics.find(({ name }) => name === BD_SEQ);
  return metric?.value === undefined || metric.isNull ? undefined : String(metric.value);
}

/** What a birth says as data. Where that cannot be kept, its names and aliases are good for the data that follow all the same. */
function bornMessages(payload: SparkplugPayload): Pick<SparkplugReading, 'messages' | 'units' | 'fault'> {
  try {
    return { ...messagesOf(payload, ({ name = '', type }) => ({ name, type })), fault: undefined };
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return { messages: [], fault };
  }
}

/** The metrics as messages: those that follow each other and are of one time together, and their units. `bdSeq` is no metric of anything. */
function messagesOf(
  { metrics, timestamp }: SparkplugPayload,
  meaningOf: (metric: SparkplugMetric) => BornMetric,
): Pick<SparkplugReading, 'messages' | 'units'> {
  const units = new Map<string, string>();
  const messages: (PointMessage & { readonly metrics: Map<string, PointValue> })[] = [];
  for (const metric of metrics) {
    const born = meaningOf(metric);
    const { name } = born;
    if (name === BD_SEQ) continue;
    const time = microsOf(metric.timestamp ?? timestamp);
    const last = messages.at(-1);
    // a metric that comes twice is two points
    const isSame = last?.time === time && !last?.metrics.has(name);
    const message =
      last && isSame ? last : { device: undefined, time, metrics: new Map<string, PointValue>() };
    if (message !== last) messages.push(message);
    addMetric(message.metrics, name, metric, born);
    if (metric.unit) units.set(`unit:${name}`, metric.unit);
  }
  return units.size === 0 ? { messages } : { messages, units };
}

/** Milliseconds as a time of microseconds; 0, which is never taken, where it lies too far back to be told from seconds. */
function microsOf(millis: bigint | undefined): number | undefined {
  if (millis === undefined) return undefined;
  const micros = Number(millis) * 1000;
  return micros < EVENT_TIME_MIN_MICROS ? 0 : micros;
}
