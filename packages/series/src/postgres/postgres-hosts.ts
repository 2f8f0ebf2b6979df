import { SeriesError } from '../errors.ts';

/** Where a database is: servers that are tried in this order until one serves. */
export interface PostgresPlaces {
  /** One connection string for each server. */
  readonly urls: readonly string[];
  /** True when only a server that takes writes will do, as libpq's `target_session_attrs=read-write`. */
  readonly mustWrite: boolean;
}

const URL_PARTS = /^(postgres(?:ql)?:\/\/)(?:([^@/?]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/;

/**
 * Reads a connection string as libpq does: several hosts with their ports, separated by commas, and
 * `target_session_attrs` (`read-write` and `primary`, else any). Fails with `store-not-opened`.
 */
export function parsePostgresUrl(url: string): PostgresPlaces {
  const parts = URL_PARTS.exec(url);
  if (!parts) {
    throw new SeriesError(
      'store-not-opened',
      'Cannot read the connection string of PostgreSQL: wanted postgres://user@host:port,host:port/database.',
    );
  }
  const [, scheme = '', user, hosts = '', path = '', query = ''] = parts;
  const settings = new URLSearchParams(query);
  const target = settings.get('target_session_attrs') ?? 'read-write';
  settings.delete('target_session_attrs');
  const rest = settings.size === 0 ? '' : `?${settings}`;
  const urls = hosts
    .split(',')
    .map((host) => `${scheme}${user === undefined ? '' : `${user}@`}${host}${path}${rest}`);
  return { urls, mustWrite: target === 'read-write' || target === 'primary' };
}
