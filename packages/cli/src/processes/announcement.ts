import { networkInterfaces } from 'node:os';
import { ACCESS_LIMITS, FIRST_USER } from '@skerry/access';
import { isLoopback } from '@skerry/access/loopback';
import { type InsecureListener, insecureListeners } from '../config/listener-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { VERSION } from '../version.ts';
import { exampleTopic } from './example-topic.ts';

/** What a start tells of itself. */
export interface AnnouncedFacts {
  readonly config: SkerryConfig;
  readonly isReadOnly: boolean;
  /** Everything that listens: `http`, `https`, `mqtt`, `mqtts`, `ws`, `wss`. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** MQTT without TLS. */
  readonly broker: { readonly host: string; readonly port: number };
  readonly dataFolder: string;
  /** Address of this machine for others, for what listens on every address. */
  readonly ownAddress: string;
  /** Password of the user that this start has made. */
  readonly firstPassword: string | undefined;
  /** A link that signs somebody in. */
  readonly signIn: { readonly user: string; readonly code: string } | undefined;
}

/**
 * What `skerry up` prints when everything listens: addresses by which others reach it, who may read on the way, how to
 * sign in, and a line that sends something, with a name and a token where MQTT wants them.
 */
export function announcement(facts: AnnouncedFacts): string[] {
  const { config, isReadOnly, listeners, dataFolder } = facts;
  const readOnly = isReadOnly ? ' READ-ONLY: nothing is taken in; see skerry doctor' : '';
  const pages = listeners.filter(({ name }) => name.startsWith('http'));
  const ways = listeners.filter(({ name }) => !name.startsWith('http'));
  return [
    `Skerry ${VERSION} is running${readOnly}.`,
    ...pages.map((one) => `  ${one.name === 'https' ? 'Page (TLS)' : 'Page      '}   ${urlOf(one, facts)}/`),
    ...warnings('HTTP', config),
    ...ways.map((one, index) => `  ${index === 0 ? 'MQTT' : '    '}         ${urlOf(one, facts)}`),
    ...warnings('MQTT', config),
    `  Data folder  ${dataFolder}`,
    '',
    ...signInLines(facts),
    ...(isReadOnly ? [] : ['Send something of your own:', mosquittoLine(facts), '']),
  ];
}

/** The first address of this machine that others may reach it by; IPv4 before IPv6; loopback where there is none. */
export function ownAddress(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const others = all.filter(({ internal, scopeid }) => !internal && !scopeid);
  return (others.find(({ family }) => family === 'IPv4') ?? others[0])?.address ?? '127.0.0.1';
}

function warnings(name: InsecureListener['name'], config: SkerryConfig): string[] {
  const open = insecureListeners(config).filter((one) => one.name === name);
  return open.map(({ warning }) => `  WARNING      ${warning}`);
}

function signInLines({ signIn, firstPassword, ...facts }: AnnouncedFacts): string[] {
  const password =
    firstPassword === undefined
      ? []
      : [`The user ${FIRST_USER} was made; its password is told this once: ${firstPassword}`, ''];
  const page = facts.listeners.find(({ name }) => name === 'http');
  if (!signIn || !page) return password;
  const minutes = ACCESS_LIMITS.signInCodeSecs.value / 60;
  return [
    `Sign in as ${signIn.user} with this link, once and within ${minutes} minutes (skerry user link prints another):`,
    `  ${urlOf(page, facts)}/#/sign-in?code=${signIn.code}`,
    '',
    ...password,
  ];
}

type Naming = Pick<AnnouncedFacts, 'config' | 'ownAddress'>;

/** What listens on every address is reached by the machine's name, or else by its first address. */
function reachable(host: string, { config, ownAddress: own }: Naming): string {
  return host === '0.0.0.0' || host === '::' ? (config.http.hostNames[0] ?? own) : host;
}

function urlOf(
  { name, host, port }: { readonly name: string; readonly host: string; readonly port: number },
  naming: Naming,
): string {
  const known = reachable(host, naming);
  const path = name.startsWith('ws') ? '/mqtt' : '';
  return `${name}://${known.includes(':') ? `[${known}]` : known}:${port}${path}`;
}

function mosquittoLine(facts: AnnouncedFacts): string {
  const { config, broker } = facts;
  const isOpen = isLoopback(broker.host) && config.mqtt.anonymous === 'loopback';
  const who = isOpen ? '' : ' -u NAME -P TOKEN';
  const topic = exampleTopic(config.routing.telemetry);
  const where = `-h ${reachable(broker.host, facts)} -p ${broker.port}`;
  return `  mosquitto_pub ${where}${who} -q 1 -t ${topic} -m '{"temperature": 21.5}'`;
}
