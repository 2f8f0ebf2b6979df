import type { PartitionList, RoleList, SinkList, SourceList } from '@skerry/client';
import { type Column, outputFormat, printRows } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb } from './verb.ts';

const flags = [OUTPUT_FLAG, ...INSTANCE_FLAGS];

/** `skerry pipeline roles`: exit code 1 when a process is silent. */
export const pipelineRolesVerb: Verb = {
  path: ['pipeline', 'roles'],
  summary: 'The processes of the site and how each does; exit code 1 when one is silent.',
  positionals: [],
  flags,
  examples: ['skerry pipeline roles', 'skerry pipeline roles -o wide'],
  async run(context) {
    const whole = await openClient(context).listRoles({}, { signal: context.signal });
    await printRows(context, outputFormat(context.flags.output), whole.items, ROLE_COLUMNS, whole);
    return whole.items.some(({ state }) => state === 'silent') ? 1 : 0;
  },
};

type Role = RoleList['items'][number];

const toneOf = (state: string) =>
  ['silent', 'trouble', 'refused', 'unheld'].includes(state)
    ? 'bad'
    : ['degraded', 'behind', 'lower', 'unknown'].includes(state)
      ? 'warning'
      : undefined;

const wordsOf = (reasons: Role['reasons']) => reasons.map(({ detail }) => detail).join('; ');

const ROLE_COLUMNS: readonly Column<Role>[] = [
  { title: 'ROLE', cell: ({ role }) => role },
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'SLOT', align: 'right', cell: ({ slot }) => (slot ? String(slot.number) : '') },
  { title: 'VERSION', cell: ({ version }) => version },
  { title: 'STATE', cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: 'SINCE', cell: ({ since }) => since },
  { title: 'TOLD', align: 'right', cell: ({ toldSeconds }) => `${Math.round(toldSeconds)} s ago` },
  { title: 'BUFFER', align: 'right', cell: ({ buffer }) => (buffer ? String(buffer.records) : '') },
  { title: 'SOURCES', cell: ({ sources }) => sources.join(', ') },
  { title: 'PARTITIONS', align: 'right', cell: ({ partitions }) => String(partitions.length) },
  { title: 'PLACE', isWide: true, cell: ({ place }) => place },
  { title: 'STARTED', isWide: true, cell: ({ started }) => started },
  { title: 'REASONS', cell: ({ reasons }) => wordsOf(reasons) },
];

/** `skerry pipeline partitions`. */
export const pipelinePartitionsVerb: Verb = {
  path: ['pipeline', 'partitions'],
  summary: 'Where records wait to be stored: owner, position, lag, and when retention would remove them.',
  positionals: [],
  flags,
  examples: ['skerry pipeline partitions', 'skerry pipeline partitions -o json'],
  async run(context) {
    const whole = await openClient(context).listPartitions({}, { signal: context.signal });
    await printRows(context, outputFormat(context.flags.output), whole.items, PARTITION_COLUMNS, whole);
    if (whole.trouble) context.stderr.write(`${whole.trouble.detail}.\n`);
    return 0;
  },
};

type Partition = PartitionList['items'][number];

const known = (value: number | null, unit = '') => (value === null ? '?' : `${Math.round(value)}${unit}`);

const PARTITION_COLUMNS: readonly Column<Partition>[] = [
  { title: 'TOPIC', cell: ({ topic }) => topic },
  { title: 'PARTITION', align: 'right', cell: ({ partition }) => String(partition) },
  { title: 'OWNER', cell: ({ owner }) => owner?.name ?? 'nobody' },
  {
    title: 'STATE',
    cell: ({ owner }) => owner?.state ?? 'unheld',
    tone: ({ owner }) => toneOf(owner?.state ?? 'unheld'),
  },
  { title: 'POSITION', align: 'right', cell: ({ position }) => known(position) },
  { title: 'END', align: 'right', cell: ({ end }) => known(end) },
  { title: 'LAG', align: 'right', cell: ({ lagRecords }) => known(lagRecords) },
  { title: 'LAG TIME', align: 'right', cell: ({ lagSeconds }) => known(lagSeconds, ' s') },
  { title: 'RETENTION AT', cell: ({ retentionAt }) => retentionAt ?? '' },
  { title: 'REASONS', cell: ({ reasons }) => wordsOf(reasons) },
];

/** `skerry pipeline sinks`. */
export const pipelineSinksVerb: Verb = {
  path: ['pipeline', 'sinks'],
  summary:
    'The stores of points: what each has, what keeps it from the rest, and when retention would remove that.',
  positionals: [],
  flags,
  examples: ['skerry pipeline sinks'],
  async run(context) {
    const whole = await openClient(context).listSinks({}, { signal: context.signal });
    await printRows(context, outputFormat(context.flags.output), whole.items, SINK_COLUMNS, whole);
    return 0;
  },
};

const SINK_COLUMNS: readonly Column<SinkList['items'][number]>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'KIND', cell: ({ kind }) => kind },
  { title: 'STATE', cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: 'POSITION', align: 'right', cell: ({ position }) => String(position) },
  { title: 'COMMITTED', align: 'right', cell: ({ committed }) => String(committed) },
  { title: 'LAG TIME', align: 'right', cell: ({ lagSeconds }) => known(lagSeconds, ' s') },
  { title: 'RETENTION AT', cell: ({ retentionAt }) => retentionAt ?? '' },
  { title: 'POINTS', align: 'right', cell: ({ points }) => String(points) },
  { title: 'REFUSED', align: 'right', cell: ({ refused }) => String(refused) },
  { title: 'MISSED', align: 'right', cell: ({ missed }) => String(missed) },
  { title: 'LAST ERROR', cell: ({ lastError }) => lastError?.detail ?? '' },
];

/** `skerry pipeline sources`. */
export const pipelineSourcesVerb: Verb = {
  path: ['pipeline', 'sources'],
  summary: 'External MQTT brokers with the subscriptions of each gateway.',
  positionals: [],
  flags,
  examples: ['skerry pipeline sources', 'skerry pipeline sources -o wide'],
  async run(context) {
    const whole = await openClient(context).listSources({}, { signal: context.signal });
    await printRows(context, outputFormat(context.flags.output), rowsOf(whole), SOURCE_COLUMNS, whole);
    if (whole.items.length === 0)
      context.stderr.write('No gateway tells of an external broker; with skerry up devices connect here.\n');
    return 0;
  },
};

type Source = SourceList['items'][number];

interface SourceRow {
  readonly source: Source;
  readonly gateway: Source['gateways'][number];
  readonly filter: Source['gateways'][number]['filters'][number] | undefined;
}

function rowsOf({ items }: SourceList): SourceRow[] {
  return items.flatMap((source) =>
    source.gateways.flatMap((gateway): SourceRow[] =>
      gateway.filters.length === 0
        ? [{ source, gateway, filter: undefined }]
        : gateway.filters.map((filter) => ({ source, gateway, filter })),
    ),
  );
}

const SOURCE_COLUMNS: readonly Column<SourceRow>[] = [
  { title: 'SOURCE', cell: ({ source }) => source.name },
  { title: 'URL', isWide: true, cell: ({ source }) => source.url },
  { title: 'GATEWAY', cell: ({ gateway }) => gateway.name },
  { title: 'STATE', cell: ({ gateway }) => gateway.state, tone: ({ gateway }) => toneOf(gateway.state) },
  { title: 'CLIENT', cell: ({ gateway }) => gateway.clientId },
  { title: 'CONNECTION', cell: ({ gateway }) => gateway.phase },
  { title: 'FILTER', cell: ({ filter }) => filter?.filter ?? '' },
  {
    title: 'GRANTED',
    cell: ({ filter }) => (filter ? `${filter.state} ${filter.granted ?? '-'}/${filter.wanted}` : ''),
    tone: ({ filter }) => toneOf(filter?.state ?? ''),
  },
  { title: 'UNACKED', align: 'right', isWide: true, cell: ({ gateway }) => String(gateway.unacked) },
  { title: 'TROUBLE', cell: ({ gateway, filter }) => filter?.why || gateway.troubles.join('; ') },
];
