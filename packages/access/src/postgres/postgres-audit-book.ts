import type { Clock, Logger } from '@skerry/kernel';
import { auditTables } from '@skerry/kernel/node';
import type pg from 'pg';
import { type AuditBook, noteAround } from '../audit-book.ts';
import {
  type AuditEntry,
  type AuditNote,
  CHAIN_START,
  ChainCheck,
  decodeEntry,
  encodeEntry,
} from '../audit-chain.ts';
import type { AuditVerdict } from '../audit-files.ts';
import { AccessError } from '../errors.ts';
import { RefusalFold } from '../refusal-fold.ts';
import { accessFault } from './access-fault.ts';
import { type AccessPool, openAccessPool, type PostgresAccessOptions } from './access-pool.ts';
import { makeSchema } from './postgres-access-store.ts';

/** What the audit log in PostgreSQL works with. */
export interface PostgresAuditNeeds {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Line {
  readonly n: string;
  readonly line: string;
}

interface Waiting {
  readonly note: AuditNote;
  resolve(): void;
  reject(fault: unknown): void;
}

const PAGE_ROWS = 1_000;
const TABLE = 'audit_entries';

/**
 * Opens the audit log that several processes share: the same lines and the same chain as in files (docs/formats/audit.md),
 * one row each. Whoever appends holds the row of the head, so that there is one chain whatever the number of writers; an
 * entry is durable when its transaction is. Fails with `access-store-failed`.
 */
export async function openPostgresAuditBook(
  options: PostgresAccessOptions,
  needs: PostgresAuditNeeds,
): Promise<AuditBook> {
  const { schema = 'skerry' } = options;
  const book = new PostgresAuditBook(openAccessPool(options, 'skerry audit', 2), schema, needs);
  try {
    await book.prepare();
    return book;
  } catch (fault) {
    await book[Symbol.asyncDispose]();
    throw fault;
  }
}

class PostgresAuditBook implements AuditBook {
  /** It never does: PostgreSQL may be away, and notes are refused meanwhile. */
  readonly failed: Promise<never> = new Promise<never>(() => undefined);
  readonly #pool: AccessPool;
  readonly #schema: string;
  readonly #needs: PostgresAuditNeeds;
  readonly #refusals: RefusalFold;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;

  constructor(pool: AccessPool, schema: string, needs: PostgresAuditNeeds) {
    this.#pool = pool;
    this.#schema = schema;
    this.#needs = needs;
    this.#refusals = new RefusalFold(needs.clock, (note) => void this.#folded(note));
  }

  /** Makes the tables where they are missing; processes that start at once do not disturb each other. */
  async prepare(): Promise<void> {
    await this.#transact('opening', async (client) => {
      await client.query("SELECT pg_advisory_xact_lock(hashtext('skerry access'))");
      const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [
        `${this.#schema}.audit_head`,
      ]);
      if (rows[0]?.there !== true) {
        await client.query(makeSchema(this.#schema));
        await client.query(auditTables(this.#schema));
      }
      await client.query(
        `INSERT INTO ${this.#schema}.audit_head VALUES (true, $1, $2) ON CONFLICT DO NOTHING`,
        [CHAIN_START.n, CHAIN_START.hash],
      );
    });
  }

  note(note: AuditNote): Promise<void> {
    if (note.outcome === 'refused' && !this.#refusals.isFirst(note)) return Promise.resolve();
    return this.#add(note);
  }

  around<T>(note: Omit<AuditNote, 'outcome'>, work: () => Promise<T>): Promise<T> {
    return noteAround(this, note, work);
  }

  async list(
    before: number | undefined,
    limit: number,
    isWanted: (entry: AuditEntry) => boolean,
  ): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    for (let below = before ?? Number.MAX_SAFE_INTEGER; found.length < limit; ) {
      const rows = await this.#lines('n < $1 ORDER BY n DESC', below);
      for (const { line } of rows) {
        const entry = decodeEntry(line)?.entry;
        if (entry && found.length < limit && isWanted(entry)) found.push(entry);
      }
      if (rows.length < PAGE_ROWS) break;
      below = Number(rows.at(-1)?.n);
    }
    return found;
  }

  async verify(): Promise<AuditVerdict> {
    const head = await this.#transact('reading', async (client) => {
      const { rows } = await client.query(`SELECT n, hash FROM ${this.#schema}.audit_head`);
      return { n: Number(rows[0]?.n), hash: String(rows[0]?.hash) };
    });
    const check = new ChainCheck();
    let entries = 0;
    for (let after = 0; after < head.n; ) {
      const rows = (await this.#lines('n > $1 ORDER BY n', after)).filter(({ n }) => Number(n) <= head.n);
      if (rows.length === 0) break;
      for (const { n, line } of rows) check.take(line, TABLE, Number(n));
      entries += rows.length;
      after = Number(rows.at(-1)?.n);
    }
    const findings = check.end(head);
    return { entries, head: entries === 0 ? CHAIN_START : check.head, findings };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusals[Symbol.dispose]();
    await this.#flushing;
    await this.#pool.end();
  }

  async #folded(note: AuditNote): Promise<void> {
    try {
      await this.#add(note);
    } catch (fault) {
      this.#needs.logger.log('warn', 'counted refusals were not noted', { error: String(fault) });
    }
  }

  #add(note: AuditNote): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ note, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** What comes while one transaction is under way goes into the next. */
  async #flush(): Promise<void> {
    await undefined;
    for (let some = this.#waiting.splice(0); some.length > 0; some = this.#waiting.splice(0)) {
      try {
        await this.#append(some.map(({ note }) => note));
        for (const { resolve } of some) resolve();
      } catch (cause) {
        const text = cause instanceof Error ? cause.message : String(cause);
        const fault = new AccessError(
          'audit-failed',
          `Appending to the audit log failed: ${text}`,
          {},
          cause,
        );
        for (const { reject } of some) reject(fault);
      }
    }
    this.#flushing = undefined;
  }

  async #append(notes: readonly AuditNote[]): Promise<void> {
    await this.#transact('noting', async (client) => {
      const { rows } = await client.query(`SELECT n, hash FROM ${this.#schema}.audit_head FOR UPDATE`);
      let head = { n: Number(rows[0]?.n), hash: String(rows[0]?.hash) };
      const lines = notes.map((note) => {
        const entry = { n: head.n + 1, atMicros: this.#needs.clock.nowMicros(), ...note };
        const { line, hash } = encodeEntry(entry, head.hash);
        head = { n: entry.n, hash };
        return line;
      });
      const numbers = lines.map((_, i) => head.n - lines.length + 1 + i);
      await client.query(
        `INSERT INTO ${this.#schema}.${TABLE} (n, line) SELECT * FROM unnest($1::bigint[], $2::text[])`,
        [numbers, lines],
      );
      await client.query(`UPDATE ${this.#schema}.audit_head SET n = $1, hash = $2`, [head.n, head.hash]);
    });
  }

  async #lines(where: string, bound: number): Promise<Line[]> {
    return await this.#transact('reading', async (client) => {
      const text = `SELECT n, line FROM ${this.#schema}.${TABLE} WHERE ${where} LIMIT ${PAGE_ROWS}`;
      return (await client.query<Line>(text, [bound])).rows;
    });
  }

  async #transact<T>(action: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.use(async (client) => {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      });
    } catch (cause) {
      throw accessFault('audit log', action, this.#pool.place, cause);
    }
  }
}
