import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { sqliteFault, storeDamaged } from './sqlite-fault.ts';

/** Version of the layout, `PRAGMA user_version`. */
export const FORMAT_VERSION = 2;
/** Bytes of a page. */
export const PAGE_BYTES = 8192;

/** The log is cut to this size when it begins anew. */
const LOG_BYTES = 16 * 2 ** 20;

/** One row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>;

/** How a file of the store is opened. */
export interface StoreFileOptions {
  readonly applicationId: number;
  readonly fileBytesMax: number;
}

/**
 * One SQLite file: a connection that writes, and as many that read as queries run at a time. Each query reads a
 * snapshot, so that merges and seals go on beside it.
 */
export class StoreFile {
  readonly path: string;
  readonly #writer: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #idle: Snapshot[] = [];
  #reading = 0;

  /** Opens an existing file; one that is not of the store fails with `store-damaged`. */
  constructor(path: string, options: StoreFileOptions) {
    this.path = path;
    this.#writer = openConnection(path, options);
  }

  /** Queries that hold a snapshot now. */
  get reading(): number {
    return this.#reading;
  }

  /** Runs `work` and translates what SQLite throws. */
  guard<T>(action: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw sqliteFault(this.path, action, error);
    }
  }

  /** The prepared statement of the writing connection. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#writer.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs a statement for its effect. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.guard('write', () => this.statement(sql).run(...values));
  }

  /** Runs a statement for its rows. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.guard('read', () => this.statement(sql).all(...values));
  }

  /** Runs a statement for its first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.guard('read', () => this.statement(sql).get(...values));
  }

  /** Begins a transaction of the writing connection; end it with `commit` or `rollback`. */
  begin(): void {
    this.guard('begin', () => this.#writer.exec('BEGIN IMMEDIATE'));
  }

  /** Makes the transaction durable. When this fails, `rollback`. */
  commit(): void {
    this.guard('commit', () => this.#writer.exec('COMMIT'));
  }

  /** Undoes the transaction, where there is one. */
  rollback(): void {
    if (this.#writer.isTransaction) this.#writer.exec('ROLLBACK');
  }

  /** A snapshot of the file as of now, for one query; give it back with `release`. */
  snapshot(): Snapshot {
    const snapshot = this.#idle.pop() ?? this.guard('open', () => new Snapshot(this));
    this.guard('read', () => snapshot.begin());
    this.#reading++;
    return snapshot;
  }

  /** Ends a snapshot. */
  release(snapshot: Snapshot): void {
    this.#reading--;
    snapshot.end();
    this.#idle.push(snapshot);
  }

  /** Closes all connections; SQLite writes the log back into the file. No snapshot is held. */
  close(): void {
    for (const snapshot of this.#idle.splice(0)) snapshot.close();
    this.guard('close', () => this.#writer.close());
  }
}

/** A reading connection inside a transaction. */
export class Snapshot {
  readonly #file: StoreFile;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: StoreFile) {
    this.#file = file;
    this.#connection = new DatabaseSync(file.path, { timeout: 5000 });
    this.#connection.exec('PRAGMA query_only=1; PRAGMA cache_size=-512;');
  }

  /** Runs a statement for its rows. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#file.guard('read', () => this.#statement(sql).all(...values));
  }

  /** Runs a statement for its first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#file.guard('read', () => this.#statement(sql).get(...values));
  }

  begin(): void {
    this.#connection.exec('BEGIN');
  }

  end(): void {
    if (this.#connection.isTransaction) this.#connection.exec('COMMIT');
  }

  close(): void {
    this.#connection.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Makes a new file with `schema` and fills it inside one transaction; not in WAL yet, so that it is whole when this
 * returns. `carryFrom`: another file of the store, attached as `old` for reading.
 */
export function makeStoreFile(
  path: string,
  applicationId: number,
  schema: string,
  carryFrom: string | undefined,
  fill: (connection: DatabaseSync) => void,
): void {
  try {
    const connection = new DatabaseSync(path, { timeout: 5000 });
    try {
      connection.exec(
        `PRAGMA page_size=${PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;`,
      );
      if (carryFrom !== undefined) connection.prepare('ATTACH ? AS old').run(carryFrom);
      connection.exec('BEGIN IMMEDIATE');
      connection.exec(schema);
      connection.exec(`PRAGMA application_id=${applicationId}; PRAGMA user_version=${FORMAT_VERSION};`);
      fill(connection);
      connection.exec('COMMIT');
    } finally {
      connection.close();
    }
  } catch (error) {
    throw sqliteFault(path, 'make the file', error);
  }
}

function openConnection(path: string, options: StoreFileOptions): DatabaseSync {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: 5000 });
    const id = Number(pragma(connection, 'application_id'));
    const version = Number(pragma(connection, 'user_version'));
    if (id !== options.applicationId || version !== FORMAT_VERSION) {
      throw storeDamaged(path, `it is not a file of the store (application ${id}, version ${version})`);
    }
    const mode = pragma(connection, 'journal_mode=WAL');
    connection.exec('PRAGMA synchronous=FULL; PRAGMA cache_size=-4096;');
    pragma(connection, `journal_size_limit=${LOG_BYTES}`);
    pragma(connection, `max_page_count=${Math.floor(options.fileBytesMax / PAGE_BYTES)}`);
    const synchronous = Number(pragma(connection, 'synchronous'));
    if (mode !== 'wal' || synchronous !== 2) {
      throw storeDamaged(path, `journal_mode is ${mode} and synchronous ${synchronous}, wanted wal and 2`);
    }
    connection.prepare('SELECT count(*) FROM state').get();
    return connection;
  } catch (error) {
    connection?.close();
    throw sqliteFault(path, 'open the file', error);
  }
}

function pragma(connection: DatabaseSync, text: string): SQLOutputValue | undefined {
  const row = connection.prepare(`PRAGMA ${text}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}
