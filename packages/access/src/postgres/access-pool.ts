import { postgresAddress, postgresPlace, postgresUrls } from '@skerry/kernel/node';
import pg from 'pg';
import { AccessError } from '../errors.ts';
import { ReadOnlyServer } from './access-fault.ts';

/** Where users, tokens, sessions, codes and the audit log are kept. */
export interface PostgresAccessOptions {
  /** `postgres://USER@HOST:PORT/DATABASE`; of several hosts with commas the one that takes writes is looked for. */
  readonly url: string;
  /** Beside the URL, so that no secret stands in it; asked for each connection. */
  readonly password?: () => string;
  /** PEM text of the authorities to trust: connections are encrypted then and the server's name is checked, whatever the URL's `sslmode` says. */
  readonly authority?: string;
  /** Schema of the tables, made when it is missing; `skerry` when absent. A plain lower-case name. */
  readonly schema?: string;
}

/** Connections to whichever of the servers takes writes. */
export interface AccessPool {
  /**
   * Runs work on a connection of its own, which is given up when it fails. Work that a server refuses because it takes no
   * writes is run again on the next one: nothing of it was done. Fails as the library does, with the fault of the last
   * server that was tried.
   */
  use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Host, port and database of each server, for messages. */
  readonly place: string;
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
  const urls = postgresUrls(url);
  const configOf = (one: string): pg.ClientConfig => ({
    ...postgresAddress({ url: one, password: password?.(), authority }),
    query_timeout: STATEMENT_MS,
    application_name: applicationName,
  });
  const servers = urls.map((one) => () => configOf(one));
  return new ServerPool(servers, urls.map(postgresPlace).join(', '), connectionsMax);
}

class ServerPool implements AccessPool {
  readonly place: string;
  readonly #pool: pg.Pool;
  readonly #servers: readonly (() => pg.ClientConfig)[];
  /** Which of the servers each connection is to. */
  readonly #hosts = new WeakMap<pg.ClientBase, number>();
  #current = 0;

  constructor(servers: readonly (() => pg.ClientConfig)[], place: string, connectionsMax: number) {
    this.#servers = servers;
    this.place = place;
    const turn = () => this.#current;
    const open = (client: pg.Client, host: number) => this.#hosts.set(client, host);
    this.#pool = new pg.Pool({
      max: connectionsMax,
      connectionTimeoutMillis: STATEMENT_MS,
      Client: class extends pg.Client {
        constructor() {
          const host = turn();
          super(servers[host]?.());
          open(this, host);
          // whoever asks is told by the answer; an event that nobody hears ends the process
          this.on('error', () => undefined);
        }
      },
      onConnect: (client) => (servers.length > 1 ? mustWrite(client) : undefined),
    });
    // a connection that breaks while nobody uses it is made anew by the next question, which tells what is wrong
    this.#pool.on('error', () => undefined);
  }

  async use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let left = this.#servers.length; ; left--) {
      const client = await this.#connect();
      let broken: Error | undefined;
      try {
        return await work(client);
      } catch (fault) {
        broken = fault instanceof Error ? fault : new Error(String(fault));
        if (!isReadOnly(fault)) throw fault;
        this.#leave(this.#hosts.get(client));
        if (left <= 1) throw fault;
      } finally {
        client.release(broken);
      }
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  /** Connections to a server that was left are given up. */
  async #connect(): Promise<pg.PoolClient> {
    for (let left = this.#servers.length; ; left--) {
      const tried = this.#current;
      try {
        for (;;) {
          const client = await this.#pool.connect();
          if (this.#hosts.get(client) === this.#current) return client;
          client.release(true);
        }
      } catch (fault) {
        this.#leave(tried);
        if (left <= 1) throw fault;
      }
    }
  }

  /** Others may have moved on meanwhile. */
  #leave(host: number | undefined): void {
    if (this.#current === host) this.#current = (host + 1) % this.#servers.length;
  }
}

async function mustWrite(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query('SHOW transaction_read_only');
  if (rows[0]?.transaction_read_only === 'on') throw new ReadOnlyServer();
}

function isReadOnly(fault: unknown): boolean {
  return fault instanceof pg.DatabaseError && fault.code === '25006';
}
