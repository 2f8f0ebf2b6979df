import type { Clock } from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import { openInfluxReadings } from '@skerry/series/influx';
import type { PostgresReadings } from '@skerry/series/postgres';
import type { SkerryConfig } from '../../config/schema.ts';
import { sinkPlace } from '../writer/configured-sinks.ts';

/**
 * Readings whose points come out of the sink that `readings.from` names; what a sink does not have, devices and series, the
 * ledger, dead letters, gaps, connections and the live feed, stays with PostgreSQL. The readings themselves when it names
 * none. Fails with `config-invalid` when a file of its secrets cannot be read.
 */
export function readingsFrom(
  { readings: { from }, sinks }: Pick<SkerryConfig, 'readings' | 'sinks'>,
  readings: PostgresReadings,
  needs: { readonly clock: Pick<Clock, 'monotonicMs'> },
): PostgresReadings {
  const sink = sinks.find(({ name }) => name === from);
  if (!sink) return readings;
  const points = openInfluxReadings(sinkPlace(sink), { ...needs, breathe: turn });
  return {
    ...readings,
    points: (query) => points.points(query),
    async latest(key) {
      const device = await readings.device(key);
      const metrics = device?.metricList.map(({ metric }) => metric);
      return metrics && (await points.latest(key, metrics));
    },
  };
}
