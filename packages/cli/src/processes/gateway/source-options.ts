import type { TlsTrust } from '@skerry/kernel';
import type { Credentials, Qos, SubscriberOptions } from '@skerry/mqtt';
import type { SourceConfig } from '../../config/role-schema.ts';
import { readNamed, readSecret } from '../role.ts';

/** QoS of a configuration that the schema has checked. */
const QOS: readonly Qos[] = [0, 1, 2];

/** How a source is subscribed to, but for who does it. */
export function sourceOptions(source: SourceConfig): Omit<SubscriberOptions, 'clientId'> {
  const { name, share, topics, protocol, receiveMaximum, sessionExpirySecs, username } = source;
  const prefix = share === '' ? '' : `$share/${share}/`;
  const qos = QOS[source.qos] ?? 1;
  return {
    name,
    filters: topics.map((topic) => ({ filter: prefix + topic, qos })),
    level: protocol === '5' ? 5 : 4,
    receiveMaximum,
    sessionExpirySecs,
    ...(username === '' ? {} : { credentials: () => sourceCredentials(source) }),
  };
}

/**
 * Reads what a connection to a source trusts and shows, at each call anew; undefined without TLS. The call fails with
 * `config-invalid` when a file cannot be read.
 */
export function sourceTls({
  name,
  url,
  caFile,
  certFile,
  keyFile,
}: SourceConfig): (() => TlsTrust) | undefined {
  if (!/^(mqtts|wss):/.test(url)) return undefined;
  return () => {
    const certificate = readNamed(`sources.${name}.certFile`, certFile);
    const key = readNamed(`sources.${name}.keyFile`, keyFile);
    return {
      authority: readNamed(`sources.${name}.caFile`, caFile),
      ...(certificate !== undefined && key !== undefined ? { credentials: { certificate, key } } : {}),
    };
  };
}

/** Reads by which name and password a source is spoken to. Fails with `config-invalid` when the file cannot be read. */
export function sourceCredentials({ name, username, passwordFile }: SourceConfig): Credentials {
  const password = readSecret(`sources.${name}.passwordFile`, passwordFile);
  return { username, ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }) };
}
