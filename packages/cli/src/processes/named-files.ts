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
  const faults: CliError[] = [];
  for (const read of readers(role, config)) {
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof CliError)) throw fault;
      faults.push(fault);
    }
  }
  const [first] = faults;
  if (!first) return;
  const message = faults.map((fault) => fault.message).join('\n');
  throw new CliError('config-invalid', message, { faults: faults.length }, first);
}

function readers(role: Role | undefined, config: SkerryConfig): (() => unknown)[] {
  const { journal, postgres, redis, tracing } = config;
  const isSite = role !== undefined;
  const hasCache = role === 'writer' || (role === 'cloud' && config.readings.from === '');
  return [
    ...(isSite || journal.engine === 'kafka' ? each(config.kafka, (kafka) => kafkaAccessOf({ kafka })) : []),
    ...(isSite && postgres.url !== '' ? each(postgres, (one) => sharedTablesOf({ postgres: one })) : []),
    ...(role === 'gateway' ? config.sources.flatMap(sourceReaders) : []),
    ...sinksOf(role, config).flatMap((sink) => each(sink, sinkPlace)),
    ...(hasCache && redis.url !== ''
      ? each(redis, (one) => redisPlaceOf({ redis: one }, '').password?.())
      : []),
    ...(tracing.otlpUrl !== '' ? each(tracing, tracingFiles) : []),
    ...tlsListeners(role, config).map(
      ([key, { tls }]) =>
        () =>
          tls.certFile === '' || readTlsFiles(key, tls),
    ),
  ];
}

function sourceReaders(source: SkerryConfig['sources'][number]): (() => unknown)[] {
  return [
    ...each(source, (one) => sourceTls(one)?.()),
    ...each(source, (one) => one.username === '' || sourceCredentials(one)),
  ];
}

/** Reads a section once for each file that it names, as if it named no other: each has a fault of its own. */
function each<T extends object>(section: T, read: (section: T) => unknown): (() => unknown)[] {
  return filesOf(section).map((file) => () => read(withOnly(section, file)));
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
