import { isLoopback } from '@skerry/access/loopback';

/** From where a device reaches the server: from the machine of the server itself, or over the network. */
export const REACHES = ['machine', 'network'] as const;

/** One of them. */
export type Reach = (typeof REACHES)[number];

/** Names of what listens, and the scheme of its addresses. */
export const WAY_NAMES = ['mqtts', 'mqtt', 'wss', 'ws', 'https', 'http'] as const;

/** One of them. */
export type WayName = (typeof WAY_NAMES)[number];

/** The certificate that a listener of TLS shows. */
export interface ShownCertificate {
  /** PEM: the chain in force, the listener's own certificate first. */
  readonly chain: string;
  /** Whether the authorities of this machine's system vouch for it; others are told to trust it by its file. */
  readonly isSystemTrusted: boolean;
  /** Whether the chain holds the authority at its end, so that whoever has the chain needs nothing else. */
  readonly isWhole: boolean;
  /** Names and addresses that it is for, in lower case; a name may begin with `*.`. */
  readonly names: readonly string[];
}

/** The certificates of the listeners; absent where one speaks no TLS. */
export interface ShownCertificates {
  readonly http?: ShownCertificate | undefined;
  readonly mqtt?: ShownCertificate | undefined;
}

/** What decides how a device reaches the server. */
export interface WayFacts {
  /** What listens, by the names of `WAY_NAMES`; others are passed over. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** Who may connect to MQTT without a name. */
  readonly anonymous: 'loopback' | 'never';
  /** Name or address by which others reach this machine, for whom no other is known; loopback where there is none. */
  readonly ownHost: string;
  readonly certificates: ShownCertificates;
  /** How somebody has reached it just now: what is open to others is offered to them under the same host. */
  readonly asked?: { readonly protocol: 'http' | 'https'; readonly host: string; readonly port: number };
}

/** One way in: an address, and what it wants. */
export interface DeviceWay {
  readonly name: WayName;
  readonly reach: Reach;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly isEncrypted: boolean;
  readonly needsToken: boolean;
  /** What a client has to trust: `nothing` without TLS, the authorities of its `system`, or the `file` of the chain. */
  readonly trust: 'nothing' | 'system' | 'file';
  /** Whether the certificate is for this host; true without TLS. Most clients refuse one that is not. */
  readonly isNamed: boolean;
}

/** What is plain is easiest on the machine itself; whoever comes over the network is not to be overheard. */
const ORDER: Readonly<Record<Reach, readonly WayName[]>> = {
  machine: ['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'],
  network: ['mqtts', 'mqtt', 'wss', 'ws', 'https', 'http'],
};

/**
 * Every way in for devices, the best first: those of the reach by which one has asked, then the others. The one source
 * of addresses for the page, the API and what a start prints.
 */
export function deviceWays(facts: WayFacts): DeviceWay[] {
  const { asked } = facts;
  const isFromOutside = asked !== undefined && !isLoopback(asked.host);
  const reaches: readonly Reach[] = isFromOutside ? ['network', 'machine'] : REACHES;
  const ways = facts.listeners.flatMap((listener) => waysOf(listener, facts));
  const all = asked ? [wayAsked(asked, facts), ...ways] : ways;
  return reaches.flatMap((reach) =>
    ORDER[reach].flatMap((name) => {
      const found = all.filter((way) => way.name === name && way.reach === reach);
      return found.filter(({ url }, index) => found.findIndex((other) => other.url === url) === index);
    }),
  );
}

/** The first way of MQTT, or of HTTP, that a reach has. */
export function firstWay(
  ways: readonly DeviceWay[],
  protocol: 'mqtt' | 'http',
  reach?: Reach,
): DeviceWay | undefined {
  return ways.find((way) => way.name.startsWith(protocol) && (reach === undefined || way.reach === reach));
}

function waysOf(listener: WayFacts['listeners'][number], facts: WayFacts): DeviceWay[] {
  const name = WAY_NAMES.find((one) => one === listener.name);
  if (!name) return [];
  const { host } = listener;
  if (isLoopback(host)) return [way(name, 'machine', listener, host, facts)];
  if (!isEverywhere(host)) return [way(name, 'network', listener, host, facts)];
  const { asked, ownHost } = facts;
  const outside = asked !== undefined && !isLoopback(asked.host) ? asked.host : ownHost;
  const own = host === '::' ? '::1' : '127.0.0.1';
  return [
    way(name, 'machine', listener, own, facts),
    ...(isLoopback(outside) ? [] : [way(name, 'network', listener, outside, facts)]),
  ];
}

/** What was asked by works, whatever stands between. */
function wayAsked(asked: NonNullable<WayFacts['asked']>, facts: WayFacts): DeviceWay {
  const reach = isLoopback(asked.host) ? 'machine' : 'network';
  return way(asked.protocol, reach, { host: asked.host, port: asked.port }, asked.host, facts);
}

function way(
  name: WayName,
  reach: Reach,
  listener: { readonly host: string; readonly port: number },
  host: string,
  { anonymous, certificates }: WayFacts,
): DeviceWay {
  const isHttp = name.startsWith('http');
  const isEncrypted = name.endsWith('s') && name !== 'ws';
  const certificate = isEncrypted ? (isHttp ? certificates.http : certificates.mqtt) : undefined;
  const { port } = listener;
  const isStandard = (name === 'http' && port === 80) || (name === 'https' && port === 443);
  const place = `${host.includes(':') ? `[${host}]` : host}${isStandard ? '' : `:${port}`}`;
  return {
    name,
    reach,
    host,
    port,
    url: `${name}://${place}${name.startsWith('ws') ? '/mqtt' : ''}`,
    isEncrypted,
    needsToken: isHttp || wantsToken(listener.host, anonymous),
    trust: !isEncrypted ? 'nothing' : certificate?.isSystemTrusted === false ? 'file' : 'system',
    isNamed: certificate === undefined || isFor(certificate.names, host),
  };
}

/** Whether MQTT over a listener on `host` lets nobody in without a name. */
export function wantsToken(host: string, anonymous: WayFacts['anonymous']): boolean {
  return !(isLoopback(host) && anonymous === 'loopback');
}

/** Whether names of a certificate fit a host; `*.` stands for one label (RFC 9525, 6.3). */
export function isFor(names: readonly string[], host: string): boolean {
  const wanted = host.toLowerCase();
  return names.some(
    (name) => name === wanted || (name.startsWith('*.') && wanted.replace(/^[^.]+/, '*') === name),
  );
}

function isEverywhere(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}
