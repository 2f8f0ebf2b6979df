import type { SkerryConfig } from './schema.ts';

/** Topics of Kafka that have a meaning of their own. */
export const RESERVED = ['iot.dead-letters', 'iot.commands'];
/** Topic of the earlier bridge, whose records are envelopes. */
export const ENVELOPES = 'iot-messages';

/** What contradicts itself between the parts of `sources`: path, found, wanted. */
export function sourceFaults({ sources }: Pick<SkerryConfig, 'sources'>): string[] {
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

/** One broker that is subscribed to twice for the same messages brings each of them twice. */
function twiceFaults(sources: SkerryConfig['sources']): string[] {
  const seen = new Map<string, string>();
  return sources.flatMap(({ name, url, topics }) =>
    topics.flatMap((topic) => {
      const key = `${url} ${topic}`;
      const other = seen.get(key);
      seen.set(key, name);
      return other === undefined
        ? []
        : [
            `sources: found ${JSON.stringify(topic)} at ${url} in ${other} and in ${name}, wanted it once: each message would come twice`,
          ];
    }),
  );
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
