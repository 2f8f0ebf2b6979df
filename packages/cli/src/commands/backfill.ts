import { createMeter } from '@skerry/kernel';
import { loadConfig } from '../config/load.ts';
import { CliError } from '../errors.ts';
import { write } from '../output/rows.ts';
import type { BackfillOrder } from '../processes/writer/backfill.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb, VerbContext } from './verb.ts';

/** `skerry backfill`: points into a sink once more. */
export const backfillVerb: Verb = {
  path: ['backfill'],
  summary: 'Writes points into a sink once more; one that is there is written over by itself.',
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
      name: 'source',
      type: 'text',
      value: 'NAME',
      what: 'Where points are read: postgres, the default, has them as they were stored; kafka, or the journal of the data folder of a server that does not run, is decoded anew from its oldest record on.',
    },
    {
      name: 'partition',
      type: 'text',
      value: 'TOPIC/NUMBER',
      what: 'Only this partition; all when absent.',
    },
    {
      name: 'from-offset',
      type: 'text',
      value: 'NUMBER',
      what: 'First record, by its offset in the partition or journal; the oldest when absent.',
    },
    {
      name: 'to-offset',
      type: 'text',
      value: 'NUMBER',
      what: 'The record behind the last one; all that are there when absent.',
    },
    {
      name: 'from',
      type: 'text',
      value: 'TIME',
      what: 'Begin of their event times, inclusive: ISO 8601 with its zone, a date (UTC), now or now-15m; the oldest when absent.',
    },
    {
      name: 'to',
      type: 'text',
      value: 'TIME',
      what: 'End of their event times, exclusive; the newest when absent.',
    },
    ...configFlags(),
  ],
  examples: [
    'skerry backfill --sink influx --from 2026-05-01 --to 2026-05-02 --config site.yaml',
    'skerry backfill --sink influx --source kafka --partition iot.telemetry/3 --from-offset 120000 --to-offset 130000',
  ],
  async run(context) {
    const { config } = loadConfig(configSources(context));
    const { nodeClock, nodeRandom, stderrLogger } = await import('@skerry/kernel/node');
    const { backfill, BACKFILL_SOURCES } = await import('../processes/writer/backfill.ts');
    const { parseTime } = await import('@skerry/api');
    const nowMicros = nodeClock().nowMicros();
    const order = orderOf(context, BACKFILL_SOURCES, (text) => parseTime(text, nowMicros));
    const { points, refused, refusals } = await backfill(order, config, {
      clock: nodeClock(),
      random: nodeRandom(),
      logger: stderrLogger(config.log),
      meter: createMeter(),
      signal: context.signal,
      tell: (source, count) => context.stderr.write(`${source}: ${count} points written.\n`),
      tellTrouble: (detail) => context.stderr.write(`${detail}\n`),
    });
    for (const { line, reason } of refusals) context.stderr.write(`Refused: ${line}\n  ${reason}\n`);
    await write(context.stdout, `${points} points written into ${order.sink}, ${refused} refused.\n`);
    return refused > 0 ? 1 : 0;
  },
};

/** Microseconds since 1970 of a time in words. */
type ReadTime = (text: string) => number | undefined;

function orderOf(
  context: VerbContext,
  sources: readonly BackfillOrder['source'][],
  readTime: ReadTime,
): BackfillOrder {
  const { sink, source: asked = 'postgres', partition } = context.flags;
  const source = sources.find((one) => one === asked);
  if (source === undefined)
    throw new CliError(
      'usage',
      `--source: found ${JSON.stringify(asked)}, wanted one of ${sources.join(', ')}.`,
    );
  const fromOffset = offsetOf(context, 'from-offset', 0);
  const toOffset = offsetOf(context, 'to-offset', Number.MAX_SAFE_INTEGER);
  const isPart = fromOffset > 0 || toOffset < Number.MAX_SAFE_INTEGER;
  if (isPart && partition === undefined && source !== 'journal')
    throw new CliError('usage', 'Offsets count in one partition: wanted --partition TOPIC/NUMBER with them.');
  const order = {
    sink: String(sink),
    source,
    fromOffset,
    toOffset,
    fromMicros: timeOf(context, 'from', readTime) ?? Number.MIN_SAFE_INTEGER,
    toMicros: timeOf(context, 'to', readTime) ?? Number.MAX_SAFE_INTEGER,
    ...(partition === undefined ? {} : { partition: String(partition) }),
  };
  if (fromOffset >= toOffset || order.fromMicros >= order.toMicros)
    throw new CliError('usage', 'The range ends before it begins: wanted from before to.');
  return order;
}

function offsetOf(context: VerbContext, name: string, otherwise: number): number {
  const text = context.flags[name];
  if (text === undefined) return otherwise;
  const offset = Number(text);
  if (/^\d+$/.test(String(text)) && Number.isSafeInteger(offset)) return offset;
  throw new CliError('usage', `--${name}: found ${JSON.stringify(text)}, wanted a whole number from 0 on.`);
}

function timeOf(context: VerbContext, name: 'from' | 'to', readTime: ReadTime): number | undefined {
  const text = context.flags[name];
  if (text === undefined) return undefined;
  const micros = readTime(String(text));
  if (micros !== undefined) return micros;
  throw new CliError(
    'usage',
    `--${name}: found ${JSON.stringify(text)}, wanted a date (UTC), a time with its zone such as 2026-05-01T10:00:00Z, now, or now-15m.`,
  );
}
