// The load generator's process. `--help` names its options. Result as JSON on stdout; with --controlled, commands as
// JSON lines on stdin and events as JSON lines on stdout (generator.ts).
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type LoadPlan, LoadRun } from './load/load-run.ts';

const OPTIONS = {
  port: { type: 'string' },
  connections: { type: 'string', default: '100' },
  window: { type: 'string', default: '100' },
  devices: { type: 'string', default: '1000' },
  rate: { type: 'string', default: '0' },
  protocol: { type: 'string', default: '4' },
  tenant: { type: 'string', default: 'load' },
  project: { type: 'string', default: 'run' },
  epoch: { type: 'string', default: '1' },
  payload: { type: 'string', default: 'fields' },
  metrics: { type: 'string', default: '2' },
  bytes: { type: 'string', default: '200' },
  ledger: { type: 'string' },
  count: { type: 'string', default: '0' },
  secs: { type: 'string', default: '10' },
  'warm-up-secs': { type: 'string', default: '1' },
  'ack-timeout-ms': { type: 'string', default: '10000' },
  controlled: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const { values } = parseArgs({ options: OPTIONS });
if (values.help || values.port === undefined) {
  process.stderr.write(
    `Options: ${Object.keys(OPTIONS)
      .map((name) => `--${name}`)
      .join(' ')}\n`,
  );
  process.exitCode = 2;
} else {
  const plan = planOf();
  await (values.controlled ? runControlled(plan) : runMeasured(plan));
}

function planOf(): LoadPlan {
  const number = (name: Exclude<keyof typeof values, 'controlled' | 'help'>): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value)) throw new TypeError(`--${name} is ${values[name]}; a number was expected.`);
    return value;
  };
  const protocol = values.protocol === 'mixed' ? 'mixed' : values.protocol === '5' ? 5 : 4;
  return {
    port: number('port'),
    connections: number('connections'),
    window: number('window'),
    devices: Math.max(number('devices'), number('connections')),
    rate: number('rate'),
    protocol,
    tenant: values.tenant,
    project: values.project,
    epoch: number('epoch'),
    shape: {
      kind: values.payload === 'marks' ? 'marks' : 'fields',
      metrics: number('metrics'),
      payloadBytes: number('bytes'),
    },
    ...(values.ledger === undefined ? {} : { ledger: values.ledger }),
    count: number('count'),
    ackTimeoutMs: number('ack-timeout-ms'),
  };
}

/** Warms up, measures for a time or until all of --count are acknowledged, waits for the rest, prints the result. */
async function runMeasured(plan: LoadPlan): Promise<void> {
  using run = new LoadRun(plan);
  run.start();
  await run.until((state) => state.connectionsUp === plan.connections);
  if (plan.count === 0) await pause(Number(values['warm-up-secs']) * 1_000);
  run.beginMeasuring();
  if (plan.count > 0) await run.until((state) => state.acked + state.refused === plan.count);
  else await pause(Number(values.secs) * 1_000);
  const measured = run.result();
  run.isPaused = true;
  await run.until((state) => state.unacked === 0);
  const { ackedInAll, sums } = run.result();
  process.stdout.write(`${JSON.stringify({ ...measured, ackedInAll, sums })}\n`);
}

/** Does what it is told until its input ends. */
async function runControlled(plan: LoadPlan): Promise<void> {
  using run = new LoadRun(plan);
  const tell = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);
  run.onAllDown = (unacked) => tell({ event: 'all-down', unacked });
  run.isPaused = true;
  run.beginMeasuring();
  run.start();
  for await (const line of createInterface({ input: process.stdin })) {
    const command: unknown = JSON.parse(line);
    const fields = new Map<string, unknown>(Object.entries(Object(command)));
    const id = fields.get('id');
    if (fields.has('port')) run.port = Number(fields.get('port'));
    if (fields.has('rate')) run.rate = Number(fields.get('rate'));
    if (fields.has('isPaused')) run.isPaused = fields.get('isPaused') === true;
    if (fields.get('wait') === 'up')
      void run
        .until((state) => state.connectionsUp === plan.connections)
        .then(() => tell({ id, ...run.state() }));
    else if (fields.get('wait') === 'answered')
      void run.until((state) => state.unacked === 0).then(() => tell({ id, ...run.state() }));
    else tell({ id, ...(fields.has('result') ? run.result() : run.state()) });
  }
}
