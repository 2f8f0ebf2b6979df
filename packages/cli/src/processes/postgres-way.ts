import type { PostgresAccessOptions } from '@skerry/access/postgres';
import type { PostgresPoolOptions, StandbyReadsOptions } from '@skerry/series/postgres';
import type { SkerryConfig } from '../config/schema.ts';
import { readNamed, readSecret } from './role.ts';

/** How the configured database is reached. The file of the password is read again for each connection. Fails with `config-invalid` when the authorities cannot be read. */
export function poolOptionsOf(
  { postgres }: Pick<SkerryConfig, 'postgres'>,
  applicationName: string,
): PostgresPoolOptions {
  const { url, passwordFile, caFile, schema, poolMax, statementSecs } = postgres;
  const authority = readNamed('postgres.caFile', caFile);
  return {
    url,
    schema,
    connectionsMax: poolMax,
    statementMs: statementSecs * 1_000,
    applicationName,
    ...(authority === undefined ? {} : { authority }),
    ...(passwordFile === ''
      ? {}
      : { password: () => readSecret('postgres.passwordFile', passwordFile) ?? '' }),
  };
}

/** Where users, sessions and the audit log are kept. The file of the password is read again for each connection. Fails with `config-invalid` when the authorities cannot be read. */
export function accessOptionsOf({ postgres }: Pick<SkerryConfig, 'postgres'>): PostgresAccessOptions {
  const { url, passwordFile, caFile, schema } = postgres;
  const authority = readNamed('postgres.caFile', caFile);
  return {
    url,
    schema,
    ...(authority === undefined ? {} : { authority }),
    ...(passwordFile === ''
      ? {}
      : { password: () => readSecret('postgres.passwordFile', passwordFile) ?? '' }),
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
