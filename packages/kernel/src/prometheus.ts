import type { Labels, MetricFamily, MetricSample } from './meter.ts';

/**
 * Families of several threads as one list: samples of equal name and labels are added up, bucket by bucket; families
 * keep the order in which they first appear. A family's kind and help are those of its first appearance.
 */
export function mergeFamilies(lists: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const merged = new Map<
    string,
    { readonly family: MetricFamily; readonly samples: Map<string, MetricSample> }
  >();
  for (const family of lists.flat()) {
    let known = merged.get(family.name);
    if (!known) {
      known = { family, samples: new Map() };
      merged.set(family.name, known);
    }
    for (const sample of family.samples) {
      const key = labelKey(sample.labels);
      const other = known.samples.get(key);
      known.samples.set(key, other ? sumOf(other, sample) : sample);
    }
  }
  return [...merged.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }));
}

/** Families in Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`). */
export function renderPrometheus(families: readonly MetricFamily[]): string {
  return families.map(renderFamily).join('');
}

function renderFamily(family: MetricFamily): string {
  const head = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.kind}\n`;
  const render = family.kind === 'histogram' ? renderHistogram : renderValue;
  return head + family.samples.map((sample) => render(family.name, sample)).join('');
}

function renderValue(name: string, { labels, value }: MetricSample): string {
  return `${name}${renderLabels(labels)} ${renderNumber(value)}\n`;
}

function renderHistogram(name: string, { labels, value, sum = 0, buckets = [] }: MetricSample): string {
  const steps = [...buckets, { le: Number.POSITIVE_INFINITY, count: value }];
  const lines = steps.map(
    ({ le, count }) =>
      `${name}_bucket${renderLabels({ ...labels, le: renderNumber(le) })} ${renderNumber(count)}\n`,
  );
  const shown = renderLabels(labels);
  return `${lines.join('')}${name}_sum${shown} ${renderNumber(sum)}\n${name}_count${shown} ${renderNumber(value)}\n`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function renderNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function labelKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Buckets of both, at every bound of either; a bound that one lacks counts what that one has below it. */
function sumOf(one: MetricSample, other: MetricSample): MetricSample {
  const { labels } = one;
  const value = one.value + other.value;
  if (!one.buckets || !other.buckets) return { labels, value };
  const bounds = [...new Set([...one.buckets, ...other.buckets].map(({ le }) => le))].sort((a, b) => a - b);
  const buckets = bounds.map((le) => ({ le, count: countBelow(one, le) + countBelow(other, le) }));
  return { labels, value, sum: (one.sum ?? 0) + (other.sum ?? 0), buckets };
}

function countBelow({ buckets = [] }: MetricSample, bound: number): number {
  return buckets.findLast(({ le }) => le <= bound)?.count ?? 0;
}
