import type { SourceConfig } from './role-schema.ts';
import type { SkerryConfig } from './schema.ts';
import { meetOf, relationOf } from './topic-filters.ts';

/** Topics of Kafka that have a meaning of their own. */
export const RESERVED = ['iot.dead-letters', 'iot.commands'];
/** Topic of the earlier bridge, whose records are envelopes. */
export const ENVELOPES = 'iot-messages';

/** Least time, in leases, for which a broker is to keep a session. */
const SESSION_LEASES = 4;

/** First level of Sparkplug's topics. */
const SPARKPLUG = 'spBv1.0';

const USUAL_PORTS: Readonly<Record<string, string>> = {
  'mqtt:': '1883',
  'mqtts:': '8883',
  'ws:': '80',
  'wss:': '443',
};

/** What contradicts itself between the parts of `sources`: path, found, wanted. */
export function sourceFaults({ sources, gateway }: Pick<SkerryConfig, 'sources' | 'gateway'>): string[] {
  const faults = sources.flatMap((source, i) => {
    const { url, certFile, keyFile, username, passwordFile, topics } = source;
    const isEncrypted = /^(mqtts|wss):/.test(url);
    return [
      ...pairFaults(`sources.${i}`, certFile, keyFile),
      ...(certFile !== '' && !isEncrypted
        ? [`sources.${i}.certFile: found one with ${url}, wanted mqtts:// or wss://`]
        : []),
      ...(username === '' && passwordFile !== ''
        ? [`sources.${i}.username: found none with a passwordFile, wanted a name`]
        : []),
      ...topics.flatMap((topic, j) => filterFaults(`sources.${i}.topics.${j}`, topic)),
      ...expiryFaults(`sources.${i}.sessionExpirySecs`, source, gateway.leaseSecs),
    ];
  });
  return [...faults, ...twiceFaults(sources)];
}

function filterFaults(path: string, filter: string): string[] {
  const found = `${path}: found ${JSON.stringify(filter)}`;
  if (filter.startsWith('$share/'))
    return [`${found}, wanted the group of a shared subscription in share, and the filter without it here`];
  const variable = /\{[^}]*\}/.exec(filter)?.[0];
  if (variable !== undefined)
    return [
      `${found} with the variable ${variable}, wanted a topic filter with + and #: variables belong into routing.telemetry`,
    ];
  const levels = filter.split('/');
  const isGood = levels.every((level, i) =>
    level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level),
  );
  return isGood ? [] : [`${found}, wanted + alone in its level, and # alone in the last one`];
}

/**
 * A session has to outlive its gateway until that is back or another has taken over: a lease runs out, two looks find it,
 * and a broker that is away is tried again. Brokers of 3.1.1 are not asked for a time.
 */
function expiryFaults(
  path: string,
  { protocol, sessionExpirySecs }: SourceConfig,
  leaseSecs: number,
): string[] {
  const least = SESSION_LEASES * leaseSecs;
  if (protocol !== '5' || sessionExpirySecs >= least) return [];
  return [
    `${path}: found ${sessionExpirySecs} with gateway.leaseSecs ${leaseSecs}, wanted at least ${least}, ${SESSION_LEASES} leases: what the broker keeps while no gateway is connected is lost when the session expires`,
  ];
}

/** A filter of a source, at the broker that it is asked of. */
interface Asked {
  readonly source: SourceConfig;
  readonly broker: string;
  readonly filter: string;
}

/**
 * A broker gives a message once for each filter that it is on, to one client as to several: filters at one broker of which
 * one contains the other bring what the smaller one brings twice.
 */
function twiceFaults(sources: SkerryConfig['sources']): string[] {
  const asked = askedOf(sources);
  return asked.flatMap((one, i) => {
    const other = asked.slice(0, i).find((before) => isContaining(before, one));
    if (!other) return [];
    const { url } = one.source;
    const names =
      other.source.name === one.source.name ? [one.source.name] : [other.source.name, one.source.name];
    const where = `at ${url} in ${names.join(' and in ')}`;
    const filters = [other.filter, one.filter].map((filter) => JSON.stringify(filter));
    const relation = relationOf(other.filter, one.filter);
    if (other.filter === one.filter)
      return [`sources: found ${filters[0]} twice ${where}, wanted it once: each message would come twice`];
    const [large, small] = relation === 'within' ? [...filters].reverse() : filters;
    return [
      `sources: found ${large} and ${small} ${where}, wanted ${large} alone, which contains the other, or filters that do not: each message on ${small} would come twice`,
    ];
  });
}

/** What a gateway does with its sources that people may not want, or not know; none of it is a fault. */
export function sourceNotes({ sources }: Pick<SkerryConfig, 'sources'>): string[] {
  const asked = askedOf(sources);
  const meeting = asked.flatMap((one, i) =>
    asked
      .slice(0, i)
      .filter((other) => other.broker === one.broker && relationOf(other.filter, one.filter) === 'overlaps')
      .map((other) => {
        const both = meetOf(other.filter, one.filter);
        return `${JSON.stringify(other.filter)} (${other.source.name}) and ${JSON.stringify(one.filter)} (${one.source.name}) both match ${JSON.stringify(both)}: a message there comes twice`;
      }),
  );
  return [...meeting, ...sources.flatMap(sparkplugNotes)];
}

/** Filters whose first level is a wildcard may match Sparkplug too; only who names it is told. */
function sparkplugNotes({ name, share, topics }: SourceConfig): string[] {
  const filter = topics.find((one) => one.split('/')[0] === SPARKPLUG);
  if (share === '' || filter === undefined) return [];
  return [
    `${JSON.stringify(filter)} (${name}) is Sparkplug and is shared as ${JSON.stringify(share)}: the broker deals the messages of one edge node out to several gateways, where they overtake each other, so that gaps are told and births asked for without a loss; leave share empty for it`,
  ];
}

function askedOf(sources: SkerryConfig['sources']): Asked[] {
  return sources.flatMap((source) =>
    source.topics.map((filter) => ({ source, broker: brokerOf(source.url), filter })),
  );
}

function isContaining(a: Asked, b: Asked): boolean {
  return a.broker === b.broker && ['same', 'contains', 'within'].includes(relationOf(a.filter, b.filter));
}

/** Addresses of one broker that are written differently. */
function brokerOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) return text;
  const port = url.port === '' ? USUAL_PORTS[url.protocol] : url.port;
  return `${url.hostname.toLowerCase()}:${port}${url.protocol.startsWith('ws') ? url.pathname : ''}`;
}

/** What contradicts itself between the parts of `kafka`: path, found, wanted. */
export function kafkaWayFaults({ kafka }: Pick<SkerryConfig, 'kafka'>): string[] {
  const { layout, topic, key, tls, sasl } = kafka;
  const faults = pairFaults('kafka.tls', tls.certFile, tls.keyFile);
  if (!tls.enabled && (tls.certFile !== '' || tls.caFile !== ''))
    faults.push('kafka.tls.enabled: found false with certificates, wanted true, or none of them');
  if (sasl.mechanism === 'none' && (sasl.username !== '' || sasl.passwordFile !== ''))
    faults.push(
      'kafka.sasl.mechanism: found none with a username or a passwordFile, wanted PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    );
  if (RESERVED.includes(topic))
    faults.push(`kafka.topic: found ${topic}, which Skerry uses itself, wanted another name`);
  if (topic === ENVELOPES && layout !== 'bridge-v2')
    faults.push(
      `kafka.layout: found ${layout} with kafka.topic ${ENVELOPES}, wanted bridge-v2, which writes the envelopes of that topic, or another topic`,
    );
  if (layout.startsWith('bridge') && key !== 'device')
    faults.push(
      `kafka.key: found ${key} with kafka.layout ${layout}, wanted none: the layout has its own key`,
    );
  return faults;
}

function pairFaults(path: string, certFile: string, keyFile: string): string[] {
  if (certFile !== '' && keyFile === '')
    return [`${path}.keyFile: found none with ${path}.certFile, wanted the key of the certificate`];
  if (certFile === '' && keyFile !== '')
    return [`${path}.certFile: found none with ${path}.keyFile, wanted the certificate of the key`];
  return [];
}
