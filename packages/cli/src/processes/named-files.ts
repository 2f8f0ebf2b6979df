import type { Role } from '../config/role-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { sourceCredentials, sourceTls } from './gateway/source-options.ts';
import { kafkaAccessOf } from './kafka-way.ts';
import { sharedTablesOf } from './postgres-way.ts';
import { redisPlaceOf } from './redis-way.ts';
import { readTlsFiles, tlsListeners } from './tls-files.ts';
import { tracingFiles } from './tracing.ts';
import { sinkPlace } from './writer/configured-sinks.ts';

/**
 * Reads the files that a configuration names for a process, as that process does, `skerry up` without a role. Fails with
 * `config-invalid` that names the fault of each file.
 */
export function checkNamedFiles(role: Role | undefined, config: SkerryConfig): void {
  const faults = faultsOf(role, config);
  const [first] = faults;
  if (!first) return;
  const message = faults.map((fault) => fault.message).join('\n');
  throw new CliError('config-invalid', message, { faults: faults.length }, first);
}

function faultsOf(role: Role | undefined, config: SkerryConfig): CliError[] {
  const { journal, kafka, postgres, redis, tracing } = config;
  const isSite = role !== undefined;
  const hasCache = role === 'writer' || (role === 'cloud' && config.readings.from === '');
  return [
    ...(isSite || journal.engine === 'kafka' ? faultsIn(kafka, (one) => kafkaAccessOf({ kafka: one })) : []),
    ...(isSite && postgres.url !== '' ? faultsIn(postgres, (one) => sharedTablesOf({ postgres: one })) : []),
    ...(role === 'gateway' ? config.sources.flatMap((source) => faultsIn(source, readSource)) : []),
    ...sinksOf(role, config).flatMap((sink) => faultsIn(sink, sinkPlace)),
    ...(hasCache && redis.url !== ''
      ? faultsIn(redis, (one) => redisPlaceOf({ redis: one }, '').password?.())
      : []),
    ...(tracing.otlpUrl !== '' ? faultsIn(tracing, tracingFiles) : []),
    ...tlsListeners(role, config).flatMap(([key, { tls }]) =>
      faultIn(() => tls.certFile === '' || readTlsFiles(key, tls)),
    ),
  ];
}

function readSource(source: SkerryConfig['sources'][number]): void {
  sourceTls(source)?.();
  if (source.username !== '') sourceCredentials(source);
}

/** The fault of each file that a section names, read as if it named no other; without one, that of all together. */
function faultsIn<T extends object>(section: T, read: (section: T) => unknown): CliError[] {
  const faults = filesOf(section).flatMap((file) => faultIn(() => read(withOnly(section, file))));
  return faults.length > 0 ? faults : faultIn(() => read(section));
}

function faultIn(read: () => unknown): CliError[] {
  try {
    read();
    return [];
  } catch (fault) {
    if (fault instanceof CliError) return [fault];
    throw fault;
  }
}

function filesOf(section: object): string[] {
  return Object.entries(section).flatMap(([key, value]) => {
    if (isSection(value)) return filesOf(value).map((file) => `${key}.${file}`);
    return key.endsWith('File') && value !== '' ? [key] : [];
  });
}

function withOnly<T extends object>(section: T, file: string): T {
  const members = Object.entries(section).map(([key, value]) => {
    if (isSection(value))
      return [key, withOnly(value, file.startsWith(`${key}.`) ? file.slice(key.length + 1) : '')];
    return [key, key.endsWith('File') && key !== file ? '' : value];
  });
  return Object.fromEntries(members) as T; // the same members
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sinksOf(role: Role | undefined, { sinks, readings }: SkerryConfig): SkerryConfig['sinks'] {
  if (role === 'writer') return sinks;
  return role === 'cloud' ? sinks.filter(({ name }) => name === readings.from) : [];
}
