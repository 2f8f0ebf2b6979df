import { loadConfig } from '../config/load.ts';
import { configFlags, configSources } from './instance.ts';
import type { Verb } from './verb.ts';

/** `skerry gateway`: external MQTT brokers into Kafka. */
export const gatewayVerb: Verb = {
  path: ['gateway'],
  summary: 'Takes messages of external MQTT brokers into Kafka; any number of them share the work.',
  positionals: [],
  flags: configFlags(),
  examples: [
    'skerry gateway --config site.yaml',
    'SKERRY_SOURCES=\'[{"url":"mqtt://broker:1883","share":"skerry"}]\' skerry gateway --kafka-brokers kafka:9092 --gateway-ordinal 0',
  ],
  async run(context) {
    const { config, origins } = loadConfig(configSources(context));
    const { runRole } = await import('../processes/role.ts');
    return await runRole('gateway', { config, origins, context }, async () => {
      const { serveGateway } = await import('../processes/gateway/gateway.ts');
      return serveGateway;
    });
  },
};
