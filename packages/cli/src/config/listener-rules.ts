import { isLoopback } from '@skerry/access/loopback';
import { outsideAddresses } from '../processes/own-address.ts';
import type { LookUp } from './rules.ts';
import { environmentName, flagName, type SkerryConfig } from './schema.ts';

/** A listener that shows passwords and tokens to whoever is on the way. */
export interface InsecureListener {
  readonly name: 'HTTP' | 'MQTT';
  readonly host: string;
  /** In words, for whoever starts it. */
  readonly warning: string;
}

/** What listens beyond loopback without TLS, since `access.insecureListeners` lets it. */
export function insecureListeners({
  http,
  mqtt,
  access,
}: Pick<SkerryConfig, 'http' | 'mqtt' | 'access'>): InsecureListener[] {
  if (!access.insecureListeners) return [];
  const all = [
    { name: 'HTTP', host: http.host },
    { name: 'MQTT', host: mqtt.host },
  ] as const;
  return all
    .filter(({ host }) => !isLoopback(host))
    .map((one) => ({
      ...one,
      warning: `${one.name} without TLS listens beyond this machine: passwords and tokens can be read on the way.`,
    }));
}

/** A listener's key of its address, and of its certificate. */
const LISTENERS: readonly { readonly name: string; readonly hostKey: string; readonly tlsKey: string }[] = [
  { name: 'HTTP', hostKey: 'http.host', tlsKey: 'http.tls' },
  { name: 'MQTT', hostKey: 'mqtt.host', tlsKey: 'mqtt.tls' },
];

/**
 * What the listeners of a configuration do against the rule that whoever listens beyond loopback needs TLS, unless
 * `access.insecureListeners` says otherwise, and certificates without a key or the other way round. The last of the
 * first kind is followed by a command that makes a certificate.
 */
export function listenerFaults(lookUp: LookUp): string[] {
  const faults = LISTENERS.map((listener) => hostFaults(listener, lookUp));
  const last = faults.findLastIndex((found) => found.length > 0);
  return LISTENERS.flatMap(({ hostKey, tlsKey }, index) => [
    ...pairFaults(tlsKey, lookUp),
    ...(faults[index] ?? []).map((fault) =>
      index === last ? `${fault}. ${making(lookUp(hostKey))}` : fault,
    ),
  ]);
}

/** The command that makes a certificate which its clients are told to trust, for a host and this machine's own names. */
export function certificateCommand(hosts: readonly string[]): string {
  const names = ['localhost', '127.0.0.1', ...hosts.filter((host) => !isLoopback(host))];
  const alternatives = [...new Set(names)].map((name) => `${isAddress(name) ? 'IP' : 'DNS'}:${name}`);
  return [
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj /CN=skerry',
    '-keyout key.pem -out cert.pem -addext keyUsage=critical,digitalSignature,keyCertSign',
    `-addext subjectAltName=${alternatives.join(',')}`,
  ].join(' ');
}

function making(host: unknown): string {
  const name = String(host);
  const hosts = name === '0.0.0.0' || name === '::' ? outsideAddresses().slice(0, 1) : [name];
  return `This line makes cert.pem and key.pem: ${certificateCommand(hosts)}`;
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^[\d.]+$/.test(name);
}

function hostFaults({ name, hostKey, tlsKey }: (typeof LISTENERS)[number], lookUp: LookUp): string[] {
  const host = lookUp(hostKey);
  if (typeof host !== 'string' || host === '' || isLoopback(host)) return [];
  if (lookUp('access.insecureListeners') === true) return [];
  if (isSet(lookUp(`${tlsKey}.certFile`))) return [];
  const keys = [`${tlsKey}.certFile`, `${tlsKey}.keyFile`];
  const flags = keys.map((key) => `--${flagName(key)}`).join(' and ');
  const variables = keys.map(environmentName).join(' and ');
  return [
    `${hostKey}: found ${JSON.stringify(host)}, wanted ${keys.join(' and ')} beside it (${flags}, or ${variables}), or a loopback address (127.0.0.1, ::1 or localhost): ${name} without TLS shows passwords and tokens to whoever is on the way; access.insecureListeners: true (--access-insecure-listeners) listens all the same`,
  ];
}

function pairFaults(tlsKey: string, lookUp: LookUp): string[] {
  const keys = ['certFile', 'keyFile'].map((key) => `${tlsKey}.${key}`);
  const missing = keys.filter((key) => !isSet(lookUp(key)));
  const [first] = missing;
  if (missing.length !== 1 || first === undefined) return [];
  return [`${first}: found "", wanted a file, since ${keys.find((key) => key !== first)} is set`];
}

function isSet(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
