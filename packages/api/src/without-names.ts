import type { MetricFamily } from '@skerry/kernel';

/** Labels whose values are names that tenants gave. */
const NAMING: ReadonlySet<string> = new Set(['tenant', 'project', 'device', 'device_id', 'pipeline']);

/** The families without the samples that name things of tenants, for whoever has not said who they are. */
export function withoutNames(families: readonly MetricFamily[]): MetricFamily[] {
  return families
    .map((family) => ({
      ...family,
      samples: family.samples.filter(({ labels }) => !Object.keys(labels).some((name) => NAMING.has(name))),
    }))
    .filter(({ samples }) => samples.length > 0);
}
