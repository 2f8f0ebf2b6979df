import { CliError } from '../errors.ts';
import type { MqttTarget } from '../simulation/target.ts';
import { findInstance, openClient, remoteInstance } from './instance.ts';
import type { VerbContext } from './verb.ts';

/** Whoever shows a token is known by it; the name is for the log. */
const USERNAME = 'skerry';

/**
 * Where the instance of a command takes MQTT, and with what: that of the data folder without a name, another one with
 * the token. Fails as `openClient` does, and with `not-running` where the instance takes no plain MQTT from elsewhere.
 */
export async function brokerOf(
  context: Pick<VerbContext, 'flags' | 'environment' | 'signal'>,
): Promise<MqttTarget> {
  const remote = remoteInstance(context);
  if (!remote) return { address: findInstance(context).run.mqtt };
  const { listeners } = await openClient(context).getConfig({}, { signal: context.signal });
  const listener = listeners.find(({ name }) => name === 'mqtt');
  const asked = new URL(remote.url).hostname.replace(/^\[|\]$/g, '');
  if (!listener || (isLoopback(listener.host) && !isLoopback(asked))) {
    throw new CliError('not-running', `The instance at ${remote.url} takes no plain MQTT from this machine.`);
  }
  return {
    address: { host: isEverywhere(listener.host) ? asked : listener.host, port: listener.port },
    username: USERNAME,
    password: new TextEncoder().encode(remote.token),
  };
}

function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
