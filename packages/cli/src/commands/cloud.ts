import { loadConfig } from '../config/load.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb } from './verb.ts';

/** `skerry cloud`: API and console over PostgreSQL. */
export const cloudVerb: Verb = {
  path: ['cloud'],
  summary: 'Serves API and console over what the writers store, with users in PostgreSQL.',
  positionals: [],
  flags: configFlags(),
  examples: ['skerry cloud --config site.yaml'],
  async run(context) {
    const { config, origins } = loadConfig(configSources(context));
    const { runRole } = await import('../processes/role.ts');
    return await runRole('cloud', { config, origins, context }, async () => {
      const { serveCloud } = await import('../processes/cloud/cloud.ts');
      return serveCloud;
    });
  },
};
