import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { nearestWord } from '@skerry/model';
import type { Publisher } from '@skerry/mqtt';
import { CliError } from '../errors.ts';
import { Progress } from '../output/progress.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { WORLDS } from '../simulation/open-world.ts';
import { type SimulatePlan, simulatePlanOf } from '../simulation/simulate-plan.ts';
import { type RunFigures, runWorld } from '../simulation/simulation-run.ts';
import { netOf } from '../simulation/target.ts';
import { WORLD_NAMES } from '../simulation/world.ts';
import { TARGET_FLAGS, targetOf } from './broker-target.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const CHAOS = 'chaos';
const CHOICES = [...WORLD_NAMES, CHAOS] as const;
/** Messages on their way: enough that the disk of the instance is never waited for one by one. */
const WINDOW = 4_096;
const DRAIN_MS = 10_000;

/** `skerry simulate`: publishes a simulated world, or every bad input, over MQTT. */
export const simulateVerb: Verb = {
  path: ['simulate'],
  summary: 'Publishes a simulated world over MQTT; or chaos: every bad input, and what is answered to it.',
  positionals: [{ name: 'WORLD', what: `One of ${CHOICES.join(', ')}.`, isRequired: true, choices: CHOICES }],
  flags: [
    {
      name: 'devices',
      type: 'number',
      value: 'N',
      what: `Devices in all. Default: ${WORLD_NAMES.map((name) => `${WORLDS[name].devices} (${name})`).join(', ')}.`,
    },
    {
      name: 'rate',
      type: 'number',
      value: 'N',
      what: 'Messages of a device in a simulated second. Default: 1.',
    },
    {
      name: 'speed',
      type: 'text',
      value: 'N|max',
      what: 'Simulated seconds a second, or max; never ahead of the present. Default: 1.',
    },
    {
      name: 'duration',
      type: 'text',
      value: 'TIME',
      what: 'Simulated time after which it ends: 10m, 24h. Until Ctrl-C when absent.',
    },
    {
      name: 'start',
      type: 'text',
      value: 'TIME',
      what: 'Begin of the simulated time. Now when absent; with another speed than 1 as long ago as it lasts, or a day.',
    },
    {
      name: 'seed',
      type: 'number',
      value: 'N',
      what: 'Same seed, start and devices: same messages. Default: 1.',
    },
    { name: 'tenant', type: 'text', what: 'Tenant id. Default: "demo", of chaos: "chaos".' },
    {
      name: 'project',
      type: 'text',
      what: 'Project id; the name of the world when absent. Chaos has a new one each time.',
    },
    ...TARGET_FLAGS,
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry simulate wind-farm --devices 100',
    'skerry simulate factory --speed max --duration 24h --seed 7',
    'skerry simulate chaos',
  ],
  async run(context) {
    const world = String(context.positionals[0]);
    const name = WORLD_NAMES.find((one) => one === world);
    if (name === undefined && world !== CHAOS) throw unknownWorld(world);
    if (name !== undefined)
      return await simulate(context, simulatePlanOf(context, name, nodeClock().nowMicros()));
    const { simulateChaos } = await import('./simulate-chaos.ts');
    return await simulateChaos(context, await targetOf(context));
  },
};

function unknownWorld(world: string): CliError {
  const close = nearestWord(world, CHOICES);
  const hint = close ? `; did you mean ${close}?` : '.';
  return new CliError(
    'usage',
    `WORLD: found ${JSON.stringify(world)}, wanted one of ${CHOICES.join(', ')}${hint}`,
  );
}

async function simulate(context: VerbContext, plan: SimulatePlan): Promise<number> {
  const { openPublisher } = await import('@skerry/mqtt'); // its modules are many, and few verbs need them
  const clock = nodeClock();
  const target = await targetOf(context);
  const { address, isEncrypted: _, ...credentials } = target;
  const clientId = `skerry-simulate-${Buffer.from(nodeRandom().bytes(6)).toString('hex')}`;
  const needs = { net: netOf(target), clock, random: nodeRandom() };
  const world = WORLDS[plan.world].open(plan.options);
  await using publisher = await openPublisher(
    { address, clientId, keepAliveSecs: 30, window: WINDOW, signal: context.signal, ...credentials },
    needs,
  );
  context.stderr.write(
    `Simulating ${plan.world} with ${world.devices.length} devices from ${timeText(plan.run.startMicros)} to ${address.host}:${address.port} as ${plan.options.tenant}/${plan.options.project}, seed ${plan.options.seed}.\n`,
  );
  const startedMs = clock.monotonicMs();
  const progress = new Progress(context.stderr, clock.monotonicMs);
  const show = (figures: RunFigures): void => {
    if (progress.isDue) progress.show(stateOf(figures, plan, publisher));
  };
  const { digest, ...figures } = await runWorld(world, plan.run, {
    publisher,
    clock,
    signal: context.signal,
    onStep: show,
  });
  await publisher.drained(AbortSignal.timeout(DRAIN_MS)); // an interruption ends the world, not what was sent already
  progress.end(stateOf(figures, plan, publisher));
  const seconds = Math.round(clock.monotonicMs() - startedMs) / 1_000;
  return await conclude(context, plan, publisher, { ...figures, seconds, digest });
}

async function conclude(
  context: VerbContext,
  plan: SimulatePlan,
  publisher: Publisher,
  done: RunFigures & { readonly seconds: number; readonly digest: string },
): Promise<number> {
  const { acked, refused, resent, reconnects } = publisher.figures();
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const summary = {
    world: plan.world,
    devices: plan.options.devices,
    seed: plan.options.seed,
    published: done.published,
    acked,
    refused: refusals,
    resent,
    reconnects,
    seconds: done.seconds,
    until: timeText(done.simulatedMicros),
    digest: done.digest,
  };
  await printRows(
    context,
    outputFormat(context.flags.output),
    [summary],
    Object.keys(summary).map((name) => ({
      title: name.toUpperCase(),
      isWide: name === 'digest',
      cell: (row) => String(row[name as keyof typeof summary]), // the keys of this very object
    })),
    summary,
  );
  for (const [reason, count] of Object.entries(refused)) {
    context.stderr.write(
      `The broker refused ${count} messages with the reason 0x${Number(reason).toString(16)}.\n`,
    );
  }
  const isCutShort = done.steps < plan.run.steps && Number.isFinite(plan.run.steps);
  if (acked === done.published) return isCutShort ? 130 : 0;
  context.stderr.write(`NOT complete: ${acked} messages were acknowledged of ${done.published}.\n`);
  return context.signal.aborted ? 130 : 1;
}

function stateOf(figures: RunFigures, plan: SimulatePlan, publisher: Publisher) {
  const { acked, reconnects } = publisher.figures();
  const cuts = reconnects > 0 ? `, connected again ${reconnects} times` : '';
  const note = `${figures.published} published, ${acked} acknowledged, at ${timeText(figures.simulatedMicros)}${cuts}`;
  return { done: figures.steps, total: Number.isFinite(plan.run.steps) ? plan.run.steps : undefined, note };
}

function timeText(micros: number): string {
  return new Date(micros / 1_000).toISOString().replace('.000', '');
}
