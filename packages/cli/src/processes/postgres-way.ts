import type { PostgresAccessOptions } from '@skerry/access/postgres';
import type { PostgresPoolOptions, StandbyReadsOptions } from '@skerry/series/postgres';
import type { SkerryConfig } from '../config/schema.ts';
import { readNamed, readSecret, reread } from './role.ts';

/** How the configured database is reached. Fails as `sharedTablesOf`. */
export function poolOptionsOf(
  config: Pick<SkerryConfig, 'postgres'>,
  applicationName: string,
): PostgresPoolOptions {
  const { poolMax, statementSecs } = config.postgres;
  return {
    ...sharedTablesOf(config),
    connectionsMax: poolMax,
    statementMs: statementSecs * 1_000,
    applicationName,
  };
}

/** Where users, sessions, the audit log and leases are kept. The file of the password is read again for each connection, and what stood in it last is tried while it is not there. Fails with `config-invalid` when it, or the authorities, cannot be read now. */
export function sharedTablesOf({ postgres }: Pick<SkerryConfig, 'postgres'>): PostgresAccessOptions {
  const { url, passwordFile, caFile, schema } = postgres;
  const authority = readNamed('postgres.caFile', caFile);
  return {
    url,
    schema,
    ...(authority === undefined ? {} : { authority }),
    ...(passwordFile === ''
      ? {}
      : { password: reread(() => readSecret('postgres.passwordFile', passwordFile) ?? '') }),
  };
}

/** How the configured standby is read; undefined where none is. It has the same user, password and authorities as the primary. */
export function standbyOptionsOf(
  config: Pick<SkerryConfig, 'postgres'>,
  applicationName: string,
): StandbyReadsOptions | undefined {
  const { readUrl, readStaleSecs } = config.postgres;
  if (readUrl === '') return undefined;
  const primary = poolOptionsOf(config, applicationName);
  return { primary, standby: { ...primary, url: readUrl }, staleMs: readStaleSecs * 1_000 };
}
