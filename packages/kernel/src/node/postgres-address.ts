import { readFileSync } from 'node:fs';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';

/** How a server of PostgreSQL is addressed. */
export interface PostgresWay {
  /** `postgres://USER@HOST:PORT/DATABASE?sslmode=…`, of one host. */
  readonly url: string;
  /** Stands over one in the URL. */
  readonly password?: string | undefined;
  /** PEM text of the authorities to trust. Connections are encrypted then, and the server's name is checked, whatever `sslmode` says: libpq's verify-full. */
  readonly authority?: string | undefined;
}

/** What a client of the library `pg` is made with. */
export interface PostgresAddress {
  readonly connectionString: string;
  readonly ssl?: ConnectionOptions;
}

const PARTS = /^(postgres(?:ql)?:\/\/)(?:([^@/?]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/;
const OF_TRUST = ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/** An address for each of the hosts that a URL names with commas between them, in their order. */
export function postgresUrls(url: string): string[] {
  const [, scheme = '', user, hosts = '', path = '', query] = PARTS.exec(url) ?? [];
  if (!hosts.includes(',')) return [url];
  const before = user === undefined ? scheme : `${scheme}${user}@`;
  return hosts.split(',').map((host) => `${before}${host}${path}${query === undefined ? '' : `?${query}`}`);
}

/** Host, port and database of a URL of one host, for messages; never a password. */
export function postgresPlace(url: string): string {
  const [, , , host = '', path = ''] = PARTS.exec(url) ?? [];
  return `${host === '' ? 'localhost' : host}${path}`;
}

/**
 * The address of a server with what stands beside its URL. The library lets the URL win, with an empty password where it
 * has none, so the password goes into it, and what it says of TLS goes where authorities are given; files that it names
 * as the client's certificate and key are read. A URL of another form stays as it is.
 */
export function postgresAddress({ url, password, authority }: PostgresWay): PostgresAddress {
  const parts = PARTS.exec(url);
  if (!parts || (password === undefined && authority === undefined)) return { connectionString: url };
  const [, scheme = '', user, host = '', path = '', query = ''] = parts;
  const settings = new URLSearchParams(query);
  const name = user?.split(':', 1)[0] ?? '';
  const secret = password === undefined ? '' : `${name}:${encodeURIComponent(password)}@`;
  const before = password === undefined ? (user === undefined ? '' : `${user}@`) : secret;
  if (password !== undefined) settings.delete('password');
  const ssl =
    authority === undefined ? undefined : trustOf(authority, settings.get('host') ?? host, settings);
  if (ssl) for (const one of OF_TRUST) settings.delete(one);
  const rest = settings.size === 0 ? '' : `?${settings}`;
  return { connectionString: `${scheme}${before}${host}${path}${rest}`, ...(ssl && { ssl }) };
}

function trustOf(authority: string, place: string, settings: URLSearchParams): ConnectionOptions {
  const host = decodeURIComponent(place.replace(/:\d*$/, '').replace(/^\[|\]$/g, ''));
  const [certificate, key] = [settings.get('sslcert'), settings.get('sslkey')];
  return {
    ca: authority,
    // the library names no host for an address
    checkServerIdentity: (_, peer) => checkServerIdentity(host, peer),
    ...(certificate === null ? {} : { cert: readFileSync(certificate, 'utf8') }),
    ...(key === null ? {} : { key: readFileSync(key, 'utf8') }),
  };
}
