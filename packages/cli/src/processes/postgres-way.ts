import type { PostgresPoolOptions } from '@skerry/series/postgres';
import type { SkerryConfig } from '../config/schema.ts';
import { readSecret } from './role.ts';

/** How the configured database is reached. The file of the password is read again for each connection. */
export function poolOptionsOf(
  { postgres }: Pick<SkerryConfig, 'postgres'>,
  applicationName: string,
): PostgresPoolOptions {
  const { url, passwordFile, schema, poolMax, statementSecs } = postgres;
  return {
    url,
    schema,
    connectionsMax: poolMax,
    statementMs: statementSecs * 1_000,
    applicationName,
    ...(passwordFile === ''
      ? {}
      : { password: () => readSecret('postgres.passwordFile', passwordFile) ?? '' }),
  };
}
