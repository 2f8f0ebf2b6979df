import type { RoleReason } from '@skerry/model';

/** A partition of which records wait. */
export interface WaitingPartition {
  lag(): { readonly records: number };
  /** When Kafka removes the first of them, microseconds since 1970; undefined while that is far away, or not known. */
  retentionDueMicros(): number | undefined;
}

/** When Kafka's retention takes a record that waits, in words; none while that is far away. `further` is what else helps against it. */
export function retentionReasons(
  partition: WaitingPartition | undefined,
  further?: 'more writers',
): RoleReason[] {
  const dueMicros = partition?.retentionDueMicros();
  if (partition === undefined || dueMicros === undefined) return [];
  const { records } = partition.lag();
  const hour = new Date(dueMicros / 1_000).toISOString();
  const detail = `${records} records wait, and Kafka removes the first of them at ${hour}: wanted a store that takes them, ${further ? `${further}, ` : ''}or a longer retention of the topic until then`;
  return [{ code: 'retention-near', detail }];
}
