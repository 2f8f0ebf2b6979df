import { accessTables } from '@skerry/kernel/node';
import type pg from 'pg';
import type { AccessDocuments, DocumentKind } from '../documents.ts';
import type { AccessStore, Item, Use } from '../store.ts';
import { accessFault } from './access-fault.ts';
import { type AccessPool, openAccessPool, type PostgresAccessOptions } from './access-pool.ts';

interface Row {
  readonly name: string;
  readonly secret: string | null;
  readonly used_micros: string;
  readonly document: unknown;
}

const COLUMNS = 'name, secret, used_micros, document';
const CONNECTIONS = 4;

/**
 * Opens the store in PostgreSQL, for any number of processes: a name and a secret are given once over all of them. Names
 * are in the order of their bytes. Fails with `access-store-failed`.
 */
export async function openPostgresAccessStore(options: PostgresAccessOptions): Promise<AccessStore> {
  const store = new PostgresAccessStore(options);
  try {
    await store.prepare();
    return store;
  } catch (fault) {
    await store[Symbol.asyncDispose]();
    throw fault;
  }
}

/** Others make the same schema under locks of their own: whoever comes second waits for the first and is content. */
export function makeSchema(schema: string): string {
  return `DO $make$ BEGIN CREATE SCHEMA IF NOT EXISTS ${schema};
    EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $make$`;
}

class PostgresAccessStore implements AccessStore {
  readonly #pool: AccessPool;
  readonly #schema: string;
  readonly #table: string;

  constructor(options: PostgresAccessOptions) {
    const { schema = 'skerry' } = options;
    this.#schema = schema;
    this.#table = `${schema}.access_items`;
    this.#pool = openAccessPool(options, 'skerry access', CONNECTIONS);
  }

  /** Makes the table where it is missing; processes that start at once do not disturb each other. */
  async prepare(): Promise<void> {
    await this.#use('opening', async (client) => {
      await client.query('BEGIN');
      await client.query("SELECT pg_advisory_xact_lock(hashtext('skerry access'))");
      const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [this.#table]);
      if (rows[0]?.there !== true) {
        await client.query(makeSchema(this.#schema));
        await client.query(accessTables(this.#schema));
      }
      await client.query('COMMIT');
    });
  }

  async find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Item<Kind> | undefined> {
    return (await this.#items(kind, 'name = $2', [name]))[0];
  }

  async findBySecret<Kind extends DocumentKind>(kind: Kind, secret: string): Promise<Item<Kind> | undefined> {
    return secret === '' ? undefined : (await this.#items(kind, 'secret = $2', [secret]))[0];
  }

  list<Kind extends DocumentKind>(
    kind: Kind,
    after: string | undefined,
    limit: number,
  ): Promise<Item<Kind>[]> {
    return this.#items(kind, 'name > $2 ORDER BY name LIMIT $3', [after ?? '', limit]);
  }

  async count(kind: DocumentKind): Promise<number> {
    const { rows } = await this.#query(
      'counting',
      `SELECT count(*) AS n FROM ${this.#table} WHERE kind = $1`,
      [kind],
    );
    return Number(rows[0]?.n);
  }

  async create<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean> {
    const { kind, name, secret, usedMicros, document } = item;
    const { rowCount } = await this.#query(
      'writing',
      `INSERT INTO ${this.#table} (kind, name, secret, used_micros, document) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [kind, name, secret === '' ? null : secret, usedMicros, JSON.stringify(document)],
    );
    return rowCount === 1;
  }

  async replace<Kind extends DocumentKind>({ kind, name, secret, document }: Item<Kind>): Promise<boolean> {
    const { rowCount } = await this.#query(
      'writing',
      `UPDATE ${this.#table} SET secret = $3, document = $4 WHERE kind = $1 AND name = $2`,
      [kind, name, secret === '' ? null : secret, JSON.stringify(document)],
    );
    return rowCount === 1;
  }

  async remove(kind: DocumentKind, names: readonly string[]): Promise<number> {
    const { rowCount } = await this.#query(
      'writing',
      `DELETE FROM ${this.#table} WHERE kind = $1 AND name = ANY ($2)`,
      [kind, [...names]],
    );
    return rowCount ?? 0;
  }

  async touch(uses: readonly Use[]): Promise<void> {
    if (uses.length === 0) return;
    await this.#query(
      'writing',
      `UPDATE ${this.#table} AS item SET used_micros = greatest(item.used_micros, used.micros)
       FROM (SELECT kind, name, max(micros) AS micros
             FROM unnest($1::text[], $2::text[], $3::bigint[]) AS one(kind, name, micros) GROUP BY kind, name) AS used
       WHERE item.kind = used.kind AND item.name = used.name`,
      [uses.map(({ kind }) => kind), uses.map(({ name }) => name), uses.map(({ usedMicros }) => usedMicros)],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #items<Kind extends DocumentKind>(
    kind: Kind,
    where: string,
    values: readonly unknown[],
  ): Promise<Item<Kind>[]> {
    const text = `SELECT ${COLUMNS} FROM ${this.#table} WHERE kind = $1 AND ${where}`;
    const { rows } = await this.#query<Row>('reading', text, [kind, ...values]);
    return rows.map((row) => ({
      kind,
      name: row.name,
      secret: row.secret ?? '',
      usedMicros: Number(row.used_micros),
      document: row.document as AccessDocuments[Kind], // written by `create` or `replace`
    }));
  }

  #query<R extends pg.QueryResultRow>(
    action: string,
    text: string,
    values: readonly unknown[],
  ): Promise<pg.QueryResult<R>> {
    return this.#use(action, (client) => client.query<R>(text, [...values]));
  }

  async #use<T>(action: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.use(work);
    } catch (cause) {
      throw accessFault('store of users', action, this.#pool.place, cause);
    }
  }
}
