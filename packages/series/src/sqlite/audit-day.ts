import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { DeadLetter, DeadLetterReason, DeadLetterState } from '@skerry/model';
import type { ChunkScratch } from '../chunk.ts';
import type { ChunkPoints } from '../chunk-points.ts';
import { SeriesError } from '../errors.ts';
import { blockOfKey, runsOfPack } from '../pack.ts';
import type { VerdictRun } from '../store.ts';
import { decodeVerdicts } from '../verdict-runs.ts';
import { readChunk, readPack } from './chunk-rows.ts';
import type { DayState } from './day-file.ts';
import { checkLetter } from './row-checksums.ts';
import { sqliteFault, storeDamaged } from './sqlite-fault.ts';
import { FORMAT_VERSION, type Row } from './store-file.ts';

// fixed by the format: docs/formats/series.md
const APPLICATION_ID = 0x534b5344;

/** A row of `chunks`: a chunk of one series, or a pack of several. */
export interface AuditChunk {
  readonly id: number;
  /** Of all its points. */
  readonly offsets: Float64Array;
  readonly runs: readonly { readonly series: number; readonly points: ChunkPoints }[];
}

/**
 * The file of one day, read by a connection of its own, as of the moment it was opened. Fails with `store-damaged` when it
 * is not what the store wrote, or as SQLite does. Read-only, so that a file that is gone is not made anew, and that
 * closing it never writes.
 */
export class AuditDay {
  readonly path: string;
  /** `yyyy-mm-dd`, UTC. */
  readonly day: string;
  /** The state row, which agrees with the last seal. */
  readonly state: Pick<
    DayState,
    'journalId' | 'seal' | 'position' | 'telemetryPosition' | 'logMicros' | 'retentionMicros'
  >;
  /** The first seal that is here or will be, and the offset it begins at. */
  readonly first: { readonly number: number; readonly from: number };
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, day: string) {
    this.path = path;
    this.day = day;
    this.#connection = this.#guard('open', () => new DatabaseSync(path, { readOnly: true, timeout: 5000 }));
    try {
      this.#guard('begin to read', () => this.#connection.exec('PRAGMA cache_size=-1024; BEGIN'));
      this.#checkKind();
      this.state = this.#readState();
      this.first = this.#readFirst();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Runs a statement for its rows. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guard('read', () => this.#statement(sql).all(...values));
  }

  /** Runs a statement for its first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard('read', () => this.#statement(sql).get(...values));
  }

  /** The chunk with the next higher id; its points lie in `scratch`. Fails with `chunk-damaged`. */
  chunkAfter(id: number, scratch: ChunkScratch): AuditChunk | undefined {
    return this.#chunkOf(
      this.get('SELECT id, series, body FROM chunks WHERE id > ? ORDER BY id LIMIT 1', id),
      scratch,
    );
  }

  /** The chunk with this id; its points lie in `scratch`. Fails with `chunk-damaged`. */
  chunk(id: number, scratch: ChunkScratch): AuditChunk | undefined {
    return this.#chunkOf(this.get('SELECT id, series, body FROM chunks WHERE id = ?', id), scratch);
  }

  /** The verdicts in a row of `seals`. Fails with `store-damaged`. */
  verdictsOf(row: Row): VerdictRun[] {
    try {
      return decodeVerdicts(row.verdicts as Uint8Array); // a BLOB column is given as bytes
    } catch (cause) {
      if (!(cause instanceof SeriesError)) throw cause;
      throw storeDamaged(this.path, `the verdicts of seal ${row.number} cannot be read (${cause.message})`);
    }
  }

  /** A dead letter as this day has it. Fails with `store-damaged` when it does not fit its checksum. */
  deadLetter(offset: number): DeadLetter | undefined {
    const row = this.get('SELECT * FROM dead_letters WHERE offset = ?', offset);
    if (row) checkLetter(this.path, row);
    return row && letterOf(row);
  }

  /** Ends the transaction and closes the connection. */
  close(): void {
    this.#connection.close();
  }

  #chunkOf(row: Row | undefined, scratch: ChunkScratch): AuditChunk | undefined {
    if (!row) return undefined;
    const id = Number(row.id);
    const key = Number(row.series);
    if (key < 0) {
      const pack = readPack(this.path, row.body, blockOfKey(key), scratch);
      return { id, offsets: pack.points.offsets, runs: [...runsOfPack(pack)] };
    }
    const points = readChunk(this.path, row.body, scratch);
    return { id, offsets: points.offsets, runs: [{ series: key, points }] };
  }

  #checkKind(): void {
    const id = Number(this.get('PRAGMA application_id')?.application_id);
    const version = Number(this.get('PRAGMA user_version')?.user_version);
    if (id !== APPLICATION_ID || version !== FORMAT_VERSION)
      throw storeDamaged(
        this.path,
        `it is not a day's file of the store (application ${id}, version ${version})`,
      );
  }

  #readState(): AuditDay['state'] {
    const row = this.get('SELECT * FROM state WHERE id = 1');
    if (!row) throw storeDamaged(this.path, 'its state is missing');
    const state = {
      journalId: String(row.journal_id),
      seal: Number(row.seal),
      position: Number(row.position),
      telemetryPosition: Number(row.telemetry_position),
      logMicros: Number(row.log_micros),
      retentionMicros: Number(row.retention_micros),
    };
    const last = this.get('SELECT number, position FROM seals ORDER BY number DESC LIMIT 1');
    if (last && (Number(last.number) !== state.seal || Number(last.position) !== state.position))
      throw storeDamaged(
        this.path,
        `its state is of seal ${state.seal} at position ${state.position}, and its last seal is ${last.number} at ${last.position}`,
      );
    return state;
  }

  #readFirst(): AuditDay['first'] {
    const row = this.get('SELECT number, journal_from FROM seals ORDER BY number LIMIT 1');
    return row
      ? { number: Number(row.number), from: Number(row.journal_from) }
      : { number: this.state.seal + 1, from: this.state.position };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(action: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw sqliteFault(this.path, action, error);
    }
  }
}

function letterOf(row: Row): DeadLetter {
  return {
    offset: Number(row.offset),
    receivedMicros: Number(row.received),
    tenant: String(row.tenant),
    project: String(row.project),
    device: String(row.device),
    topic: String(row.topic),
    client: String(row.client),
    reason: String(row.reason) as DeadLetterReason, // written from this type
    detail: String(row.detail),
    stage: String(row.stage),
    payload: row.payload as Uint8Array, // a BLOB column is given as bytes
    qos: Number(row.qos),
    state: String(row.state) as DeadLetterState, // written from this type
    author: String(row.author),
    changedMicros: Number(row.changed),
  };
}
