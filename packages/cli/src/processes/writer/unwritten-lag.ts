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

/** The lag of a partition, and when retention reaches it; microseconds since 1970. */
export interface UnwrittenState {
  readonly lag: PartitionLag;
  readonly retentionDueMicros: number | undefined;
}

interface Found extends UnwrittenState {
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
  #states = new Map<string, Found>();
  #isLooking = false;

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
      const state = this.#states.get(keyOf(name));
      if (state) tell(meter, name, state);
    }
    return meter.snapshot();
  }

  /** As last found; undefined for one that is written, or that was not looked at yet. */
  of(name: PartitionName): UnwrittenState | undefined {
    return this.#states.get(keyOf(name));
  }

  /** Looks now. What Kafka does not answer is asked again. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const found = await this.#find(this.#unwritten());
      this.#states = new Map(found.map(([name, state]) => [keyOf(name), state]));
    } catch (fault) {
      this.#needs.logger.log('debug', 'The lag of partitions that are not written is not known', { fault });
    } finally {
      this.#isLooking = false;
    }
  }

  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
  }

  async #find(names: readonly PartitionName[]): Promise<[PartitionName, Found][]> {
    if (names.length === 0) return [];
    const { client, clock } = this.#needs;
    const committed = await this.#committed(names);
    const found: [PartitionName, Found][] = [];
    for (const name of names) {
      const { topic, partition } = name;
      const { start, end } = await listBounds(client, topic, partition);
      const offset = Math.max(start, committed.get(keyOf(name)) ?? -1);
      const [waiting] = await waitingSince(client, [{ topic, partition, offset: Math.min(offset, end) }]);
      const { sinceMs, retentionMs } = waiting ?? {};
      const records = Math.max(0, end - offset);
      const ageMs =
        records === 0 || sinceMs === undefined ? 0 : Math.max(0, clock.nowMicros() / 1_000 - sinceMs);
      const left = records === 0 || retentionMs === undefined ? undefined : (retentionMs - ageMs) / 1_000;
      const isNear = left !== undefined && retentionMs !== undefined && left * 1_000 <= retentionMs * NEAR;
      const retentionDueMicros = isNear ? clock.nowMicros() + left * 1_000_000 : undefined;
      const lag = { records, seconds: ageMs / 1_000, retentionLeftSeconds: left };
      found.push([name, { lag, retentionDueMicros, retentionMs }]);
    }
    return found;
  }

  /** Offsets that the group has committed, by partition. */
  async #committed(names: readonly PartitionName[]): Promise<Map<string, number>> {
    const { client } = this.#needs;
    const topics = [...Map.groupBy(names, ({ topic }) => topic)].map(([name, ofTopic]) => ({
      name,
      partitionIndexes: ofTopic.map(({ partition }) => partition),
    }));
    const asking = client.admin.listConsumerGroupOffsets({ groups: [{ groupId: this.#group, topics }] });
    const groups = await client.wrap('read the offsets of the group of writers', asking);
    return new Map(
      groups.flatMap((group) =>
        group.topics.flatMap(({ name, partitions }) =>
          partitions.map((one) => [`${name}/${one.partitionIndex}`, Number(one.committedOffset)] as const),
        ),
      ),
    );
  }
}

function tell(meter: Meter, name: PartitionName, { lag, retentionMs }: Found): void {
  const { records, seconds, left } = lagGauges(meter, name);
  records.set(lag.records);
  seconds.set(lag.seconds);
  if (retentionMs !== undefined) left().set(lag.retentionLeftSeconds ?? retentionMs / 1_000);
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}
