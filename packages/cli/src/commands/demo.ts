import { ApiProblem } from '@skerry/client';
import { CliError } from '../errors.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb } from './verb.ts';

/** `skerry demo reset`: the demo begins anew with other weather. */
export const demoResetVerb: Verb = {
  path: ['demo', 'reset'],
  summary: 'Begins the demo anew under another seed; what it has published stays until it ages out.',
  positionals: [],
  flags: [
    { name: 'seed', type: 'number', value: 'N', what: 'Seed of the new course; another one when absent.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: ['skerry demo reset', 'skerry demo reset --seed 7'],
  async run(context) {
    const { seed } = context.flags;
    if (
      seed !== undefined &&
      !(Number.isInteger(seed) && Number(seed) >= 0 && Number(seed) <= 4_294_967_295)
    ) {
      throw new CliError(
        'usage',
        `--seed: found ${JSON.stringify(seed)}, wanted a whole number from 0 to 4294967295.`,
      );
    }
    const client = openClient(context);
    try {
      const body = seed === undefined ? {} : { seed: Number(seed) };
      const demo = await client.restartSimulation({ id: 'demo', body }, { signal: context.signal });
      await printRows(
        context,
        outputFormat(context.flags.output),
        [demo],
        [
          { title: 'SIMULATION', cell: (row) => row.id },
          { title: 'WORLD', cell: (row) => row.world },
          { title: 'DEVICES', align: 'right', cell: (row) => String(row.devices) },
          { title: 'SEED', align: 'right', cell: (row) => String(row.seed) },
          { title: 'STARTED', cell: (row) => row.started },
        ],
        demo,
      );
    } catch (cause) {
      if (!(cause instanceof ApiProblem) || cause.code !== 'not-found') throw cause;
      throw new CliError(
        'not-running',
        'No demo runs here: it was started with --no-demo, or was ended. skerry simulate wind-farm runs one.',
        {},
        cause,
      );
    }
    context.stderr.write(
      'What the demo published before stays stored until it ages out (series.rawDays); its devices go on under the same names.\n',
    );
    return 0;
  },
};
