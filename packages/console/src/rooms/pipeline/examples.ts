/** Names of the examples, in the order in which they are offered. */
export const EXAMPLES = ['filter', 'convert', 'average', 'enrich', 'table'] as const;

/** One of the examples. */
export type Example = (typeof EXAMPLES)[number];

/** Where an example is to work. */
export interface ExamplePlace {
  readonly tenant: string;
  readonly project: string;
}

/** A document to begin with, for a place. */
export function exampleOf(example: Example, place: ExamplePlace): string {
  const kind = example === 'table' ? 'LookupTable' : 'Pipeline';
  return `apiVersion: skerry.dev/v1alpha1
kind: ${kind}
metadata:
  name: ${NAMES[example]}
spec:
  match:
    tenant: ${JSON.stringify(place.tenant)}
    project: ${JSON.stringify(place.project)}
${BODIES[example]}`;
}

const NAMES: Readonly<Record<Example, string>> = {
  filter: 'plausible',
  convert: 'units',
  average: 'per-minute',
  enrich: 'places',
  table: 'rooms',
};

const BODIES: Readonly<Record<Example, string>> = {
  filter: `  stages:
    - name: possible
      type: Filter
      # what this says is kept; everything else is taken out
      keep: '!("temperature" in metrics) || (metrics.temperature > -60 && metrics.temperature < 200)'
`,
  convert: `  stages:
    - name: celsius
      type: Transform
      scale:
        temperature: (value - 32.0) / 1.8
      rename:
        temperature: temperatureC
`,
  average: `  stages:
    - name: minute
      type: Aggregate
      window:
        size: 1m
      groupBy: device
      functions: [mean, max]
      lateness: 10s
      # the messages themselves are stored as well
      keepInput: true
`,
  enrich: `  stages:
    - name: place
      type: Enrich
      key: device
      csv: |
        device,building,floor
        pump-1,north,2
        pump-2,south,1
      into: attributes
      missing: keep
`,
  table: `  csv: |
    device,building,floor
    pump-1,north,2
    pump-2,south,1
`,
};
