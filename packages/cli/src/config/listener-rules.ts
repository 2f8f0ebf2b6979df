import { isLoopback } from '@skerry/access/loopback';
import type { LookUp } from './rules.ts';
import type { SkerryConfig } from './schema.ts';

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

/** A listener's key of its address, and of its certificate; undefined where it speaks no TLS. */
const LISTENERS: readonly { readonly name: string; readonly hostKey: string; readonly tlsKey?: string }[] = [
  { name: 'HTTP', hostKey: 'http.host', tlsKey: 'http.tls' },
  { name: 'MQTT', hostKey: 'mqtt.host', tlsKey: 'mqtt.tls' },
];

/**
 * What the listeners of a configuration do against the rule that whoever listens beyond loopback needs TLS, unless
 * `access.insecureListeners` says otherwise, and certificates without a key or the other way round.
 */
export function listenerFaults(lookUp: LookUp): string[] {
  return LISTENERS.flatMap(({ name, hostKey, tlsKey }) => [
    ...(tlsKey === undefined ? [] : pairFaults(tlsKey, lookUp)),
    ...hostFaults(name, hostKey, tlsKey, lookUp),
  ]);
}

function hostFaults(name: string, hostKey: string, tlsKey: string | undefined, lookUp: LookUp): string[] {
  const host = lookUp(hostKey);
  if (typeof host !== 'string' || host === '' || isLoopback(host)) return [];
  if (lookUp('access.insecureListeners') === true) return [];
  if (tlsKey !== undefined && isSet(lookUp(`${tlsKey}.certFile`))) return [];
  const withTls = tlsKey === undefined ? '' : `${tlsKey}.certFile and ${tlsKey}.keyFile beside it, or `;
  return [
    `${hostKey}: found ${JSON.stringify(host)}, wanted ${withTls}a loopback address (127.0.0.1, ::1 or localhost): ${name} without TLS shows passwords and tokens to whoever is on the way; access.insecureListeners: true listens all the same`,
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
