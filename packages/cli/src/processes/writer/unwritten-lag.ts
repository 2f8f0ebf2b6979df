import {
  type KafkaClient,
  lagGauges,
  listBounds,
  type PartitionLag,
  waitingSince,
} from '@skerry/journal/kafka';
import { type Clock, createMeter, type Logger, type Meter, type MetricFamily } from '@skerry/kernel';
import type { PartitionName } from './partition-run.ts';

/** What it is asked with. */
export interface UnwrittenLagNeeds {
  readonly client: KafkaClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How far a partition is behind, and when retention reaches it, as far as that is known. */
export interface UnwrittenState {
  readonly lag: Omit<PartitionLag, 'seconds'> & { readonly seconds: number | undefined };
  /** Microseconds since 1970; undefined while it is far away. */
  readonly retentionDueMicros: number | undefined;
}

/** A partition when it was looked at last. */
interface Found {
  /** Offset of the oldest record that waits, and how many do. */
  readonly offset: number;
  readonly records: number;
  /** Since when, ms since 1970; undefined when it is not known, or none waits. */
  readonly sinceMs: number | undefined;
  /** Undefined without a limit, or when it is not known. */
  readonly retentionMs: number | undefined;
}

const LOOK_MS = 10_000;
/** As of a partition that is read (`LIMITS.kafkaNearPercent`). */
const NEAR = 0.25;

/**
 * How far partitions are behind that this writer owns and cannot open, since their store is away for instance: by what
 * its group has committed in Kafka, so that the alarm of retention rings although nobody reads them.
 */
export class UnwrittenLag implements Disposable {
  readonly #group: string;
  readonly #unwritten: () => readonly PartitionName[];
  readonly #needs: UnwrittenLagNeeds;
  readonly #ticker: Disposable;
  readonly #found = new Map<string, Found>();
  /** What keeps something from being known, by partition. */
  readonly #faults = new Map<string, string>();
  #isLooking = false;
  #isOver = false;

  /** `unwritten` names them. */
  constructor(group: string, unwritten: () => readonly PartitionName[], needs: UnwrittenLagNeeds) {
    this.#group = group;
    this.#unwritten = unwritten;
    this.#needs = needs;
    this.#ticker = needs.clock.startTicker(LOOK_MS, () => void this.look());
  }

  /** The metrics of those that are not written now. */
  families(): MetricFamily[] {
    const meter = createMeter();
    for (const name of this.#unwritten()) {
      const found = this.#found.get(keyOf(name));
      if (found) tell(meter, name, found, this.#needs.clock.nowMicros());
    }
    return meter.snapshot();
  }

  /** Of now, by what was found last; undefined for one that is written, or that was not looked at yet. */
  of(name: PartitionName): UnwrittenState | undefined {
    const found = this.#found.get(keyOf(name));
    return found && stateOf(found, this.#needs.clock.nowMicros());
  }

  /** Looks now, at each for itself. Of what Kafka does not say the last that it said goes on. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const names = this.#unwritten();
    const keys = new Set(names.map(keyOf));
    for (const kept of [this.#found, this.#faults])
      for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
    for (const [topic, ofTopic] of Map.groupBy(names, (one) => one.topic)) {
      if (this.#isOver) break;
      const committed = this.#committed(topic, ofTopic);
      committed.catch(() => undefined); // each partition of the topic tells it
      for (const name of ofTopic) if (!this.#isOver) await this.#lookAt(name, committed);
    }
    this.#isLooking = false;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#ticker[Symbol.dispose]();
  }

  async #lookAt(name: PartitionName, committed: Promise<ReadonlyMap<number, number>>): Promise<void> {
    try {
      this.#note(name, await this.#find(name, await committed));
    } catch (fault) {
      this.#note(name, fault);
    }
  }

  /** Tells a fault once, until it has gone; undefined for none. */
  #note(name: PartitionName, fault: unknown): void {
    const key = keyOf(name);
    if (fault === undefined) this.#faults.delete(key);
    if (fault === undefined || this.#isOver) return;
    const reason = fault instanceof Error ? fault.message : String(fault);
    if (this.#faults.get(key) === reason) return;
    this.#faults.set(key, reason);
    const { logger } = this.#needs;
    logger.log('warn', 'What waits of a partition that is not written is not wholly known', {
      ...name,
      reason,
    });
  }

  /** Finds one; gives why something of it is not known. */
  async #find(name: PartitionName, committed: ReadonlyMap<number, number>): Promise<Error | undefined> {
    const { client } = this.#needs;
    const { topic, partition } = name;
    const { start, end } = await listBounds(client, topic, partition);
    const offset = Math.min(end, Math.max(start, committed.get(partition) ?? -1));
    const before = this.#found.get(keyOf(name));
    const [waiting] = await Array.fromAsync(waitingSince(client, [{ topic, partition, offset }]));
    const { fault, sinceMs, retentionMs } = waiting ?? {};
    const known = fault && before?.offset === offset ? before : undefined;
    this.#found.set(keyOf(name), {
      offset,
      records: end - offset,
      sinceMs: sinceMs ?? known?.sinceMs,
      retentionMs: retentionMs ?? (fault && before?.retentionMs),
    });
    return fault;
  }

  /** Offsets that the group has committed of a topic, by partition. */
  async #committed(name: string, names: readonly PartitionName[]): Promise<ReadonlyMap<number, number>> {
    const { client } = this.#needs;
    const topics = [{ name, partitionIndexes: names.map(({ partition }) => partition) }];
    const asking = client.admin.listConsumerGroupOffsets({ groups: [{ groupId: this.#group, topics }] });
    const groups = await client.wrap(`read the offsets of the group of writers in ${name}`, asking);
    const found = groups.flatMap((group) => group.topics.flatMap(({ partitions }) => partitions));
    return new Map(found.map((one) => [one.partitionIndex, Number(one.committedOffset)]));
  }
}

function stateOf({ records, sinceMs, retentionMs }: Found, nowMicros: number): UnwrittenState {
  const waitMs = sinceMs === undefined ? undefined : Math.max(0, nowMicros / 1_000 - sinceMs);
  const ageMs = records === 0 ? 0 : waitMs;
  const isDated = records > 0 && ageMs !== undefined && retentionMs !== undefined;
  const leftMs = isDated ? retentionMs - ageMs : undefined;
  const isNear = leftMs !== undefined && retentionMs !== undefined && leftMs <= retentionMs * NEAR;
  return {
    lag: { records, seconds: inSeconds(ageMs), retentionLeftSeconds: inSeconds(leftMs) },
    retentionDueMicros: isNear ? nowMicros + leftMs * 1_000 : undefined,
  };
}

function tell(meter: Meter, name: PartitionName, found: Found, nowMicros: number): void {
  const gauges = lagGauges(meter, name);
  const { records, seconds, retentionLeftSeconds } = stateOf(found, nowMicros).lag;
  const left = records === 0 ? inSeconds(found.retentionMs) : retentionLeftSeconds;
  gauges.records.set(records);
  if (seconds !== undefined) gauges.seconds().set(seconds);
  if (left !== undefined) gauges.left().set(left);
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}
