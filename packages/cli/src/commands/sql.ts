import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ApiProblem, type Device, type SkerryClient } from '@skerry/client';
import { nodeClock } from '@skerry/kernel/node';
import { isDotSegment } from '@skerry/model';
import { CliError } from '../errors.ts';
import { Progress } from '../output/progress.ts';
import { RowStream } from '../output/row-stream.ts';
import { displayWidth, outputFormat, printable, write } from '../output/rows.ts';
import { ownScript } from '../own-place.ts';
import { microsOf } from './devices.ts';
import { openClient } from './instance.ts';
import { everyItem, givenTexts, NARROWING_FLAGS, narrowing } from './narrowing.ts';
import type { SqlAnswer, SqlPoint, SqlRequest, SqlValue } from './sql-child.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const DEADLINE_SECS = 30;
const POINTS = 1_000_000;
const BATCH_POINTS = 500;
/** Rows by which the columns of a table are measured. */
const MEASURED_ROWS = 200;

/** `skerry sql`: one read-only query over a view of the points that the flags select. */
export const sqlVerb: Verb = {
  path: ['sql'],
  summary: 'One read-only query over the view telemetry, in a child process with a deadline.',
  positionals: [
    {
      name: 'QUERY',
      what: 'SQL (SQLite) over telemetry(tenant, project, device, metric, time, micros, value, type).',
      isRequired: true,
    },
  ],
  flags: [
    ...NARROWING_FLAGS,
    { name: 'metric', type: 'text', what: 'Only this metric.' },
    {
      name: 'from',
      type: 'text',
      value: 'TIME',
      what: 'Begin of the points in the view, inclusive; now-1h when absent.',
    },
    {
      name: 'to',
      type: 'text',
      value: 'TIME',
      what: 'End of the points in the view, exclusive; now when absent.',
    },
    {
      name: 'deadline',
      type: 'number',
      value: 'SECS',
      what: `Seconds that the query may take. Default: ${DEADLINE_SECS}.`,
    },
    {
      name: 'points',
      type: 'number',
      value: 'N',
      what: `Most points that the view may hold. Default: ${POINTS}.`,
    },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry sql "SELECT metric, count(*), max(value) FROM telemetry GROUP BY metric" --project plant --from now-15m',
  ],
  async run(context) {
    const deadlineMs = positive(context, 'deadline', DEADLINE_SECS) * 1_000;
    const pointsMax = positive(context, 'points', POINTS);
    const client = openClient(context);
    await using child = openChild(context.signal);
    await fillView(context, client, child, pointsMax);
    await child.send({ sql: String(context.positionals[0]), deadlineMs });
    await printAnswers(context, child, deadlineMs);
    return 0;
  },
};

function positive(context: VerbContext, name: string, otherwise: number): number {
  const value = context.flags[name] ?? otherwise;
  if (typeof value === 'number' && value > 0) return value;
  throw new CliError('usage', `--${name}: found ${JSON.stringify(value)}, wanted a number above 0.`);
}

/** The process that holds the view. */
interface SqlChild extends AsyncDisposable {
  send(request: SqlRequest): Promise<void>;
  /** Its answers, until it ends; killed at the deadline. Fails with `sql-failed` when it did not end by itself. */
  answers(deadlineMs: number): AsyncIterable<SqlAnswer>;
}

function openChild(signal: AbortSignal): SqlChild {
  const script = fileURLToPath(ownScript('commands/sql-child'));
  const process_ = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  const ended = endOf(process_);
  const kill = (): void => void process_.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  process_.stdin.on('error', () => kill()); // it is gone: `answers` says why
  let complaint = '';
  process_.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2_000);
  });
  return {
    // when it ended before it took all of it, `answers` says why
    send: async (request) =>
      void (await Promise.race([write(process_.stdin, `${JSON.stringify(request)}\n`), ended])),
    answers: async function* (deadlineMs) {
      let isLate = false;
      using _ = nodeClock().startTimer(deadlineMs, () => {
        isLate = true;
        kill();
      });
      for await (const line of createInterface({ input: process_.stdout }))
        yield JSON.parse(line) as SqlAnswer; // of our own child
      const code = await ended;
      signal.throwIfAborted();
      if (isLate)
        throw failed(
          `The query took longer than ${deadlineMs / 1_000} s and was ended; a shorter range or --deadline helps.`,
        );
      if (!process_.stderr.closed) await once(process_.stderr, 'close');
      if (code === 'SIGKILL' && complaint !== '') throw failed(complaint);
      if (code !== 0) throw failed(`The process of the query ended (${code}): ${complaint}`);
    },
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', kill);
      kill();
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? String(signal)));
  });
}

/** Sends every series that the flags select, with its points. Fails with `sql-refused` beyond `pointsMax`. */
async function fillView(
  context: VerbContext,
  client: SkerryClient,
  child: SqlChild,
  pointsMax: number,
): Promise<void> {
  const { signal } = context;
  const { device: wanted, ...narrow } = narrowing(context);
  const devices = await everyItem<Device>((page) =>
    client.listDevices(
      { ...narrow, ...page, ...(wanted === undefined ? {} : { search: wanted }) },
      { signal },
    ),
  );
  const meant = devices.filter((one) => wanted === undefined || one.device === wanted);
  if (meant.length === 0)
    context.stderr.write('No device fits; the view is empty. skerry devices has those that were seen.\n');
  const progress = new Progress(context.stderr, nodeClock().monotonicMs);
  let points = 0;
  for (const [at, { tenant, project, device }] of meant.entries()) {
    progress.show({
      done: at,
      total: meant.length,
      note: `${at} of ${meant.length} devices, ${points} points read`,
    });
    const metricList = await metricsOf(context, client, { tenant, project, device });
    for (const { metric } of metricList) {
      if (context.flags.metric !== undefined && context.flags.metric !== metric) continue;
      await child.send({ series: [tenant, project, device, metric] });
      points += await sendPoints(
        context,
        client,
        child,
        { tenant, project, device, metric },
        pointsMax - points,
      );
    }
  }
  progress.end();
}

/** The metrics of a device of the list; none, and word of it, where it cannot be read: one that is gone, or called `..`. */
async function metricsOf(
  context: VerbContext,
  client: SkerryClient,
  key: Readonly<Record<'tenant' | 'project' | 'device', string>>,
): Promise<readonly { readonly metric: string }[]> {
  const leftOut = (why: string) => {
    const name = JSON.stringify(`${key.tenant}/${key.project}/${key.device}`);
    context.stderr.write(`The device ${name} cannot be read, so its points are not in the view: ${why}.\n`);
    return [];
  };
  // an earlier build took such ids in; a path with one leads elsewhere
  if ([key.tenant, key.project, key.device].some(isDotSegment)) return leftOut('. and .. are no ids');
  try {
    return (await client.getDevice(key, { signal: context.signal })).metricList;
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || cause.code !== 'not-found') throw cause;
    return leftOut(cause.message);
  }
}

async function sendPoints(
  context: VerbContext,
  client: SkerryClient,
  child: SqlChild,
  series: Readonly<Record<'tenant' | 'project' | 'device' | 'metric', string>>,
  room: number,
): Promise<number> {
  const range = { from: 'now-1h', ...givenTexts(context, ['from', 'to']) };
  const query = { ...series, ...range, format: 'ndjson' as const };
  let batch: SqlPoint[] = [];
  let count = 0;
  for await (const line of client.queryTelemetryLines(query, { signal: context.signal })) {
    if (!('value' in line)) continue; // a bucket, which nobody asked for
    const { time, value, type } = line;
    batch.push([microsOf(time), time, value, type ?? (typeof value === 'string' ? 'text' : typeof value)]);
    if (++count > room) {
      throw new CliError(
        'sql-refused',
        'The range holds more points than --points allows. Narrow it with --from, --to, --device or --metric, or allow more.',
      );
    }
    if (batch.length < BATCH_POINTS) continue;
    await child.send({ points: batch });
    batch = [];
  }
  if (batch.length > 0) await child.send({ points: batch });
  return count;
}

type SqlRow = Readonly<Record<string, SqlValue>>;

async function printAnswers(context: VerbContext, child: SqlChild, deadlineMs: number): Promise<void> {
  const format = outputFormat(context.flags.output);
  const isTable = format === 'table' || format === 'wide';
  let columns: readonly string[] = [];
  let measured: SqlRow[] = [];
  let stream: RowStream<SqlRow> | undefined;
  const open = async (): Promise<RowStream<SqlRow>> => {
    const opened = new RowStream<SqlRow>(
      context,
      format,
      columns.map((name) => columnOf(name, measured)),
    );
    for (const row of measured) await opened.add(row);
    measured = [];
    return opened;
  };
  for await (const answer of child.answers(deadlineMs)) {
    if ('refused' in answer)
      throw new CliError(
        'sql-refused',
        `The statement was refused: ${answer.refused}. Wanted one query over telemetry.`,
      );
    if ('failed' in answer) throw failed(`The query failed: ${answer.failed}.`);
    if ('columns' in answer) columns = answer.columns;
    else {
      const row = Object.fromEntries(columns.map((name, index) => [name, answer[index] ?? null]));
      if (stream) await stream.add(row);
      else measured.push(row);
      if (!stream && measured.length >= (isTable ? MEASURED_ROWS : 1)) stream = await open();
    }
  }
  stream ??= await open();
  await stream.end();
}

function columnOf(name: string, measured: readonly SqlRow[]) {
  const cell = (row: SqlRow): string => (row[name] === null ? '' : String(row[name]));
  const isNumeric = measured.some((row) => typeof row[name] === 'number');
  const width = measured.reduce(
    (most, row) => Math.max(most, displayWidth(printable(cell(row)))),
    displayWidth(name),
  );
  return { title: name, align: isNumeric ? ('right' as const) : ('left' as const), width, cell };
}

function failed(message: string): CliError {
  return new CliError('sql-failed', message);
}
