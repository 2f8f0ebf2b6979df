import { leaseTables, postgresAddress, postgresUrls } from '@skerry/kernel/node';
import pg from 'pg';
import { ControlError } from '../errors.ts';
import type { Claim, LeaseBook, LeaseTime } from '../lease-book.ts';
import { LIMITS } from '../limits.ts';

/** Where leases are kept. */
export interface PostgresLeaseOptions {
  /** `postgres://USER@HOST:PORT/DATABASE`; of several hosts with commas the one that takes writes is looked for. */
  readonly url: string;
  /** Beside the URL, so that no secret stands in it; asked for each connection. */
  readonly password?: () => string;
  /** PEM text of the authorities to trust: connections are encrypted, and the server's name is checked (verify-full). */
  readonly authority?: string;
  /** Schema of the table `leases`, made when it is missing; `skerry` when absent. A plain lower-case name. */
  readonly schema?: string;
  /** Time after a start or an outage of the server in which a lease that has run out is still its holder's, ms; `leaseMs` when absent. */
  readonly settleMs?: number;
}

interface Row {
  readonly number: number;
  readonly epoch: string;
  readonly was_closed: boolean;
}

/** Classes of SQLSTATE that pass by themselves: connection, resources, intervention of an operator, conflicts. */
const PASSING = /^(08|53|57|40|55P03|25006)/;
/** Classes of SQLSTATE that a user without rights gets. */
const DENIED = /^(28|42501)/;
const GRANT =
  'check user, password and pg_hba.conf, grant the role skerry_gateway, and let a writer bring the schema to its version as its owner';
const STATEMENT_MS = 5_000;

/**
 * Whether a lease may be taken: it was given back, or it has run out and its holder could have renewed it: the server was
 * there all the while. Else whoever asks first after an outage would take the numbers of those that live.
 */
const IS_FREE = (settleMs: string, isSettled: string): string =>
  `(lease.expires = '-infinity' OR (lease.expires <= now() AND ${isSettled}
     AND pg_postmaster_start_time() + ${settleMs} * interval '1 ms' <= now()))`;

/**
 * Leases in a table of PostgreSQL, whose clock judges. One connection at a time, made again when it is lost. Fails with
 * `leases-unreachable` or `leases-refused`.
 */
export async function openPostgresLeases(options: PostgresLeaseOptions): Promise<LeaseBook> {
  const book = new PostgresLeaseBook(options);
  try {
    await book.prepare();
    return book;
  } catch (fault) {
    await book[Symbol.asyncDispose]();
    throw fault;
  }
}

class PostgresLeaseBook implements LeaseBook {
  readonly #urls: readonly string[];
  readonly #configOf: (url: string) => pg.ClientConfig;
  #at = 0;
  #ending: Promise<void> = Promise.resolve();
  #pool: pg.Pool;
  /** When it began to answer again after a break; undefined while there was none. */
  #answersSinceMs: number | undefined;
  #isBroken = false;
  readonly #table: string;
  readonly #schema: string;
  readonly #settleMs: number;

  constructor(options: PostgresLeaseOptions) {
    const { url, password, authority, schema = 'skerry', settleMs = LIMITS.leaseMs.value } = options;
    if (!/^[a-z_][a-z0-9_]*$/.test(schema))
      throw new ControlError(
        'leases-refused',
        `The schema of the leases: found ${JSON.stringify(schema)}, wanted a plain lower-case name.`,
      );
    this.#schema = schema;
    this.#settleMs = settleMs;
    this.#table = `${schema}.leases`;
    this.#urls = postgresUrls(url);
    this.#configOf = (one) => ({
      ...postgresAddress({ url: one, password: password?.(), authority }),
      query_timeout: STATEMENT_MS,
      application_name: 'skerry leases',
    });
    this.#pool = this.#poolOf(0);
  }

  /** Makes the table where it is missing. Processes that start at once do not disturb each other. */
  async prepare(): Promise<void> {
    for (let left = this.#urls.length; ; left--) {
      try {
        return await this.#prepareHere();
      } catch (fault) {
        if (left <= 1) throw fault;
      }
    }
  }

  async #prepareHere(): Promise<void> {
    await this.#ask('Preparing', async (client) => {
      await client.query('BEGIN');
      await client.query("SELECT pg_advisory_xact_lock(hashtext('skerry leases'))");
      const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [this.#table]);
      if (rows[0]?.there !== true) {
        // others make it under locks of their own: whoever comes second waits for the first and is content
        await client.query(`DO $make$ BEGIN CREATE SCHEMA IF NOT EXISTS ${this.#schema};
          EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $make$`);
        await client.query(leaseTables(this.#schema));
      }
      await client.query('COMMIT');
    });
  }

  async claimAny(group: string, owner: string, time: LeaseTime): Promise<Claim> {
    for (let tries = 0; tries < LIMITS.slotsMax.value; tries++) {
      const { rows } = await this.#query<{ number: number }>(
        `SELECT number, owner = $2 AS own FROM ${this.#table} AS lease WHERE grp = $1 AND (${IS_FREE('$3', '$4')} OR owner = $2)
         UNION ALL SELECT coalesce(max(number) + 1, 0), false FROM ${this.#table} WHERE grp = $1
         ORDER BY own DESC, number LIMIT 1`,
        [group, owner, ...this.#settled],
      );
      const number = Number(rows[0]?.number ?? 0);
      if (number >= LIMITS.slotsMax.value) break;
      const claim = await this.#take(group, number, owner, time);
      if (claim) return claim; // else another was quicker
    }
    throw new ControlError(
      'leases-refused',
      `The group ${group} has no number below ${LIMITS.slotsMax.value} that is free.`,
      { group },
    );
  }

  claim(group: string, number: number, owner: string, time: LeaseTime): Promise<Claim | undefined> {
    return this.#take(group, number, owner, time);
  }

  async renew({ group, number, epoch }: Claim, time: LeaseTime): Promise<boolean> {
    const { rowCount } = await this.#query(
      `UPDATE ${this.#table} SET expires = now() + $4 * interval '1 ms'
       WHERE grp = $1 AND number = $2 AND epoch = $3 AND expires > now()`,
      [group, number, epoch, time],
    );
    return rowCount === 1;
  }

  async release({ group, number, epoch }: Claim, isClosed: boolean): Promise<void> {
    await this.#query(
      `UPDATE ${this.#table} SET expires = '-infinity', is_closed = $4
       WHERE grp = $1 AND number = $2 AND epoch = $3`,
      [group, number, epoch, isClosed],
    );
  }

  async orphans(group: string): Promise<number[]> {
    const { rows } = await this.#query<{ number: number }>(
      `SELECT number FROM ${this.#table} WHERE grp = $1 AND NOT is_closed AND expires <= now() ORDER BY number`,
      [group],
    );
    return rows.map(({ number }) => number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
    await this.#ending;
  }

  /** Undefined when somebody else holds it. */
  async #take(group: string, number: number, owner: string, time: LeaseTime): Promise<Claim | undefined> {
    const { rows } = await this.#query<Row>(
      `WITH before AS (SELECT is_closed FROM ${this.#table} WHERE grp = $1 AND number = $2)
       INSERT INTO ${this.#table} AS lease (grp, number, owner, epoch, expires, is_closed)
       VALUES ($1, $2, $3, 1, now() + $4 * interval '1 ms', false)
       ON CONFLICT (grp, number) DO UPDATE
         SET owner = $3, epoch = lease.epoch + 1, expires = excluded.expires, is_closed = false
         WHERE ${IS_FREE('$5', '$6')} OR lease.owner = $3
       RETURNING number, epoch, coalesce((SELECT is_closed FROM before), true) AS was_closed`,
      [group, number, owner, time, ...this.#settled],
    );
    const row = rows[0];
    return row && { group, number, owner, epoch: Number(row.epoch), isTakenOver: !row.was_closed };
  }

  /** The time to settle, and whether it has passed since this process found the server again. */
  get #settled(): [number, boolean] {
    const sinceMs = performance.now() - (this.#answersSinceMs ?? Number.NEGATIVE_INFINITY);
    return [this.#settleMs, sinceMs >= this.#settleMs];
  }

  #query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<pg.QueryResult<R>> {
    return this.#ask('Asking', (client) => client.query<R>(text, [...values]));
  }

  #poolOf(at: number): pg.Pool {
    const config = () => this.#configOf(this.#urls[at % this.#urls.length] ?? '');
    const pool = new pg.Pool({
      max: 1,
      connectionTimeoutMillis: STATEMENT_MS,
      Client: class extends pg.Client {
        constructor() {
          super(config());
          // whoever asks is told by the answer; an event that nobody hears ends the process
          this.on('error', () => undefined);
        }
      },
    });
    // a connection that breaks while nobody uses it is made anew by the next question, which tells what is wrong
    pool.on('error', () => undefined);
    return pool;
  }

  /** Another host is asked next. */
  #turn(): void {
    if (this.#urls.length === 1) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pool.end(() => resolve());
    this.#ending = this.#ending.then(() => promise);
    this.#at++;
    this.#pool = this.#poolOf(this.#at);
  }

  async #ask<T>(what: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    let broken: Error | undefined;
    try {
      client = await this.#pool.connect();
      if (this.#isBroken) this.#answersSinceMs = performance.now();
      this.#isBroken = false;
      return await work(client);
    } catch (cause) {
      broken = cause instanceof Error ? cause : new Error(String(cause));
      const state = cause instanceof pg.DatabaseError ? String(cause.code) : '';
      this.#isBroken = true;
      const code = state === '' || PASSING.test(state) ? 'leases-unreachable' : 'leases-refused';
      const advice = DENIED.test(state) ? `; ${GRANT}` : '';
      const words = `${what} for leases in PostgreSQL failed: ${broken.message}${state === '' ? '' : ` (${state})`}${advice}.`;
      throw new ControlError(code, words, { state }, cause);
    } finally {
      client?.release(broken);
      if (broken) this.#turn();
    }
  }
}
