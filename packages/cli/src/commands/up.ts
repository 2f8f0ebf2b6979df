import { loadConfig } from '../config/load.ts';
import { refuseFaults, upFaults } from '../config/role-rules.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb } from './verb.ts';

/** `skerry up`: runs the platform until it is told to stop. */
export const upVerb: Verb = {
  path: ['up'],
  summary: 'Runs the platform on this machine: MQTT in, HTTP API and page, demo.',
  positionals: [],
  flags: [
    ...configFlags(),
    {
      name: 'read-only',
      type: 'switch',
      what: 'Takes nothing in and writes nothing; what is stored can be read.',
    },
    {
      name: 'sign-in-link',
      type: 'switch',
      what: 'Prints a one-time sign-in link at every start, also where standard output is no terminal.',
    },
  ],
  examples: [
    'skerry up',
    'skerry up --no-demo --http-port 0 --mqtt-port 0',
    'skerry up --config skerry.yaml',
  ],
  async run(context) {
    const { config, origins } = loadConfig(configSources(context));
    refuseFaults('', upFaults(config));
    const { runUp } = await import('../processes/up.ts');
    const isTerminal = 'isTTY' in context.stdout && context.stdout.isTTY === true;
    const wantsSignInLink = isTerminal || context.flags['sign-in-link'] === true;
    const isReadOnly = context.flags['read-only'] === true;
    return await runUp({ config, origins, isReadOnly, wantsSignInLink, context });
  },
};
