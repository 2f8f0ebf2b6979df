import { createMeter } from '@skerry/kernel';
import { loadConfig } from '../config/load.ts';
import { CliError } from '../errors.ts';
import { write } from '../output/rows.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb, VerbContext } from './verb.ts';

/** `skerry backfill`: points of PostgreSQL into a sink once more. */
export const backfillVerb: Verb = {
  path: ['backfill'],
  summary: 'Writes points of PostgreSQL into a sink once more; one that is there is written over by itself.',
  positionals: [],
  flags: [
    {
      name: 'sink',
      type: 'text',
      value: 'NAME',
      isRequired: true,
      what: 'Name of the sink in the configuration.',
    },
    {
      name: 'from',
      type: 'text',
      value: 'TIME',
      what: 'Begin of their event times, inclusive, 2026-05-01T10:00:00Z for instance; the oldest when absent.',
    },
    {
      name: 'to',
      type: 'text',
      value: 'TIME',
      what: 'End of their event times, exclusive; the newest when absent.',
    },
    ...configFlags(),
  ],
  examples: ['skerry backfill --sink influx --from 2026-05-01 --to 2026-05-02 --config site.yaml'],
  async run(context) {
    const order = {
      sink: String(context.flags.sink),
      fromMicros: timeOf(context, 'from', Number.MIN_SAFE_INTEGER),
      toMicros: timeOf(context, 'to', Number.MAX_SAFE_INTEGER),
    };
    const { config } = loadConfig(configSources(context));
    const { nodeClock, nodeRandom, stderrLogger } = await import('@skerry/kernel/node');
    const { backfill } = await import('../processes/writer/backfill.ts');
    const { points, refused, refusals } = await backfill(order, config, {
      clock: nodeClock(),
      random: nodeRandom(),
      logger: stderrLogger(config.log),
      meter: createMeter(),
      signal: context.signal,
      tell: (source, count) => context.stderr.write(`${source}: ${count} points written.\n`),
    });
    for (const { line, reason } of refusals) context.stderr.write(`Refused: ${line}\n  ${reason}\n`);
    await write(context.stdout, `${points} points written into ${order.sink}, ${refused} refused.\n`);
    return refused > 0 ? 1 : 0;
  },
};

/** A time as microseconds since 1970. */
function timeOf(context: VerbContext, name: 'from' | 'to', otherwise: number): number {
  const text = context.flags[name];
  if (text === undefined) return otherwise;
  const ms = Date.parse(String(text));
  if (Number.isFinite(ms)) return ms * 1_000;
  throw new CliError(
    'usage',
    `--${name}: found ${JSON.stringify(text)}, wanted a time such as 2026-05-01 or 2026-05-01T10:00:00Z.`,
  );
}
