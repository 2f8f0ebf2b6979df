import type { Bucket, Point } from '@skerry/client';
import { CliError } from '../errors.ts';
import { RowStream, type StreamColumn } from '../output/row-stream.ts';
import { outputFormat } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { givenTexts } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const AGGREGATES = ['count', 'min', 'max', 'sum', 'mean', 'first', 'last'] as const;

/** `skerry telemetry query`: points of one series, or aggregates, as they arrive and without a limit. */
export const telemetryQueryVerb: Verb = {
  path: ['telemetry', 'query'],
  summary: 'Points of one series over a time range, oldest first, all of them; or aggregates.',
  positionals: [],
  flags: [
    { name: 'tenant', type: 'text', what: 'Tenant id.', isRequired: true },
    { name: 'project', type: 'text', what: 'Project id.', isRequired: true },
    { name: 'device', type: 'text', what: 'Device id; - is the project itself.', isRequired: true },
    { name: 'metric', type: 'text', what: 'Metric.', isRequired: true },
    {
      name: 'from',
      type: 'text',
      value: 'TIME',
      what: 'Begin, inclusive: ISO 8601 with its zone, a date, now or now-15m. now-1h when absent.',
    },
    { name: 'to', type: 'text', value: 'TIME', what: 'End, exclusive; now when absent.' },
    {
      name: 'step',
      type: 'text',
      value: 'DURATION',
      what: 'Aggregates in buckets of this width (10s, 1m, 1h) instead of points. Texts are not counted.',
    },
    {
      name: 'aggregates',
      type: 'text',
      value: 'NAMES',
      what: `With --step, some of ${AGGREGATES.join(',')}; all when absent.`,
    },
    { name: 'points', type: 'number', what: 'At most so many points, extremes kept, instead of all.' },
    { name: 'limit', type: 'number', what: 'Ends after so many rows; no limit when absent.' },
    { name: 'newest-first', type: 'switch', what: 'Newest point first.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry telemetry query --tenant acme --project plant --device pump-1 --metric flow --from now-1h',
    'skerry telemetry query --tenant acme --project plant --device pump-1 --metric flow --from 2026-05-01 --to 2026-05-02 -o ndjson',
    'skerry telemetry query --tenant acme --project plant --device pump-1 --metric flow --step 1m --aggregates min,max',
  ],
  async run(context) {
    const query = queryOf(context);
    const client = openClient(context);
    const stream = new RowStream<Row>(context, outputFormat(context.flags.output), columnsOf(context));
    let rounded = 0;
    for await (const line of client.queryTelemetryLines(query, { signal: context.signal })) {
      await stream.add(line);
      if ('isRounded' in line) rounded += 1;
    }
    await stream.end();
    if (rounded > 0) {
      context.stderr.write(
        `${rounded} of ${stream.count} buckets hold integers beyond 2^53 or a sum beyond it, which are rounded there; without --step they are exact.\n`,
      );
    }
    if (stream.count === 0) await explainNothing(context, query);
    return 0;
  },
};

type Row = Point | Bucket;

function queryOf(context: VerbContext) {
  const { flags } = context;
  if (flags.step === undefined && flags.aggregates !== undefined) {
    throw new CliError('usage', '--aggregates goes with --step, the width of the buckets (10s, 1m, 1h).');
  }
  return {
    tenant: String(flags.tenant),
    project: String(flags.project),
    device: String(flags.device),
    metric: String(flags.metric),
    from: String(flags.from ?? 'now-1h'),
    format: 'ndjson' as const,
    ...givenTexts(context, ['to', 'step', 'aggregates']),
    ...wholeNumber(context, 'points'),
    ...wholeNumber(context, 'limit'),
    ...(flags['newest-first'] === true ? { order: 'desc' as const } : {}),
  };
}

function wholeNumber(
  context: VerbContext,
  name: 'points' | 'limit',
): Partial<Record<'points' | 'limit', number>> {
  const value = context.flags[name];
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return { [name]: value };
  throw new CliError('usage', `--${name}: found ${JSON.stringify(value)}, wanted a whole number from 1.`);
}

function columnsOf(context: VerbContext): StreamColumn<Row>[] {
  const time: StreamColumn<Row> = { title: 'TIME', width: 27, cell: (row) => row.time };
  if (context.flags.step === undefined) {
    return [
      time,
      { title: 'VALUE', width: 20, align: 'right', cell: (row) => ('value' in row ? String(row.value) : '') },
      {
        title: 'TYPE',
        width: 7,
        isWide: true,
        cell: (row) => ('value' in row ? (row.type ?? typeof row.value) : ''),
      },
    ];
  }
  const asked =
    context.flags.aggregates === undefined ? AGGREGATES : String(context.flags.aggregates).split(',');
  const shown = AGGREGATES.filter((name) => asked.includes(name));
  return [
    time,
    ...shown.map(
      (name): StreamColumn<Row> => ({
        title: name.toUpperCase(),
        width: 20,
        align: 'right',
        cell: (row) => ('value' in row ? '' : String(row[name] ?? '')),
      }),
    ),
    {
      title: 'ROUNDED',
      width: 7,
      isWide: true,
      cell: (row) => ('isRounded' in row ? 'yes' : ''),
    },
  ];
}

/** Why there may be nothing: fails with `not-found` when the device was never seen, else says it of the metric or range. */
async function explainNothing(
  context: VerbContext,
  series: Record<'tenant' | 'project' | 'device' | 'metric', string>,
): Promise<void> {
  const { tenant, project, device, metric } = series;
  const key = { tenant, project, device };
  const detail = await openClient(context).getDevice(key, { signal: context.signal });
  const known = detail.metricList.map((one) => one.metric);
  context.stderr.write(
    known.includes(metric)
      ? 'No point lies in this range.\n'
      : `The device has no metric ${JSON.stringify(metric)}; it has ${known.slice(0, 20).join(', ')}.\n`,
  );
}
