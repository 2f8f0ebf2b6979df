import type { SkerryConfig } from './schema.ts';

/** Half of Kafka's retention is left when SkerryRetentionNear calls; less than this is no time to act in. */
const ACT_HOURS = 2;

/**
 * Policies of a configuration that contradict each other, so that one of them could never act: path, found, wanted. Whoever
 * stores refuses them.
 */
export function retentionFaults({ series }: Pick<SkerryConfig, 'series'>): string[] {
  const { rawDays, rollupDays, chunkHours, compressAfterDays } = series;
  const faults: string[] = [];
  if (rollupDays < rawDays)
    faults.push(
      `series.rollupDays: found ${rollupDays} with series.rawDays ${rawDays}, wanted ${rawDays} or more: rollups answer when points are gone, and these would be gone before`,
    );
  if (compressAfterDays > 0 && compressAfterDays >= rawDays)
    faults.push(
      `series.compressAfterDays: found ${compressAfterDays} with series.rawDays ${rawDays}, wanted fewer days, or 0 for no compression: points would be deleted before they are compressed`,
    );
  if (chunkHours > rawDays * 24)
    faults.push(
      `series.chunkHours: found ${chunkHours} with series.rawDays ${rawDays}, wanted ${rawDays * 24} at most: a chunk is deleted as a whole`,
    );
  return faults;
}

/** What is not wrong by itself but leaves people no time: found, and what to change. Undefined when nothing is. */
export function shortKafkaRetention({
  kafka,
}: Pick<SkerryConfig, 'kafka'>): { readonly found: string; readonly advice: string } | undefined {
  const { retentionHours } = kafka;
  if (retentionHours >= 2 * ACT_HOURS) return undefined;
  return {
    found: `kafka.retentionHours ${retentionHours}: when SkerryRetentionNear calls, ${retentionHours * 30 - 5} min are left before records are lost`,
    advice: `Set kafka.retentionHours to ${2 * ACT_HOURS} or more, and retention.ms of topics that exist: a writer that stands still for longer loses records.`,
  };
}
