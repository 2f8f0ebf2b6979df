import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { AccessDocuments, DocumentKind } from '../documents.ts';
import { AccessError } from '../errors.ts';
import type { AccessStore, Item, Use } from '../store.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS items (
  kind TEXT NOT NULL, name TEXT NOT NULL, secret TEXT, used_micros INTEGER NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (kind, name)) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS items_by_secret ON items (kind, secret) WHERE secret IS NOT NULL;`;

const FORMAT_VERSION = 1;

const STATEMENTS = {
  find: 'SELECT name, secret, used_micros, document FROM items WHERE kind = ? AND name = ?',
  findBySecret: 'SELECT name, secret, used_micros, document FROM items WHERE kind = ? AND secret = ?',
  list: 'SELECT name, secret, used_micros, document FROM items WHERE kind = ? AND name > ? ORDER BY name LIMIT ?',
  count: 'SELECT count(*) AS n FROM items WHERE kind = ?',
  create:
    'INSERT INTO items (kind, name, secret, used_micros, document) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  replace: 'UPDATE items SET secret = ?, document = ? WHERE kind = ? AND name = ?',
  remove: 'DELETE FROM items WHERE kind = ? AND name = ?',
  touch: 'UPDATE items SET used_micros = ? WHERE kind = ? AND name = ? AND used_micros < ?',
} as const;

interface Row {
  readonly name: string;
  readonly secret: string | null;
  readonly used_micros: number;
  readonly document: string;
}

/**
 * Opens the store in one SQLite file (`access.db`; created with mode 0600 where it is missing), WAL with FULL: durable
 * when a call resolves. Fails with `access-store-failed`, or `access-store-damaged` for a file that is no whole database.
 */
export function openSqliteStore(path: string): AccessStore {
  const database = guarded(`opening ${path}`, () => {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const opened = new DatabaseSync(path);
    opened.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;');
    const version = opened.prepare('PRAGMA user_version').get()?.user_version;
    // nothing is written into a file that is in order: it may lie on a full disk
    if (version === FORMAT_VERSION) return opened;
    if (version !== 0) throw new TypeError(`it has version ${version}, wanted ${FORMAT_VERSION}`);
    opened.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${FORMAT_VERSION}; COMMIT;`);
    return opened;
  });
  return new SqliteAccessStore(database);
}

class SqliteAccessStore implements AccessStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<keyof typeof STATEMENTS, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Item<Kind> | undefined> {
    return this.#rows(kind, 'find', kind, name)[0];
  }

  async findBySecret<Kind extends DocumentKind>(kind: Kind, secret: string) {
    return secret === '' ? undefined : this.#rows(kind, 'findBySecret', kind, secret)[0];
  }

  async list<Kind extends DocumentKind>(kind: Kind, after: string | undefined, limit: number) {
    return this.#rows(kind, 'list', kind, after ?? '', limit);
  }

  async count(kind: DocumentKind): Promise<number> {
    return guarded('counting', () => Number(this.#of('count').get(kind)?.n));
  }

  async create<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean> {
    const { kind, name, secret, usedMicros, document } = item;
    const text = JSON.stringify(document);
    return this.#change('create', kind, name, secret === '' ? null : secret, usedMicros, text) > 0;
  }

  async replace<Kind extends DocumentKind>({ kind, name, secret, document }: Item<Kind>): Promise<boolean> {
    return this.#change('replace', secret === '' ? null : secret, JSON.stringify(document), kind, name) > 0;
  }

  async remove(kind: DocumentKind, names: readonly string[]): Promise<number> {
    return this.#together(() => names.reduce((sum, name) => sum + this.#change('remove', kind, name), 0));
  }

  async touch(uses: readonly Use[]): Promise<void> {
    this.#together(() => {
      for (const { kind, name, usedMicros } of uses)
        this.#change('touch', usedMicros, kind, name, usedMicros);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }

  #rows<Kind extends DocumentKind>(
    kind: Kind,
    statement: keyof typeof STATEMENTS,
    ...values: SQLInputValue[]
  ): Item<Kind>[] {
    const rows = guarded('reading', () => this.#of(statement).all(...values));
    return rows.map((row) => itemOf(kind, row as unknown as Row)); // the columns of the statement
  }

  #change(statement: keyof typeof STATEMENTS, ...values: SQLInputValue[]): number {
    return guarded('writing', () => Number(this.#of(statement).run(...values).changes));
  }

  #together<T>(work: () => T): T {
    guarded('writing', () => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      guarded('writing', () => this.#database.exec('COMMIT'));
      return result;
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw cause;
    }
  }

  #of(name: keyof typeof STATEMENTS): StatementSync {
    const known = this.#statements.get(name) ?? this.#database.prepare(STATEMENTS[name]);
    this.#statements.set(name, known);
    return known;
  }
}

function itemOf<Kind extends DocumentKind>(kind: Kind, row: Row): Item<Kind> {
  const document = JSON.parse(row.document) as AccessDocuments[Kind]; // written by `create` or `replace`
  return { kind, name: row.name, secret: row.secret ?? '', usedMicros: row.used_micros, document };
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE: ReadonlySet<number> = new Set([11, 26]);

function guarded<T>(action: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AccessError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    const isDamaged = DAMAGE.has(Number(cause instanceof Error && 'errcode' in cause ? cause.errcode : 0));
    throw new AccessError(
      isDamaged ? 'access-store-damaged' : 'access-store-failed',
      `The store of users failed at ${action}: ${text}.`,
      {},
      cause,
    );
  }
}
