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
 * `config-invalid` that names the first fault of each section.
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
    ...(isSite || journal.engine === 'kafka' ? [() => kafkaAccessOf(config)] : []),
    ...(isSite && postgres.url !== '' ? [() => sharedTablesOf(config)] : []),
    ...(role === 'gateway' ? config.sources.flatMap(sourceReaders) : []),
    ...sinksOf(role, config).map((sink) => () => sinkPlace(sink)),
    ...(hasCache && redis.url !== '' ? [() => redisPlaceOf(config, '').password?.()] : []),
    ...(tracing.otlpUrl !== '' ? [() => tracingFiles(tracing)] : []),
    ...tlsListeners(role, config).map(
      ([key, { tls }]) =>
        () =>
          tls.certFile === '' || readTlsFiles(key, tls),
    ),
  ];
}

function sourceReaders(source: SkerryConfig['sources'][number]): (() => unknown)[] {
  return [() => sourceTls(source)?.(), () => source.username === '' || sourceCredentials(source)];
}

function sinksOf(role: Role | undefined, { sinks, readings }: SkerryConfig): SkerryConfig['sinks'] {
  if (role === 'writer') return sinks;
  return role === 'cloud' ? sinks.filter(({ name }) => name === readings.from) : [];
}
