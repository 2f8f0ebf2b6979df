import type { Clock, Gauge, Meter } from '@skerry/kernel';
import type { Offset } from '../journal.ts';
import { LIMITS } from '../limits.ts';

/** How far the reader of a partition is behind. */
export interface PartitionLag {
  readonly records: number;
  /** Age of the oldest record that is not done with; 0 without one. */
  readonly seconds: number;
  /** Time until retention reaches that record; undefined where nothing waits, or nothing is ever removed. Below 0 it is due. */
  readonly retentionLeftSeconds: number | undefined;
}

/** What the lag is measured by. */
interface ReadBatch {
  readonly firstOffset: Offset;
  readonly count: number;
  readonly appendedMicros: number;
}

/** The gauges of a partition's lag. Those of time are made when they are asked for: what is not known, and where nothing is ever removed, has none. */
export function lagGauges(
  meter: Pick<Meter, 'gauge'>,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): { readonly records: Gauge; seconds(): Gauge; left(): Gauge } {
  const labels = { topic, partition: String(partition) };
  return {
    records: meter.gauge('iot_kafka_lag_records', 'Records of a partition that are not done with.', labels),
    seconds: () =>
      meter.gauge(
        'iot_kafka_lag_seconds',
        'Age of the oldest record of a partition that is not done with.',
        labels,
      ),
    left: () =>
      meter.gauge(
        'iot_kafka_retention_left_seconds',
        'Time until retention removes a record that is not done with; the whole retention while none waits.',
        labels,
      ),
  };
}

/** Tells how far a partition's reader is behind, as numbers and metrics. */
export class PartitionLagMeters implements Disposable {
  readonly #clock: Clock;
  #retentionMs: number | undefined;
  readonly #ticker: Disposable;
  readonly #records: Gauge;
  readonly #seconds: Gauge;
  /** None where nothing has ever been removed. */
  #left: Gauge | undefined;
  readonly #makeLeft: () => Gauge;
  /** Batches that were handed out and are not done with, oldest first. */
  #open: ReadBatch[] = [];
  #position: Offset = 0;

  constructor(
    name: { readonly topic: string; readonly partition: number },
    { clock, meter }: { readonly clock: Clock; readonly meter: Meter },
    retentionMs: number | undefined,
    look: () => Promise<Offset>,
  ) {
    const gauges = lagGauges(meter, name);
    this.#clock = clock;
    this.#records = gauges.records;
    this.#seconds = gauges.seconds();
    this.#makeLeft = gauges.left;
    this.keptFor(retentionMs);
    this.#ticker = clock.startTicker(LIMITS.kafkaLagEveryMs.value, () => {
      look().then(
        (end) => this.#tell(end),
        // why the partition cannot be asked is told by its condition
        () => undefined,
      );
    });
  }

  /** The topic's retention is this now; undefined where nothing is ever removed. */
  keptFor(retentionMs: number | undefined): void {
    this.#retentionMs = retentionMs;
    if (retentionMs !== undefined) this.#left ??= this.#makeLeft();
    // what is never removed has for ever left
    this.#left?.set(retentionMs === undefined ? Number.POSITIVE_INFINITY : retentionMs / 1000);
  }

  /** A batch was handed out. */
  read(batch: ReadBatch): void {
    const { firstOffset, count, appendedMicros } = batch;
    const last = this.#open.at(-1);
    if (last && firstOffset < last.firstOffset + last.count) return;
    this.#open.push({ firstOffset, count, appendedMicros });
    if (this.#open.length > LIMITS.kafkaLagBatchesMax.value) this.#thin();
  }

  /** Everything below is done with. */
  commit(position: Offset): void {
    this.#position = Math.max(this.#position, position);
    let done = 0;
    for (const { firstOffset, count } of this.#open) {
      if (firstOffset + count > this.#position) break;
      done++;
    }
    if (done > 0) this.#open.splice(0, done);
  }

  /** The lag beside an end. */
  lag(end: Offset): PartitionLag {
    const records = Math.max(0, end - this.#position);
    const oldest = this.#open[0];
    if (records === 0 || !oldest) return { records, seconds: 0, retentionLeftSeconds: undefined };
    const seconds = Math.max(0, (this.#clock.nowMicros() - oldest.appendedMicros) / 1_000_000);
    const left = this.#retentionMs === undefined ? undefined : this.#retentionMs / 1000 - seconds;
    return { records, seconds, retentionLeftSeconds: left };
  }

  /** When retention removes the oldest record that waits, microseconds since 1970; undefined while more than `LIMITS.kafkaNearPercent` of the retention is left. */
  retentionDueMicros(end: Offset): number | undefined {
    const left = this.lag(end).retentionLeftSeconds;
    if (left === undefined || this.#retentionMs === undefined) return undefined;
    if (left * 100_000 > this.#retentionMs * LIMITS.kafkaNearPercent.value) return undefined;
    return this.#clock.nowMicros() + left * 1_000_000;
  }

  /** Stops, and tells no lag any more: the partition is somebody else's now. */
  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
    this.#records.set(0);
    this.#seconds.set(0);
    if (this.#retentionMs !== undefined) this.#left?.set(this.#retentionMs / 1000);
  }

  /** Joins neighbours, so that many small batches do not fill memory; the older time stands for both. */
  #thin(): void {
    const thinned: ReadBatch[] = [];
    for (let i = 0; i < this.#open.length; i += 2) {
      const [one, other] = [this.#open[i], this.#open[i + 1]];
      if (one)
        thinned.push(other ? { ...one, count: other.firstOffset + other.count - one.firstOffset } : one);
    }
    this.#open = thinned;
  }

  #tell(end: Offset): void {
    const { records, seconds, retentionLeftSeconds } = this.lag(end);
    this.#records.set(records);
    this.#seconds.set(seconds);
    if (this.#retentionMs !== undefined) this.#left?.set(retentionLeftSeconds ?? this.#retentionMs / 1000);
  }
}
