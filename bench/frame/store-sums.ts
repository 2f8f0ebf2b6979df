import { join } from 'node:path';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk } from '@skerry/kernel/node';
import type { SeriesStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';

/** What lies in a store of one project, over all devices, by metric. */
export type StoreSums = ReadonlyMap<string, { readonly count: number; readonly sum: number }>;

const DAY_MICROS = 86_400_000_000;

/** Opens the store that lies in a folder. */
export function openStore(folder: string): Promise<SeriesStore> {
  return openSqliteStore(
    { folder, retentionClass: 'default' },
    {
      clock: nodeClock(),
      disk: nodeDisk(),
      logger: silentLogger,
      meter: createMeter(),
      failpoint: noFailpoints,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    },
  );
}

/** Counts and adds up every point of a project from the chunks of a server's data folder, after the server has ended. */
export async function sumStore(dataDir: string, tenant: string, project: string): Promise<StoreSums> {
  await using store = await openStore(join(dataDir, 'series'));
  const { series } = await store.load();
  const found = new Map<string, { count: number; sum: number }>();
  const toMicros = (performance.timeOrigin + performance.now()) * 1_000 + DAY_MICROS;
  for (const one of series) {
    if (one.tenant !== tenant || one.project !== project) continue;
    const page = await store.query(
      {
        series: one.id,
        fromMicros: 0,
        toMicros: Math.ceil(toMicros),
        shape: { kind: 'buckets', stepMicros: DAY_MICROS },
        deadlineMs: 60_000,
      },
      [],
    );
    if (page.kind !== 'buckets') throw new TypeError('Buckets were asked for.');
    const known = found.get(one.metric) ?? { count: 0, sum: 0 };
    for (const bucket of page.buckets) {
      known.count += bucket.count;
      known.sum += bucket.sum;
    }
    found.set(one.metric, known);
  }
  return found;
}

/** How many metrics of what a generator sent have another count or another sum in the store. */
export function deviations(found: StoreSums, acked: number, sums: readonly number[]): number {
  return sums.filter((sum, i) => {
    const own = found.get(`metric_${i}`);
    // values have two decimals; adding up 10^7 of them as doubles is off by less than a hundredth
    return own?.count !== acked || Math.abs(own.sum - sum) > 0.01;
  }).length;
}
