import type { PostgresPoolOptions } from '@skerry/series/postgres';
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
    // its name is checked too, as verify-full does
    ...(authority === undefined ? {} : { tls: { ca: authority } }),
    ...(passwordFile === ''
      ? {}
      : { password: () => readSecret('postgres.passwordFile', passwordFile) ?? '' }),
  };
}
