import type { Clock, Logger } from '@skerry/kernel';
import { postgresAddress, postgresPlace } from '@skerry/kernel/node';
import pg, { type ClientConfig, type PoolClient } from 'pg';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { CopyIn } from './copy-in.ts';
import { isConnectionLost, postgresFault } from './postgres-fault.ts';
import { parsePostgresUrl } from './postgres-hosts.ts';

/** How a database is reached. */
export interface PostgresPoolOptions {
  /** As libpq has it: `postgres://user@host:port,host:port/database?target_session_attrs=read-write`. */
  readonly url: string;
  /** Beside the URL, so that no secret stands in it; asked for each connection. */
  readonly password?: () => string;
  /** Schema of all tables; `skerry` when absent. */
  readonly schema?: string;
  /** Connections at most. */
  readonly connectionsMax?: number;
  /** Time that a transaction may wait for its next statement: a writer that is frozen holds up nobody longer. */
  readonly idleInTransactionMs?: number;
  /** Time that one statement may take, and that a connection may take to come. */
  readonly statementMs?: number;
  readonly connectMs?: number;
  /** PEM text of the authorities to trust: connections are encrypted then and the server's name is checked, whatever the URL's `sslmode` says. */
  readonly authority?: string;
  /** Shown by `pg_stat_activity`. */
  readonly applicationName?: string;
  /** Role that each connection takes on, so that row-level security holds for it. */
  readonly role?: string;
}

/** What a pool needs from its process. */
export interface PostgresPoolNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
}

/** One row, by the names of its columns. */
export type Row = Record<string, unknown>;

/** One connection for the time of one piece of work. */
export interface PostgresSession {
  /** Runs a statement. `name`: it is prepared once for each connection. */
  query(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
  /** Runs a statement for its effect; resolves with the number of rows. */
  run(text: string, values?: readonly unknown[], name?: string): Promise<number>;
  /** Copies rows into a table: `CopyIn`. Resolves with their number. */
  copyIn(text: string, chunks: Iterable<Uint8Array>): Promise<number>;
}

/** Connections to one database that several stores and readers share. */
export interface PostgresPool extends AsyncDisposable {
  /** Schema of all tables, quoted. */
  readonly schema: string;
  readonly schemaName: string;
  /** Runs work on a connection of its own. Faults of the server and the network come as coded errors that name `action`. */
  use<T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T>;
  /** The same inside one transaction: committed when `work` resolves, undone when it fails. */
  transact<T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T>;
  /** A transaction of which each statement may take `deadlineMs`, whatever the pool's time-out is; it waits for locks as every other. */
  transactLong<T>(
    action: string,
    deadlineMs: number,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T>;
  /** A question that only reads, in a snapshot of its own, given up after `deadlineMs`. */
  read<T>(action: string, deadlineMs: number, work: (session: PostgresSession) => Promise<T>): Promise<T>;
  /** Connections in use, idle, and callers that wait for one. */
  figures(): { readonly used: number; readonly idle: number; readonly waiting: number };
}

const INT8 = 20;

/** Opens a pool. Nothing is connected before the first use; a server that is away fails that use, and not the pool. */
export function openPostgresPool(options: PostgresPoolOptions, needs: PostgresPoolNeeds): PostgresPool {
  return new Pool(options, needs);
}

class Pool implements PostgresPool {
  readonly schema: string;
  readonly schemaName: string;
  readonly #pool: pg.Pool;
  readonly #urls: readonly string[];
  readonly #mustWrite: boolean;
  readonly #logger: Logger;
  readonly #role: string | undefined;
  /** Which of the servers each connection is to. */
  readonly #hosts = new WeakMap<pg.ClientBase, number>();
  #current = 0;

  constructor(options: PostgresPoolOptions, needs: PostgresPoolNeeds) {
    const { urls, mustWrite } = parsePostgresUrl(options.url);
    this.#urls = urls;
    this.#mustWrite = mustWrite;
    this.#logger = needs.logger;
    this.#role = options.role;
    this.schemaName = options.schema ?? 'skerry';
    this.schema = pg.escapeIdentifier(this.schemaName);
    const statementMs = options.statementMs ?? LIMITS.statementMs.value;
    const settings: ClientConfig = {
      application_name: options.applicationName ?? 'skerry',
      statement_timeout: statementMs,
      // the server's time-out comes first; this one is for a server that does not answer at all
      query_timeout: statementMs + LIMITS.answerGraceMs.value,
      idle_in_transaction_session_timeout: options.idleInTransactionMs ?? LIMITS.idleInTransactionMs.value,
      lock_timeout: Math.min(statementMs, LIMITS.lockMs.value),
      keepAlive: true,
      types: { getTypeParser },
    };
    const { password, authority } = options;
    const configOf = (host: number): ClientConfig => {
      const url = this.#urls[host] ?? '';
      return { ...settings, ...postgresAddress({ url, password: password?.(), authority }) };
    };
    const open = (client: pg.Client, host: number) => this.#hosts.set(client, host);
    this.#pool = new pg.Pool({
      max: options.connectionsMax ?? LIMITS.poolConnectionsMax.value,
      connectionTimeoutMillis: options.connectMs ?? LIMITS.connectMs.value,
      Client: clientClass(() => this.#current, configOf, open),
      onConnect: (client) => this.#greet(client),
    });
    this.#pool.on('error', (error) =>
      this.#logger.log('warn', 'an idle connection to PostgreSQL was lost', { reason: error.message }),
    );
  }

  get #place(): string {
    return postgresPlace(this.#urls[this.#current] ?? '');
  }

  use<T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#lend(action, work);
  }

  async #lend<T>(action: string, work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#connect(action);
    let lost: Error | undefined;
    let died: Error | undefined;
    const onError = (error: Error) => {
      lost = died = error;
    };
    const session = new Session(client);
    client.on('error', onError);
    try {
      return await work(session);
    } catch (error) {
      if (isForeign(error) && isConnectionLost(error)) lost ??= new Error('lost');
      if (stateOf(error) === '25006') {
        // it would refuse the next work, too
        session.isBroken = true;
        if (this.#hosts.get(client) === this.#current) this.#turn();
      }
      throw this.#faultOf(action, error, lost, died);
    } finally {
      client.off('error', onError);
      client.release(lost !== undefined || session.isBroken);
    }
  }

  /** What a statement fails with whose connection has died is that, whatever the library makes of it. */
  #faultOf(action: string, error: unknown, lost: Error | undefined, died: Error | undefined): unknown {
    const said = lost && isForeign(error) ? withState(error, lost) : error;
    const fault = postgresFault(this.#place, action, said);
    return died && isForeign(fault) ? postgresFault(this.#place, action, died) : fault;
  }

  transact<T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#bracket(action, 'BEGIN', work);
  }

  transactLong<T>(
    action: string,
    deadlineMs: number,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> {
    return this.#within(action, 'BEGIN', deadlineMs, work);
  }

  read<T>(action: string, deadlineMs: number, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#within(action, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', deadlineMs, work);
  }

  #within<T>(
    action: string,
    begin: string,
    deadlineMs: number,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> {
    const graceMs = LIMITS.answerGraceMs.value;
    const ms = Math.max(1, Math.min(Math.ceil(deadlineMs), 2 ** 31 - 1 - graceMs));
    // the server gives up first, as with every other statement
    return this.#bracket(action, `${begin}; SET LOCAL statement_timeout = ${ms}`, work, ms + graceMs);
  }

  figures(): { used: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#pool.ended && !this.#pool.ending) await this.#pool.end();
  }

  #bracket<T>(
    action: string,
    begin: string,
    work: (session: PostgresSession) => Promise<T>,
    answerMs?: number,
  ): Promise<T> {
    return this.#lend(action, async (session) => {
      session.answerMs = answerMs;
      await session.run(begin);
      let result: T;
      try {
        result = await work(session);
      } catch (error) {
        // the first fault is the one to tell; a connection that cannot undo is given up, and the transaction with it
        const [undone] = await Promise.allSettled([session.run('ROLLBACK')]);
        session.isBroken ||= undone.status === 'rejected';
        throw error;
      }
      await session.run('COMMIT');
      return result;
    });
  }

  /** A connection to the first server that serves, from the one on that served last; those to a server that was left are given up. */
  async #connect(action: string): Promise<PoolClient> {
    for (let attempt = 1; ; attempt++) {
      const tried = this.#current;
      try {
        for (;;) {
          const client = await this.#pool.connect();
          if (this.#hosts.get(client) === this.#current) return client;
          client.release(true);
        }
      } catch (error) {
        if (attempt >= this.#urls.length || !mayMove(error)) throw postgresFault(this.#place, action, error);
        // others may have moved on meanwhile
        if (this.#current === tried) this.#turn();
      }
    }
  }

  #turn(): void {
    if (this.#urls.length < 2) return;
    this.#current = (this.#current + 1) % this.#urls.length;
    this.#logger.log('info', 'another server of PostgreSQL is tried', { place: this.#place });
  }

  /** Settings of a new connection; refuses a server that takes no writes where it must. */
  async #greet(client: pg.ClientBase): Promise<void> {
    const role = this.#role === undefined ? '' : `SET ROLE ${pg.escapeIdentifier(this.#role)};`;
    await client.query(`${role} SET search_path = ${this.schema}, pg_catalog, public; SET timezone = 'UTC'`);
    if (!this.#mustWrite) return;
    const { rows } = await client.query('SHOW transaction_read_only');
    if (rows[0]?.transaction_read_only !== 'on') return;
    throw new SeriesError(
      'store-on-standby',
      `Cannot use ${this.#place}: it takes no writes; name the primary among the hosts of postgres.url, or end default_transaction_read_only; it is tried again.`,
      { place: this.#place },
    );
  }
}

class Session implements PostgresSession {
  /** The connection is in an unknown state and must not be used again. */
  isBroken = false;
  /** Time that a statement may take until its answer; that of the connection when it is undefined. */
  answerMs: number | undefined;
  readonly #client: PoolClient;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async query(text: string, values?: readonly unknown[], name?: string): Promise<Row[]> {
    return (await this.#send(text, values, name)).rows;
  }

  async run(text: string, values?: readonly unknown[], name?: string): Promise<number> {
    return (await this.#send(text, values, name)).rowCount ?? 0;
  }

  async copyIn(text: string, chunks: Iterable<Uint8Array>): Promise<number> {
    const copy = new CopyIn(text, chunks);
    this.#client.query(copy);
    return await copy.done;
  }

  #send(text: string, values?: readonly unknown[], name?: string): Promise<pg.QueryResult<Row>> {
    return this.#client.query<Row>({
      text,
      ...(values && { values: [...values] }),
      ...(name !== undefined && { name }),
      ...(this.answerMs !== undefined && { query_timeout: this.answerMs }),
    });
  }
}

/** Clients of the server that is in turn when they are made. */
function clientClass(
  turn: () => number,
  configOf: (host: number) => ClientConfig,
  open: (client: pg.Client, host: number) => void,
): new () => pg.Client {
  return class extends pg.Client {
    constructor() {
      const host = turn();
      super(configOf(host));
      open(this, host);
    }
  };
}

function getTypeParser(oid: number): (text: string) => unknown {
  // positions and counts stay below 2^53
  if (oid === INT8) return Number;
  return pg.types.getTypeParser(oid, 'text');
}

function isForeign(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof SeriesError);
}

function stateOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}

/** What the server said last tells more than that the connection is gone. */
function withState(error: Error, lost: Error): Error {
  return /^[0-9A-Z]{5}$/.test(String(stateOf(lost))) ? lost : error;
}

/** Faults of one server that another may not have. */
function mayMove(error: unknown): boolean {
  return error instanceof SeriesError ? error.code === 'store-on-standby' : isConnectionLost(error);
}
