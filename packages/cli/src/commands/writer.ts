import { loadConfig } from '../config/load.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb } from './verb.ts';

/** `skerry writer`: Kafka into PostgreSQL. */
export const writerVerb: Verb = {
  path: ['writer'],
  summary: 'Decodes what Kafka holds into PostgreSQL, exactly once; any number of them share the partitions.',
  positionals: [],
  flags: configFlags(),
  examples: [
    'skerry writer --config site.yaml',
    'skerry writer --kafka-brokers kafka:9092 --postgres-url postgres://skerry@db:5432/iot_data',
  ],
  async run(context) {
    const { config, origins } = loadConfig(configSources(context));
    const { runRole } = await import('../processes/role.ts');
    return await runRole('writer', { config, origins, context }, async () => {
      const { serveWriter } = await import('../processes/writer/writer.ts');
      return serveWriter;
    });
  },
};
