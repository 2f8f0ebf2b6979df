import { LIMITS as SERIES_LIMITS } from '@skerry/series/limits';
import { CliError } from '../errors.ts';
import { retentionFaults } from './retention-rules.ts';
import type { SkerryConfig } from './schema.ts';
import { ENVELOPES, kafkaWayFaults, RESERVED, sourceFaults } from './site-rules.ts';

/** Processes of a larger site. */
export const ROLES = ['gateway', 'writer', 'cloud'] as const;

/** A process of a larger site. */
export type Role = (typeof ROLES)[number];

/** What topics of Kafka have to have with `gateway.buffer: none`: what fewer acknowledge can be lost with one machine. */
export const DIRECT_LEAST = { replicas: 3, minInSync: 2 } as const;

/** What a role misses in the configuration, or finds contradicting in it: path, found, wanted. */
export function roleFaults(role: Role, config: SkerryConfig): string[] {
  return [
    ...(role === 'gateway' ? [...gatewayFaults(config), ...sourceFaults(config)] : []),
    ...(role === 'gateway' ? [] : postgresFaults(role, config)),
    ...kafkaFaults(role, config),
    ...kafkaWayFaults(config),
    ...sourcesFaults(config),
    ...(role === 'writer' ? [...sinkFaults(config), ...retentionFaults(config)] : []),
    ...(role === 'cloud' ? readingFaults(config) : []),
  ];
}

/** What `skerry up` misses in the configuration, or finds contradicting in it: path, found, wanted. */
export function upFaults(config: SkerryConfig): string[] {
  return [...retentionFaults(config), ...(config.journal.engine === 'kafka' ? journalFaults(config) : [])];
}

function journalFaults(config: SkerryConfig): string[] {
  const { journal, kafka } = config;
  const others = [kafka.topic, ...RESERVED, ENVELOPES];
  const faults = [...kafkaFaults('journal', config), ...kafkaWayFaults(config)];
  if (others.includes(journal.topic))
    faults.push(
      `journal.topic: found ${journal.topic}, which gateways, writers or clouds use, wanted a topic that is this journal alone`,
    );
  return faults;
}

/** Fails with `config-invalid` that names all faults, where there are some. `whose`: how the sentence goes on, `of a writer` for instance. */
export function refuseFaults(whose: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const lines = faults.map((fault) => `  - ${fault}`).join('\n');
  throw new CliError(
    'config-invalid',
    `The configuration${whose === '' ? '' : ` ${whose}`} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${lines}`,
  );
}

function gatewayFaults({ sources, gateway, journal, kafka, postgres }: SkerryConfig): string[] {
  const faults: string[] = [];
  if (sources.length === 0) faults.push('sources: found none, wanted at least one MQTT broker for a gateway');
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    faults.push(`sources: found the name ${JSON.stringify(twice)} twice, wanted a name for each broker`);
  if (gateway.ordinal < 0 && postgres.url === '')
    faults.push(
      'gateway.ordinal: found -1 and no postgres.url, wanted a number of this gateway, or PostgreSQL to take a free one from',
    );
  const { replicas, minInSync } = DIRECT_LEAST;
  const alone = sources.find(({ share }) => share === '');
  if (gateway.ordinal > 0 && postgres.url === '' && alone)
    faults.push(
      `gateway.ordinal: found ${gateway.ordinal} with the source ${JSON.stringify(alone.name)} without a share and no postgres.url, wanted sources.share, postgres.url to agree in on who subscribes, or 0 for the only gateway: one with another number would take its client id, and each would throw the other out`,
    );
  if (journal.engine === 'kafka')
    faults.push(
      'journal.engine: found kafka for a gateway, wanted segment: gateway.buffer is what decides about its journal',
    );
  if (gateway.buffer === 'none' && (kafka.replication < replicas || kafka.minInSync < minInSync))
    faults.push(
      `gateway.buffer: found none with kafka.replication ${kafka.replication} and kafka.minInSync ${kafka.minInSync}, wanted segment, or ${replicas} replicas of which ${minInSync} are in sync: the acknowledgement of fewer is no fsync`,
    );
  return faults;
}

function readingFaults(config: SkerryConfig): string[] {
  const { from } = config.readings;
  if (from === '') return [];
  if (config.sinks.some(({ name }) => name === from)) return sinkFaults(config);
  const names = config.sinks.map(({ name }) => name).join(', ');
  return [
    `readings.from: found ${JSON.stringify(from)}, wanted one of the sinks (${names || 'there are none'}), or nothing for PostgreSQL`,
  ];
}

/** Measurements under which points cannot be found again: docs/formats/influx.md. */
const UNSAYABLE = /[\\\p{Cc}]|^_(fieldKeys|measurements|name|series|tagKeys?|tags)$/u;

/** What contradicts itself, or is missing, in the sinks: path, found, wanted. */
export function sinkFaults({ sinks }: SkerryConfig): string[] {
  const faults: string[] = [];
  const names = sinks.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    faults.push(`sinks: found the name ${JSON.stringify(twice)} twice, wanted a name for each sink`);
  for (const [i, { kind, organization, measurement, username, passwordFile, tokenFile }] of sinks.entries()) {
    if (UNSAYABLE.test(measurement))
      faults.push(
        `sinks.${i}.measurement: found ${JSON.stringify(measurement)}, wanted one without backslashes and control characters, and none that InfluxQL keeps for itself (_name, _series, …)`,
      );
    if (kind === 'influxdb2' && organization === '')
      faults.push(
        `sinks.${i}.organization: found none with influxdb2, wanted the organization that has the bucket`,
      );
    if (kind !== 'influxdb1' && username !== '')
      faults.push(`sinks.${i}.username: found ${username} with ${kind}, wanted a tokenFile`);
    if (username === '' && passwordFile !== '')
      faults.push(`sinks.${i}.username: found none with a passwordFile, wanted a name`);
    if (username !== '' && tokenFile !== '')
      faults.push(`sinks.${i}.tokenFile: found one beside a username, wanted one of the two`);
  }
  return faults;
}

function kafkaFaults(role: Role | 'journal', { kafka }: SkerryConfig): string[] {
  const faults: string[] = [];
  if (kafka.brokers.length === 0)
    faults.push(`kafka.brokers: found none, wanted at least one host:port for a ${role}`);
  if (kafka.minInSync > kafka.replication)
    faults.push(
      `kafka.minInSync: found ${kafka.minInSync} with kafka.replication ${kafka.replication}, wanted no more than the replicas`,
    );
  if (kafka.sasl.mechanism !== 'none' && kafka.sasl.username === '')
    faults.push(`kafka.sasl.username: found none with ${kafka.sasl.mechanism}, wanted a name`);
  return faults;
}

/** Each partition is a source in PostgreSQL for good, and the whole site has one configuration of Kafka. */
function sourcesFaults({ kafka }: SkerryConfig): string[] {
  const { layout, topicsMax, partitions } = kafka;
  const fixed = layout === 'bridge-v2' ? 2 : 1;
  const isByProject = layout === 'project' || layout === 'bridge-v1';
  const most = SERIES_LIMITS.sourcesMax.value;
  // the topic of dead letters has one
  const found = (isByProject ? topicsMax + fixed : fixed) * partitions + 1;
  if (found <= most) return [];
  if (!isByProject)
    return [
      `kafka.partitions: found ${partitions}, wanted at most ${Math.floor((most - 1) / fixed)}: a schema in PostgreSQL tells ${most} partitions apart`,
    ];
  const topics = Math.floor((most - 1) / partitions) - fixed;
  return [
    `kafka.topicsMax: found ${topicsMax} with kafka.partitions ${partitions}, ${found} partitions with those of the other topics, wanted ${topics > 0 ? `at most ${topics}, or ` : ''}fewer partitions: a schema in PostgreSQL tells ${most} apart, and those of topics made anew count too`,
  ];
}

function postgresFaults(role: Role, { postgres }: SkerryConfig): string[] {
  const { url, readUrl } = postgres;
  if (url === '')
    return [`postgres.url: found none, wanted postgres://USER@HOST:PORT/DATABASE for a ${role}`];
  if (role === 'cloud' && readUrl === url)
    return ['postgres.readUrl: found the address of postgres.url, wanted that of a standby, or none'];
  return [];
}
