import { isLoopback } from '@skerry/access/loopback';
import { CliError } from '../errors.ts';
import { type MqttTarget, readMqttUrl, readSecretFile } from '../simulation/target.ts';
import { findInstance, openClient, remoteInstance } from './instance.ts';
import type { Flag, VerbContext } from './verb.ts';

/** Whoever shows a token is known by it; the name is for the log. */
const USERNAME = 'skerry';
/** Listeners that are used; on this machine nobody is on the way. */
const WAYS = { near: ['mqtt', 'mqtts'], far: ['mqtts', 'mqtt'] } as const;

/** Flags of the verbs that publish: another broker than that of the instance. */
export const TARGET_FLAGS: readonly Flag[] = [
  {
    name: 'url',
    type: 'text',
    value: 'URL',
    what: 'mqtt:// or mqtts://[USER@]HOST[:PORT] of another broker than that of the instance.',
  },
  {
    name: 'password-file',
    type: 'text',
    value: 'FILE',
    what: 'File whose first line is the password or token for --url.',
  },
];

/** Where `--url` points, else the broker of the instance. Fails as `brokerOf` does, and with `usage`. */
export async function targetOf(context: VerbContext): Promise<MqttTarget> {
  const { url, 'password-file': file } = context.flags;
  if (url === undefined) return await brokerOf(context);
  const target = readMqttUrl(String(url));
  if (file === undefined) return target;
  const password = new TextEncoder().encode(readSecretFile('password-file', String(file)));
  return { username: USERNAME, ...target, password };
}

/**
 * Where the instance of a command takes MQTT, and with what: the token of the data folder, or that of the context. Fails as `openClient` does, and with `not-running` where the instance takes no MQTT from elsewhere.
 */
async function brokerOf(context: Pick<VerbContext, 'flags' | 'environment' | 'signal'>): Promise<MqttTarget> {
  const remote = remoteInstance(context);
  if (!remote) {
    const { run, token, url } = findInstance(context);
    if (!run.mqtt)
      throw new CliError('not-running', `The instance at ${url} takes no MQTT: it is no skerry up.`);
    return { address: run.mqtt, ...credentials(token) };
  }
  const { listeners } = await openClient(context).getConfig({}, { signal: context.signal });
  const asked = new URL(remote.url).hostname.replace(/^\[|\]$/g, '');
  const listener = WAYS[isLoopback(asked) ? 'near' : 'far']
    .map((way) => listeners.find(({ name }) => name === way))
    .find((one) => one && (!isLoopback(one.host) || isLoopback(asked)));
  if (!listener) {
    throw new CliError('not-running', `The instance at ${remote.url} takes no MQTT from this machine.`);
  }
  return {
    address: { host: isEverywhere(listener.host) ? asked : listener.host, port: listener.port },
    ...(listener.name === 'mqtts' ? { isEncrypted: true } : {}),
    ...credentials(remote.token),
  };
}

function credentials(token: string): Pick<MqttTarget, 'username' | 'password'> {
  return { username: USERNAME, password: new TextEncoder().encode(token) };
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
