import type { Counter, Meter } from '@skerry/kernel';

/** What the reader of a partition counts. */
export interface PartitionMeters {
  readonly lost: Counter;
  readonly bounded: Counter;
}

/** The counters of the reader of a partition. */
export function partitionMeters(
  meter: Meter,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): PartitionMeters {
  const labels = { topic, partition: String(partition) };
  return {
    lost: meter.counter(
      'iot_kafka_lost_records_total',
      'Records that retention removed before they were read.',
      labels,
    ),
    bounded: meter.counter(
      'iot_kafka_times_bounded_total',
      'Records whose receive time could not be, and was put right.',
      labels,
    ),
  };
}
