import { ACCESS_LIMITS, FIRST_USER } from '@skerry/access';
import { isLoopback } from '@skerry/access/loopback';
import { deviceWays, mosquittoPlace, type ShownCertificates } from '@skerry/api';
import { type InsecureListener, insecureListeners } from '../config/listener-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { dataDirWords } from '../program-name.ts';
import { VERSION } from '../version.ts';
import { exampleTopic } from './example-topic.ts';

/** What a start tells of itself. */
export interface AnnouncedFacts {
  readonly config: SkerryConfig;
  readonly isReadOnly: boolean;
  /** Everything that listens: `http`, `https`, `mqtt`, `mqtts`, `ws`, `wss`. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly certificates: ShownCertificates;
  /** What is wrong with the names of the certificates, a sentence each. */
  readonly certificateFaults: readonly string[];
  /** How a person calls the command line: `npx skerry`. */
  readonly program: string;
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
  const readOnly = isReadOnly ? ` READ-ONLY: nothing is taken in; see ${facts.program} doctor` : '';
  const pages = listeners.filter(({ name }) => name.startsWith('http'));
  const ways = listeners.filter(({ name }) => !name.startsWith('http'));
  return [
    `Skerry ${VERSION} is running${readOnly}.`,
    ...pages.map((one) => `  ${one.name === 'https' ? 'Page (TLS)' : 'Page      '}   ${urlOf(one, facts)}/`),
    ...warnings('HTTP', config),
    ...ways.map((one, index) => `  ${index === 0 ? 'MQTT' : '    '}         ${urlOf(one, facts)}`),
    ...warnings('MQTT', config),
    ...facts.certificateFaults.map((fault) => `  WARNING      ${fault}`),
    `  Data folder  ${dataFolder}`,
    '',
    ...signInLines(facts),
    ...(isReadOnly ? [] : ['Send something of your own:', mosquittoLine(facts), '']),
  ];
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
  const link = `${facts.program} user link ${dataDirWords(facts.dataFolder)}`;
  const isOwn = isLoopback(page.host) && facts.listeners.some(({ host }) => !isLoopback(host));
  return [
    `Sign in as ${signIn.user} with this link, once and within ${minutes} minutes (${link} prints another):`,
    `  ${urlOf(page, facts)}/#/sign-in?code=${signIn.code}`,
    ...(isOwn
      ? [
          `  It opens on this machine alone; elsewhere sign in with the password (${facts.program} user password ${signIn.user} sets one).`,
        ]
      : []),
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

/** By a way that wants no token where there is one, or else by that which others have. */
function mosquittoLine({ config, listeners, certificates, ownAddress: own }: AnnouncedFacts): string {
  const ownHost = config.http.hostNames[0] ?? own;
  const { anonymous } = config.mqtt;
  const ways = deviceWays({ listeners, anonymous, ownHost, certificates }).filter(({ name }) => {
    return name.startsWith('mqtt');
  });
  const way =
    ways.find(({ needsToken }) => !needsToken) ?? ways.find(({ reach }) => reach === 'network') ?? ways[0];
  if (!way) return '  MQTT listens nowhere.';
  const who = way.needsToken ? ' -u NAME -P TOKEN' : '';
  const topic = exampleTopic(config.routing.telemetry);
  return `  ${mosquittoPlace(way)}${who} -q 1 -t ${topic} -m '{"temperature": 21.5}'`;
}
