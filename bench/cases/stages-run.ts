// One side of the case `stages` in a process of its own: `stages-run.ts SIDE SECS`. Prints its figures as JSON.
import { parseStagesDocument } from '@skerry/model';
import { compilePipeline, StageEngine, type StageMessage, StageSet } from '@skerry/pipeline';

const DEVICES = 1_000;
const START_MICROS = 1_767_225_600_000_000;
const MINUTE_MICROS = 60_000_000;
const PASS_SECS = 130;

const FILTER = { name: 'keep', type: 'Filter', keep: 'metrics.t > -40.0 && metrics.t < 60.0' };
const TRANSFORM = { name: 'units', type: 'Transform', set: { tf: 'metrics.t * 9.0 / 5.0 + 32.0' } };
const AGGREGATE = { name: 'minute', type: 'Aggregate', window: { size: '1m' }, functions: ['mean', 'max'] };

/** What a side delivers of one pass, so that sides can be compared. */
interface Tally {
  messages: number;
  kept: number;
  results: number;
  checksum: number;
}

type Way = () => (message: StageMessage, tally: Tally) => void;

const WAYS: Readonly<Record<string, Way>> = {
  skerry: () => declared(FILTER, TRANSFORM, AGGREGATE),
  filter: () => declared(FILTER),
  transform: () => declared(TRANSFORM),
  aggregate: () => declared(AGGREGATE),
  'plain-js': byHand,
  messages: () => (message, tally) => {
    tally.kept += message.metrics.size > 0 ? 1 : 0;
  },
};

run(String(process.argv[2]), Number(process.argv[3]));

function run(side: string, secs: number): void {
  const way = WAYS[side];
  if (!way) throw new TypeError(`There is no side ${side}.`);
  const pass = (): Tally => {
    const tally = { messages: 0, kept: 0, results: 0, checksum: 0 };
    const take = way();
    for (let at = 0; at < PASS_SECS; at++)
      for (let device = 0; device < DEVICES; device++) {
        take(messageOf(device, at), tally);
        tally.messages++;
      }
    return tally;
  };
  const warmUntil = performance.now() + 1_000;
  while (performance.now() < warmUntil) pass();
  const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  let last = pass();
  let { messages } = last;
  for (; performance.now() - startedMs < secs * 1_000; messages += last.messages) last = pass();
  const ms = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  const figures = {
    perSec: (messages / ms) * 1_000,
    cpuSecsPerMillion: (cpu.user + cpu.system) / messages,
    kept: last.kept,
    results: last.results,
    checksum: Math.round(last.checksum * 1_000) / 1_000,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function messageOf(device: number, at: number): StageMessage {
  const metrics = new Map<string, number>();
  metrics.set('t', ((device * 7 + at * 13) % 120) - 50);
  metrics.set('h', (device + at) % 100);
  return {
    tenant: 't',
    project: 'p',
    device: `d${device}`,
    topic: 'iot/t/p/d/telemetry',
    timeMicros: START_MICROS + at * 1_000_000,
    receivedMicros: START_MICROS + at * 1_000_000,
    metrics,
    attributes: new Map(),
    textUnits: 0,
    isResult: false,
  };
}

function declared(...stages: object[]): ReturnType<Way> {
  const { document } = parseStagesDocument({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'bench' },
    spec: { stages },
  });
  const pipeline = document?.kind === 'Pipeline' ? compilePipeline(document, []).pipeline : undefined;
  if (!pipeline) throw new TypeError('The stages of the bench cannot be made.');
  const set = new StageSet([pipeline]);
  const plan = set.plan('t', 'p', 'iot/t/p/d/telemetry');
  if (!plan) throw new TypeError('The pipeline of the bench takes nothing.');
  const engine = new StageEngine();
  let offset = 0;
  return (message, tally) => {
    const outcome = engine.judge(plan, offset++, [message]);
    if ('detail' in outcome) throw new TypeError(outcome.detail);
    engine.settle();
    tally.kept += outcome.own;
    for (const { metrics } of outcome.messages.slice(outcome.own)) {
      tally.results++;
      for (const value of metrics.values()) tally.checksum += Number(value);
    }
  };
}

interface Sums {
  count: number;
  sum: number;
  max: number;
}

function byHand(): ReturnType<Way> {
  const groups = new Map<string, { start: number; metrics: Map<string, Sums> }>();
  return ({ device, metrics, timeMicros }, tally) => {
    const t = Number(metrics.get('t'));
    if (!(t > -40 && t < 60)) return;
    metrics.set('tf', (t * 9) / 5 + 32);
    const start = Math.floor(timeMicros / MINUTE_MICROS) * MINUTE_MICROS;
    let group = groups.get(device);
    if (!group || group.start !== start) {
      if (group) close(group.metrics, tally);
      group = { start, metrics: new Map() };
      groups.set(device, group);
    }
    for (const [metric, value] of metrics) {
      const number = Number(value);
      const known = group.metrics.get(metric);
      if (known) {
        known.count++;
        known.sum += number;
        if (number > known.max) known.max = number;
      } else group.metrics.set(metric, { count: 1, sum: number, max: number });
    }
  };
}

function close(metrics: ReadonlyMap<string, Sums>, tally: Tally): void {
  tally.results++;
  for (const { count, sum, max } of metrics.values()) tally.checksum += sum / count + max;
}
