import type { Model } from '@skerry/api';
import type { ApiClient, ApiEvent } from '@skerry/api/client';
import { CodedError } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
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
    const follower = new Follower(context, openClient(context));
    for await (const event of follower.events()) {
      if (event.event === 'gap')
        context.stderr.write(gapText(event.data as Model<'StreamGap'>)); // the API's event `gap`
      else if (event.event === 'points') {
        for (const point of pointsOf(event.data as Model<'StreamPoints'>)) {
          // the API's event `points`
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
  readonly value: Model<'Point'>['value'];
  readonly type?: 'integer';
}

const COLUMNS: readonly StreamColumn<LivePoint>[] = [
  { title: 'TIME', width: 27, cell: (row) => row.time },
  { title: 'TENANT', width: 10, cell: (row) => row.tenant },
  { title: 'PROJECT', width: 10, cell: (row) => row.project },
  { title: 'DEVICE', width: 16, cell: (row) => row.device },
  { title: 'METRIC', width: 20, cell: (row) => row.metric },
  { title: 'VALUE', width: 20, align: 'right', cell: (row) => String(row.value) },
];

function* pointsOf({ devices }: Model<'StreamPoints'>): Generator<LivePoint> {
  for (const { tenant, project, device, points } of devices) {
    for (const { time, metric, ...value } of points)
      yield { time, tenant, project, device, metric, ...value };
  }
}

function gapText({ reason, missed }: Model<'StreamGap'>): string {
  return `Points are missing here: ${missed === null ? 'their number is not known' : `${missed} of them`} (${reason}). skerry telemetry query has what is stored.\n`;
}

const PAUSES_MS = [100, 200, 500, 1_000, 2_000, 5_000];

/** Follows the event stream over cuts and restarts of the instance, from the last event id on. */
class Follower {
  readonly #context: VerbContext;
  readonly #subscribe: string;
  #client: ApiClient;
  #lastEventId = '';
  #hasHeard = false;
  #pauses = 0;

  constructor(context: VerbContext, client: ApiClient) {
    this.#context = context;
    this.#client = client;
    this.#subscribe = subscriptionOf(context);
  }

  /** Events until interrupted. Fails as the first request does; later faults are told and retried. */
  async *events(): AsyncGenerator<ApiEvent> {
    const { signal } = this.#context;
    while (!signal.aborted) {
      const cause = yield* this.#connection();
      if (signal.aborted) return;
      if (!this.#hasHeard && cause) throw cause;
      await this.#pause(cause);
    }
  }

  /** Events of one connection; gives back the fault that ended it, where there was one. */
  async *#connection(): AsyncGenerator<ApiEvent, CodedError | undefined> {
    const query = {
      subscribe: [this.#subscribe],
      ...(this.#lastEventId === '' ? {} : { lastEventId: this.#lastEventId }),
    };
    try {
      for await (const event of this.#client.events({ query, signal: this.#context.signal })) {
        this.#lastEventId = event.id;
        this.#hasHeard = true;
        this.#pauses = 0;
        yield event;
      }
    } catch (cause) {
      if (this.#context.signal.aborted) return undefined;
      if (cause instanceof CodedError && cause.advice === 'retry') return cause;
      throw cause;
    }
    this.#hasHeard = true; // it was open, and ended in order
    return undefined;
  }

  async #pause(cause: CodedError | undefined): Promise<void> {
    const pauseMs = PAUSES_MS[Math.min(this.#pauses++, PAUSES_MS.length - 1)] ?? 0;
    if (this.#pauses === 1) {
      this.#context.stderr.write(`The stream ended (${cause?.code ?? 'in order'}); connecting again.\n`);
    }
    await nodeClock().sleep(pauseMs, this.#context.signal);
    try {
      this.#client = openClient(this.#context); // after a restart the port may be another
    } catch (fault) {
      if (!(fault instanceof CliError) || fault.code !== 'not-running') throw fault;
    }
  }
}

function subscriptionOf({ flags }: Pick<VerbContext, 'flags'>): string {
  const parts = ['tenant', 'project', 'device', 'metric'].map((name) =>
    flags[name] === undefined ? '*' : encodeURIComponent(String(flags[name])),
  );
  return `points:${parts.join('/')}`;
}
