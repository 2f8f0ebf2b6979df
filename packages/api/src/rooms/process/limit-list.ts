import type { Limit, LimitTable, MetricFamily } from '@skerry/kernel';
import type { Model } from '../../schemas.ts';

/**
 * Every limit with how near it is, where a gauge tells it in the limit's own unit (upper bounds of counts and bytes):
 * by package and name. A gauge with several labels (a queue of each kind, for instance) counts with its highest value.
 */
export function listLimits(
  tables: Readonly<Record<string, LimitTable>>,
  metrics: readonly MetricFamily[],
): Model<'LimitList'> {
  const gauges = new Map(
    metrics
      .filter(({ kind, samples }) => kind === 'gauge' && samples.length > 0)
      .map(({ name, samples }) => [name, Math.max(...samples.map((sample) => sample.value))]),
  );
  return {
    items: Object.entries(tables).flatMap(([room, table]) =>
      Object.entries(table).map(([name, { value, unit, what, whenFull, metric, key }]) => ({
        package: room,
        name,
        value,
        unit,
        what,
        whenFull,
        key: key ?? null,
        current: isMeasured(room, name, unit) && metric !== undefined ? (gauges.get(metric) ?? null) : null,
      })),
    ),
  };
}

/** Limits of a single thing whose metric counts all such things, or what follows from them: it tells not how near one is. */
const OF_ONE: ReadonlySet<string> = new Set([
  'journal.segmentBytesMax',
  'mqtt.subscriptionsMax',
  'pipeline.deviceGapsMax',
  'pipeline.deviceEpochsMax',
  'series.packsMax',
  'series.packedPointsMax',
]);

function isMeasured(room: string, name: string, unit: Limit['unit']): boolean {
  return name.endsWith('Max') && (unit === 'count' || unit === 'bytes') && !OF_ONE.has(`${room}.${name}`);
}
