import type { ApiProblem, Point, StreamGap, StreamPoints } from '@skerry/client';
import { CliError } from '../errors.ts';
import { RowStream, type StreamColumn } from '../output/row-stream.ts';
import { outputFormat } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { NARROWING_FLAGS } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

/** `skerry telemetry tail`: points as they become visible, until interrupted. */
export const telemetryTailVerb: Verb = {
  path: ['telemetry', 'tail'],
  summary: 'Points as they arrive, until interrupted; continues without gap or duplicate after a cut.',
  positionals: [],
  flags: [
    ...NARROWING_FLAGS,
    { name: 'metric', type: 'text', what: 'Only this metric.' },
    { name: 'limit', type: 'number', what: 'Ends after so many points.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry telemetry tail',
    'skerry telemetry tail --project plant --metric flow -o ndjson --limit 100',
  ],
  async run(context) {
    const limit = limitOf(context);
    const stream = new RowStream<LivePoint>(context, outputFormat(context.flags.output), COLUMNS);
    const options = { signal: context.signal, onConnection: outageTeller(context) };
    const subscribe = [subscriptionOf(context)];
    for await (const event of openClient(context).openStream({ subscribe }, options)) {
      if (event.event === 'gap') context.stderr.write(gapText(event.data));
      else if (event.event === 'points') {
        for (const point of pointsOf(event.data)) {
          await stream.add(point);
          if (stream.count >= limit) break;
        }
        await stream.flush();
      }
      if (stream.count >= limit) break;
    }
    await stream.end();
    return 0;
  },
};

function limitOf(context: VerbContext): number {
  const { limit } = context.flags;
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit === 'number' && Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new CliError('usage', `--limit: found ${JSON.stringify(limit)}, wanted a whole number from 1.`);
}

interface LivePoint {
  readonly time: string;
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly metric: string;
  readonly value: Point['value'];
  readonly type?: 'integer' | undefined;
}

const COLUMNS: readonly StreamColumn<LivePoint>[] = [
  { title: 'TIME', width: 27, cell: (row) => row.time },
  { title: 'TENANT', width: 10, cell: (row) => row.tenant },
  { title: 'PROJECT', width: 10, cell: (row) => row.project },
  { title: 'DEVICE', width: 16, cell: (row) => row.device },
  { title: 'METRIC', width: 20, cell: (row) => row.metric },
  { title: 'VALUE', width: 20, align: 'right', cell: (row) => String(row.value) },
];

function* pointsOf({ devices }: StreamPoints): Generator<LivePoint> {
  for (const { tenant, project, device, points } of devices) {
    for (const { time, metric, ...value } of points)
      yield { time, tenant, project, device, metric, ...value };
  }
}

function gapText({ reason, missed }: StreamGap): string {
  return `Points are missing here: ${missed === null ? 'their number is not known' : `${missed} of them`} (${reason}). skerry telemetry query has what is stored.\n`;
}

/** Tells of each outage once, when it begins. */
function outageTeller(context: VerbContext): (change: 'open' | 'lost', fault?: ApiProblem) => void {
  let isTold = false;
  return (change, fault) => {
    if (change === 'lost' && !isTold) {
      context.stderr.write(`The stream ended (${fault?.code ?? 'in order'}); connecting again.\n`);
    }
    isTold = change === 'lost';
  };
}

function subscriptionOf({ flags }: Pick<VerbContext, 'flags'>): string {
  const parts = ['tenant', 'project', 'device', 'metric'].map((name) =>
    flags[name] === undefined ? '*' : encodeURIComponent(String(flags[name])),
  );
  return `points:${parts.join('/')}`;
}
