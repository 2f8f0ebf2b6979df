import { basename } from 'node:path';
import { CodedError } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { isDotSegment, nearestWord } from '@skerry/model';
import type { Publisher } from '@skerry/mqtt';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { Progress, type ProgressState } from '../output/progress.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { readColumnChoice } from '../recording/column-choice.ts';
import { Pace } from '../recording/pace.ts';
import { countRows, type RecordedRow, type RecordingOptions, readRecording } from '../recording/recording.ts';
import { rowPayload } from '../recording/row-payload.ts';
import { netOf } from '../simulation/target.ts';
import { TARGET_FLAGS, targetOf } from './broker-target.ts';
import { openClient } from './instance.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const TOPIC = 'iot/{tenant}/{project}/{device}/telemetry';
/** Rows on their way: enough that the disk of the instance is never waited for one by one. */
const WINDOW = 4_096;
const TICK_MS = 100;
const PATIENCE_SECS = 60;

/** `skerry replay`: publishes a recording over MQTT; exit code 1 unless every row was acknowledged. */
export const replayVerb: Verb = {
  path: ['replay'],
  summary: 'Publishes a recording (CSV or JSON lines) over MQTT, and waits until all of it is acknowledged.',
  positionals: [
    {
      name: 'FILE',
      what: 'CSV with a header line (comma, semicolon or tab), or .jsonl, .ndjson with one object a line. May be a FIFO.',
      isRequired: true,
    },
  ],
  flags: [
    {
      name: 'speed',
      type: 'text',
      value: 'N|max',
      what: 'How many times as fast as recorded, or max. Default: 1.',
    },
    { name: 'tenant', type: 'text', what: 'Tenant id. Default: "local".' },
    { name: 'project', type: 'text', what: 'Project id. Default: "replay".' },
    { name: 'device', type: 'text', what: 'Device id; the name of the file when absent.' },
    {
      name: 'device-column',
      type: 'text',
      value: 'COLUMN',
      what: 'Column that names the device of each row.',
    },
    {
      name: 'time-column',
      type: 'text',
      value: 'COLUMN',
      what: 'Column of the time; timestamp, datetime, time, ts or date when absent.',
    },
    {
      name: 'time-zone',
      type: 'text',
      value: 'ZONE',
      what: 'Zone of times that name none: UTC, +02:00 or Europe/Berlin. Default: "UTC".',
    },
    {
      name: 'columns',
      type: 'text',
      value: 'LIST',
      what: 'Only these columns, and their metrics: temp=temperature,rpm. All when absent.',
    },
    {
      name: 'topic',
      type: 'text',
      value: 'TEMPLATE',
      what: `Topic with {tenant}, {project}, {device}. Default: ${JSON.stringify(TOPIC)}.`,
    },
    {
      name: 'from-line',
      type: 'number',
      value: 'N',
      what: 'Begins with the data row N, counted from 1 without header and empty lines. Default: 1.',
    },
    {
      name: 'patience',
      type: 'number',
      value: 'SECS',
      what: `Gives up after so long without an acknowledgement. Default: ${PATIENCE_SECS}.`,
    },
    ...TARGET_FLAGS,
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry replay machine-temperature.csv --speed max --project plant --device press-4',
    'skerry replay log.csv --time-zone Europe/Berlin --device-column unit --columns t=temperature,p=pressure',
  ],
  async run(context) {
    const plan = planOf(context);
    const rows = await countRows(plan.recording.path);
    const total = rows === undefined ? undefined : Math.max(0, rows - plan.fromRow + 1);
    const { openPublisher } = await import('@skerry/mqtt'); // its modules are many, and no other verb needs them
    const target = await targetOf(context);
    const { address, isEncrypted: _, ...credentials } = target;
    await tellPlan(context, plan, total, address);
    const clientId = `skerry-replay-${plan.run}`;
    const needs = { net: netOf(target), clock: nodeClock(), random: nodeRandom() };
    const options = {
      address,
      ...credentials,
      clientId,
      keepAliveSecs: 30,
      window: WINDOW,
      signal: context.signal,
    };
    await using publisher = await openPublisher(options, needs);
    const replay = new Replay(context, plan, publisher, total);
    await replay.publish();
    return await replay.conclude();
  },
};

interface Plan {
  readonly recording: RecordingOptions;
  readonly speed: number;
  readonly template: string;
  readonly topicOf: (row: RecordedRow) => string;
  /** A topic as it will be published, where the device is named by the rows with a stand-in for it. */
  readonly sampleTopic: string;
  readonly patienceMs: number;
  /** First data row that is published, from 1. */
  readonly fromRow: number;
  /** Names this replay, so that its rows are told from those of another replay of the same file. */
  readonly run: string;
  readonly device: string;
  readonly place: string;
}

function planOf(context: VerbContext): Plan {
  const { flags } = context;
  const path = String(context.positionals[0]);
  const deviceColumn = flags['device-column'] === undefined ? undefined : String(flags['device-column']);
  if (deviceColumn !== undefined && flags.device !== undefined) {
    throw new CliError(
      'usage',
      'skerry replay: found --device and --device-column, wanted one or the other.',
    );
  }
  const tenant = levelOf('tenant', flags.tenant ?? 'local');
  const project = levelOf('project', flags.project ?? 'replay');
  const device = levelOf('device', flags.device ?? basename(path).replace(/\.[^.]*$/, ''));
  const template = String(flags.topic ?? TOPIC);
  const recording = {
    path,
    timeColumn: flags['time-column'] === undefined ? undefined : String(flags['time-column']),
    deviceColumn,
    zone: zoneOf(String(flags['time-zone'] ?? 'UTC')),
    columns: readColumnChoice(flags.columns === undefined ? undefined : String(flags.columns)),
  };
  return {
    recording,
    speed: speedOf(flags.speed),
    template,
    sampleTopic: fillTemplate(template, { tenant, project, device }),
    topicOf: (row) =>
      fillTemplate(template, {
        tenant,
        project,
        device: row.device === undefined ? device : deviceOf(path, row.line, row.device),
      }),
    patienceMs: patienceOf(flags.patience) * 1_000,
    fromRow: rowOf(flags['from-line']),
    run: Buffer.from(nodeRandom().bytes(6)).toString('hex'),
    device: deviceColumn === undefined ? device : `the column ${deviceColumn}`,
    place: `${tenant}/${project}`,
  };
}

function speedOf(flag: unknown): number {
  if (flag === 'max') return Number.POSITIVE_INFINITY;
  const speed = flag === undefined ? 1 : Number(flag);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new CliError('usage', `--speed: found ${JSON.stringify(flag)}, wanted a number above 0, or max.`);
}

function patienceOf(flag: unknown): number {
  const secs = flag === undefined ? PATIENCE_SECS : Number(flag);
  if (secs > 0) return secs;
  throw new CliError('usage', `--patience: found ${JSON.stringify(flag)}, wanted seconds above 0.`);
}

function rowOf(flag: unknown): number {
  const row = flag === undefined ? 1 : Number(flag);
  if (Number.isSafeInteger(row) && row > 0) return row;
  throw new CliError('usage', `--from-line: found ${JSON.stringify(flag)}, wanted a whole number from 1.`);
}

function zoneOf(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch (cause) {
    const close = nearestWord(zone, Intl.supportedValuesOf('timeZone'));
    const hint = close ? `; did you mean ${close}?` : '.';
    throw new CliError(
      'usage',
      `--time-zone: found ${JSON.stringify(zone)}, wanted UTC, an offset or a zone of the IANA database${hint}`,
      {},
      cause,
    );
  }
}

function levelOf(name: string, value: unknown): string {
  const text = String(value);
  if (isLevel(text)) return text;
  throw new CliError('usage', `--${name}: found ${JSON.stringify(text)}, wanted ${LEVEL}.`);
}

function deviceOf(path: string, line: number, device: string): string {
  if (isLevel(device)) return device;
  const message = `${path}, line ${line}: found the device ${JSON.stringify(device)}, wanted ${LEVEL}.`;
  throw new CliError('recording-unreadable', message, { path, line });
}

const LEVEL = 'an id without +, #, / and control characters that is not . or ..';

/** Whether an id can be one level of a topic. */
function isLevel(text: string): boolean {
  return text !== '' && !isDotSegment(text) && !/[+#/\p{Cc}]/u.test(text);
}

function fillTemplate(template: string, ids: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const id = ids[name];
    if (id !== undefined) return id;
    throw new CliError('usage', `--topic: found ${whole}, wanted {tenant}, {project} or {device}.`);
  });
}

async function tellPlan(
  context: VerbContext,
  plan: Plan,
  total: number | undefined,
  mqtt: { readonly host: string; readonly port: number },
): Promise<void> {
  const speed =
    plan.speed === Number.POSITIVE_INFINITY
      ? 'as fast as they are acknowledged'
      : `at ${plan.speed} times the recorded speed`;
  context.stderr.write(
    `Replaying ${total ?? 'the'} rows of ${plan.recording.path} to ${mqtt.host}:${mqtt.port} as ${plan.place}, device ${plan.device}, ${speed}.\n` +
      `Times that name no zone are read in ${plan.recording.zone}.\n`,
  );
  // of another broker it is not known what it does with a topic
  if (context.flags.url === undefined) await tellRoute(context, plan);
}

/** What becomes of a publication on a topic that is not telemetry, by its route. */
const CONSEQUENCES = {
  messaging: 'delivered to subscribers and not stored',
  refuse: 'refused',
  'dead-letter': 'set aside as a dead letter',
} as const;

/** Says it when the instance does not take the topics of this replay as telemetry. */
async function tellRoute(context: VerbContext, plan: Plan): Promise<void> {
  const { values } = await openClient(context).getConfig({}, { signal: context.signal });
  const { telemetry, unmatched } =
    (values as { readonly routing?: Partial<SkerryConfig['routing']> }).routing ?? {}; // the configuration's own shape
  if (!telemetry) return;
  const { compileRoutes } = await import('@skerry/pipeline'); // its modules are many
  const { kind } = compileRoutes({ templates: telemetry, unmatched: unmatched ?? 'messaging' })(
    plan.sampleTopic,
  );
  if (kind === 'telemetry') return;
  context.stderr.write(
    `The instance has no telemetry topic ${plan.template}, so what is published there is ${CONSEQUENCES[kind]}; name one of its own with --topic: ${telemetry.join(', ')}\n`,
  );
}

/** One replay under way: what was published, what was acknowledged, how fast. */
class Replay {
  readonly #context: VerbContext;
  readonly #plan: Plan;
  readonly #publisher: Publisher;
  /** Rows to publish; undefined for what can be read only once. */
  readonly #total: number | undefined;
  readonly #clock = nodeClock();
  readonly #startedMs = this.#clock.monotonicMs();
  readonly #progress: Progress;
  readonly #givingUp = new AbortController();
  readonly #signal: AbortSignal;
  #published = 0;
  #isWhole = false;
  #fault: CliError | undefined;
  #ackedBefore = 0;
  #ackedAtMs = this.#startedMs;

  constructor(context: VerbContext, plan: Plan, publisher: Publisher, total: number | undefined) {
    this.#context = context;
    this.#plan = plan;
    this.#publisher = publisher;
    this.#total = total;
    this.#progress = new Progress(context.stderr, this.#clock.monotonicMs);
    this.#signal = AbortSignal.any([context.signal, this.#givingUp.signal]);
  }

  /**
   * Publishes every row at its time and waits for the acknowledgements, unless interrupted or out of patience; a fault
   * in the recording behind the first row is kept for `conclude`.
   */
  async publish(): Promise<void> {
    using _ = this.#clock.startTicker(TICK_MS, () => this.#tick());
    try {
      await this.#publishRows();
    } catch (cause) {
      if (!(cause instanceof CliError) || this.#published === 0) throw cause;
      this.#fault = cause;
    }
    if (this.#isWhole || this.#fault) await this.#publisher.drained(this.#signal);
  }

  async #publishRows(): Promise<void> {
    const pace = new Pace(this.#plan.speed, this.#clock);
    const encoder = new TextEncoder();
    let at = 0;
    for await (const row of readRecording({ ...this.#plan.recording, signal: this.#signal })) {
      at += 1;
      if (at < this.#plan.fromRow) continue;
      await pace.wait(row.timeMicros, this.#signal);
      const payload = encoder.encode(rowPayload(row, `${this.#plan.run}-${row.line}`));
      if (this.#signal.aborted || !(await this.#take(row, payload))) return;
    }
    this.#isWhole = !this.#signal.aborted;
  }

  /** Prints what came of it; the exit code. Fails with the fault of the recording that ended it. */
  async conclude(): Promise<number> {
    const { acked, resent, refused, reconnects } = this.#publisher.figures();
    const isComplete = this.#isWhole && acked === this.#published;
    this.#progress.end(this.#state());
    const seconds = Math.round(this.#clock.monotonicMs() - this.#startedMs) / 1_000;
    const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
    const summary = { published: this.#published, acked, refused: refusals, resent, reconnects, seconds };
    await printRows(
      this.#context,
      outputFormat(this.#context.flags.output),
      [summary],
      Object.keys(summary).map((name) => ({
        title: name.toUpperCase(),
        align: 'right',
        cell: (row) => String(row[name as keyof typeof summary]), // the keys of this very object
      })),
      summary,
    );
    for (const [reason, count] of Object.entries(refused)) {
      this.#context.stderr.write(
        `The broker refused ${count} rows with the reason 0x${Number(reason).toString(16)}.\n`,
      );
    }
    if (this.#isWhole && this.#published === 0) {
      const { fromRow, recording } = this.#plan;
      const from = fromRow > 1 ? ` from the row ${fromRow} on` : '';
      this.#context.stderr.write(`There was no row in ${recording.path}${from}, so nothing was published.\n`);
    }
    if (isComplete) return 0;
    if (this.#givingUp.signal.aborted) {
      this.#context.stderr.write(
        `Nothing was acknowledged for ${this.#plan.patienceMs / 1_000} s; given up. skerry doctor looks for the cause.\n`,
      );
    }
    this.#context.stderr.write(
      `NOT complete: ${acked} rows were acknowledged of ${this.#isWhole ? this.#published : (this.#total ?? `the ${this.#published} read so far`)}.\n`,
    );
    if (this.#fault) {
      const next = this.#plan.fromRow + this.#published;
      if (acked === this.#published) {
        this.#context.stderr.write(
          `Mend the row, then go on with --from-line ${next}: those before were sent.\n`,
        );
      }
      throw this.#fault;
    }
    return this.#context.signal.aborted ? 130 : 1;
  }

  /** Hands a row to the publisher once it has room; false when interrupted before. */
  async #take(row: RecordedRow, payload: Uint8Array): Promise<boolean> {
    const topic = this.#plan.topicOf(row);
    try {
      while (!this.#publisher.publish(topic, payload)) {
        await this.#publisher.room(this.#signal);
        if (this.#signal.aborted) return false;
      }
    } catch (cause) {
      if (!(cause instanceof CodedError) || cause.code !== 'packet-too-large') throw cause;
      const { path } = this.#plan.recording;
      throw new CliError(
        'recording-unreadable',
        `${path}, line ${row.line}: ${cause.message}`,
        { path, line: row.line },
        cause,
      );
    }
    this.#published += 1;
    return true;
  }

  #tick(): void {
    const { acked, unacked } = this.#publisher.figures();
    const nowMs = this.#clock.monotonicMs();
    if (acked !== this.#ackedBefore || unacked === 0) {
      this.#ackedBefore = acked;
      this.#ackedAtMs = nowMs;
    }
    if (nowMs - this.#ackedAtMs >= this.#plan.patienceMs) this.#givingUp.abort();
    if (this.#progress.isDue) this.#progress.show(this.#state());
  }

  #state(): ProgressState {
    const { acked, reconnects } = this.#publisher.figures();
    const secs = (this.#clock.monotonicMs() - this.#startedMs) / 1_000;
    const known = this.#total === undefined ? undefined : Math.max(this.#total, this.#published);
    const total = this.#isWhole ? this.#published : known;
    const left = total === undefined ? '' : `, ${total - acked} remaining`;
    const cuts = reconnects > 0 ? `, connected again ${reconnects} times` : '';
    const note = `${this.#published} published, ${acked} acknowledged${left}, ${Math.round(acked / Math.max(secs, 0.001))}/s${cuts}`;
    return { done: acked, total, note };
  }
}
