import { type MetricFamily, mergeFamilies } from '@skerry/kernel';
import { LIMITS } from '../../limits.ts';

const STAGES = 'iot_pipeline_stage_';
/** Every partition has every declared document. */
const SAME = new Set(['iot_pipeline_documents', 'iot_pipeline_documents_broken']);
/** Takes the place of names beyond the limit; no document can have it for a name. */
const OTHERS = '(others)';

/**
 * The gauges of all partitions of a writer as one: added up, but for those of what every partition has. Devices and the
 * size of the tables are left out: the cloud tells them.
 */
export function ofPartitions(partitions: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const own = partitions.map((families) =>
    families.filter(({ name }) => name !== 'iot_store_bytes' && !name.startsWith('iot_device_')),
  );
  const added = mergeFamilies(own);
  return added.map((family) => (SAME.has(family.name) ? mostOf(family, own) : family));
}

/** The family as the partition has it whose value is highest. */
function mostOf(family: MetricFamily, partitions: readonly (readonly MetricFamily[])[]): MetricFamily {
  const values = partitions.flatMap((families) =>
    families
      .filter(({ name }) => name === family.name)
      .flatMap(({ samples }) => samples.map(({ value }) => value)),
  );
  return { ...family, samples: [{ labels: {}, value: Math.max(...values) }] };
}

/**
 * What declared stages did in a process since it began, as it is told to the cloud. `families` are all of the process,
 * always in the same order; stages beyond `roleStagesMax` are counted together.
 */
export function stageReport(families: readonly MetricFamily[]): MetricFamily[] {
  const named = new Set<string>();
  const labelsOf = (labels: Readonly<Record<string, string>>) => {
    const key = JSON.stringify(labels);
    if (named.size < LIMITS.roleStagesMax.value) named.add(key);
    return named.has(key) ? labels : { tenant: '', project: '', pipeline: OTHERS, stage: OTHERS };
  };
  const stages = families
    .filter(({ name }) => name.startsWith(STAGES))
    .map((family) => ({
      ...family,
      samples: family.samples.map((sample) => ({ ...sample, labels: labelsOf(sample.labels) })),
    }));
  return mergeFamilies([stages]);
}
