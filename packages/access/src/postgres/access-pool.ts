import { postgresAddress, postgresUrls } from '@skerry/kernel/node';
import pg from 'pg';
import { AccessError } from '../errors.ts';

/** Where users, tokens, sessions, codes and the audit log are kept. */
export interface PostgresAccessOptions {
  /** `postgres://USER@HOST:PORT/DATABASE`; of several hosts with commas the one that takes writes is looked for. */
  readonly url: string;
  readonly password?: string;
  /** PEM text of the authorities to trust: connections are encrypted then and the server's name is checked, whatever the URL's `sslmode` says. */
  readonly authority?: string;
  /** Schema of the tables, made when it is missing; `skerry` when absent. A plain lower-case name. */
  readonly schema?: string;
}

/** Connections to whichever of the servers takes writes. */
export interface AccessPool {
  /** A connection, to be released. Fails as the library does, with the fault of the last server that was tried. */
  connect(): Promise<pg.PoolClient>;
  end(): Promise<void>;
}

const STATEMENT_MS = 10_000;

/** Connections as configured. Fails with `access-store-failed` for a schema that has no plain name. */
export function openAccessPool(
  { url, password, authority, schema = 'skerry' }: PostgresAccessOptions,
  applicationName: string,
  connectionsMax: number,
): AccessPool {
  if (!/^[a-z_][a-z0-9_]*$/.test(schema))
    throw new AccessError(
      'access-store-failed',
      `The schema of the users: found ${JSON.stringify(schema)}, wanted a plain lower-case name.`,
    );
  const servers = postgresUrls(url).map((one) => ({
    ...postgresAddress({ url: one, password, authority }),
    query_timeout: STATEMENT_MS,
    application_name: applicationName,
  }));
  return new ServerPool(servers, connectionsMax);
}

class ServerPool implements AccessPool {
  readonly #pool: pg.Pool;
  readonly #servers: readonly pg.ClientConfig[];
  #current = 0;

  constructor(servers: readonly pg.ClientConfig[], connectionsMax: number) {
    this.#servers = servers;
    const config = () => servers[this.#current];
    this.#pool = new pg.Pool({
      max: connectionsMax,
      connectionTimeoutMillis: STATEMENT_MS,
      Client: class extends pg.Client {
        constructor() {
          super(config());
        }
      },
      onConnect: (client) => (servers.length > 1 ? mustWrite(client) : undefined),
    });
    // a connection that breaks while nobody uses it is made anew by the next question, which tells what is wrong
    this.#pool.on('error', () => undefined);
  }

  async connect(): Promise<pg.PoolClient> {
    for (let left = this.#servers.length; ; left--) {
      const tried = this.#current;
      try {
        return await this.#pool.connect();
      } catch (fault) {
        // others may have moved on meanwhile
        if (this.#current === tried) this.#current = (tried + 1) % this.#servers.length;
        if (left <= 1) throw fault;
      }
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** A server that was the primary and is a standby now answers, too. */
async function mustWrite(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query('SHOW transaction_read_only');
  if (rows[0]?.transaction_read_only === 'on')
    throw new TypeError('it takes no writes: it is a standby, or was set to read only');
}
