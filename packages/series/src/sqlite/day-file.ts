import type { DatabaseSync } from 'node:sqlite';
import { CARRY_LETTER_HEADERS, HAS_LETTER_HEADERS } from './letter-header-rows.ts';
import { PackCache } from './pack-cache.ts';
import { CARRY_SESSIONS, HAS_SESSIONS } from './session-rows.ts';
import { sqliteFault, storeDamaged } from './sqlite-fault.ts';
import { CARRY_STAGES, HAS_STAGES } from './stage-rows.ts';
import { makeStoreFile, type Row, StoreFile } from './store-file.ts';

const APPLICATION_ID = 0x534b5344;

const SCHEMA = `
CREATE TABLE state(id INTEGER PRIMARY KEY, journal_id TEXT, seal INTEGER, position INTEGER, telemetry_position INTEGER,
  log_micros INTEGER, retention_micros INTEGER, merged INTEGER);
CREATE TABLE series(id INTEGER PRIMARY KEY, tenant TEXT, project TEXT, device TEXT, metric TEXT);
CREATE TABLE chunks(id INTEGER PRIMARY KEY, series INTEGER, type INTEGER, level INTEGER, seal INTEGER, n INTEGER,
  t0 INTEGER, t1 INTEGER, min REAL, max REAL, first REAL, last REAL, sum REAL, body BLOB);
CREATE INDEX chunks_series ON chunks(series, t0, t1);
CREATE TABLE seals(number INTEGER PRIMARY KEY, journal_from INTEGER, position INTEGER, telemetry_position INTEGER,
  points INTEGER, log_micros INTEGER, first_chunk INTEGER, end_chunk INTEGER, verdicts BLOB);
CREATE TABLE devices(id INTEGER PRIMARY KEY, tenant TEXT, project TEXT, device TEXT);
CREATE TABLE accounts(device INTEGER PRIMARY KEY, stored INTEGER, deduplicated INTEGER, filtered INTEGER,
  dead_lettered INTEGER, discarded INTEGER, expired INTEGER, time_corrected INTEGER, seq_resets INTEGER,
  last_seen INTEGER NOT NULL DEFAULT 0);
CREATE TABLE dedupe(id INTEGER PRIMARY KEY, device INTEGER, tier INTEGER, count INTEGER, newest INTEGER, entries BLOB,
  checksum INTEGER);
CREATE INDEX dedupe_device ON dedupe(device, id);
CREATE TABLE gaps(device INTEGER PRIMARY KEY, gaps TEXT, checksum INTEGER);
CREATE TABLE dead_letters(offset INTEGER PRIMARY KEY, received INTEGER, tenant TEXT, project TEXT, device TEXT,
  topic TEXT, client TEXT, reason TEXT, detail TEXT, stage TEXT, qos INTEGER, state TEXT, author TEXT,
  changed INTEGER, payload_checksum INTEGER, checksum INTEGER, payload BLOB);
CREATE INDEX dead_letters_state ON dead_letters(state, offset);
`;

const CARRY = `
INSERT INTO series SELECT * FROM old.series;
INSERT INTO devices SELECT * FROM old.devices;
INSERT INTO dedupe SELECT * FROM old.dedupe;
INSERT INTO gaps SELECT * FROM old.gaps;
INSERT INTO state SELECT id, journal_id, seal, position, telemetry_position, log_micros, retention_micros, 0 FROM old.state;
`;

const COUNTS =
  'device, stored, deduplicated, filtered, dead_lettered, discarded, expired, time_corrected, seq_resets';

/** Carries accounts over; files of older versions do not say when a device was heard last. */
function carryAccounts(connection: DatabaseSync, old: DayFile): void {
  const columns = hasLastSeen(old) ? `${COUNTS}, last_seen` : COUNTS;
  connection.exec(`INSERT INTO accounts (${columns}) SELECT ${columns} FROM old.accounts`);
}

/** Whether the accounts of a file say when a device was heard last. */
export function hasLastSeen(file: StoreFile): boolean {
  return (
    file.get("SELECT count(*) AS n FROM pragma_table_info('accounts') WHERE name = 'last_seen'")?.n === 1
  );
}

/** The consumer's position and clock as the `state` row has them. */
export interface DayState {
  readonly journalId: string;
  readonly seal: number;
  readonly position: number;
  readonly telemetryPosition: number;
  readonly logMicros: number;
  readonly retentionMicros: number;
  readonly isMerged: boolean;
}

/** A seal's row without its verdicts. */
export interface SealRow {
  readonly number: number;
  readonly firstChunk: number;
  readonly endChunk: number;
}

/** The file of one day of receipt. */
export class DayFile extends StoreFile {
  /** `yyyy-mm-dd`, UTC. */
  readonly day: string;
  /** What queries decoded of it. */
  readonly packs = new PackCache();

  constructor(path: string, day: string, fileBytesMax: number) {
    super(path, { applicationId: APPLICATION_ID, fileBytesMax });
    this.day = day;
  }

  /** The state row; a file without one fails with `store-damaged`. */
  state(): DayState {
    const row = this.get('SELECT * FROM state WHERE id = 1');
    if (!row) throw storeDamaged(this.path, 'its state is missing');
    return {
      journalId: String(row.journal_id),
      seal: Number(row.seal),
      position: Number(row.position),
      telemetryPosition: Number(row.telemetry_position),
      logMicros: Number(row.log_micros),
      retentionMicros: Number(row.retention_micros),
      isMerged: row.merged === 1,
    };
  }

  /** Replaces the state row; inside the transaction that makes it true. */
  setState(state: DayState): void {
    this.run(
      'INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
      state.journalId,
      state.seal,
      state.position,
      state.telemetryPosition,
      state.logMicros,
      state.retentionMicros,
      state.isMerged ? 1 : 0,
    );
  }

  /** Seals of this file above `number`, in order. */
  sealsAbove(number: number): SealRow[] {
    return this.all(
      'SELECT number, first_chunk, end_chunk FROM seals WHERE number > ? ORDER BY number',
      number,
    ).map((row: Row) => ({
      number: Number(row.number),
      firstChunk: Number(row.first_chunk),
      endChunk: Number(row.end_chunk),
    }));
  }
}

/**
 * Makes the file of a day at `path`, whole, with the state of `old` carried over, or with the first state.
 * Closed dead letters changed before `closedSinceMicros` stay behind.
 */
export function makeDayFile(
  path: string,
  old: DayFile | undefined,
  first: DayState,
  closedSinceMicros: number,
): void {
  makeStoreFile(path, APPLICATION_ID, SCHEMA, old?.path, (connection: DatabaseSync) => {
    if (!old) {
      connection
        .prepare('INSERT INTO state VALUES (1, ?, ?, ?, ?, ?, ?, 0)')
        .run(
          first.journalId,
          first.seal,
          first.position,
          first.telemetryPosition,
          first.logMicros,
          first.retentionMicros,
        );
      return;
    }
    try {
      connection.exec(CARRY);
      carryAccounts(connection, old);
      if (old.get(HAS_SESSIONS)?.n === 1) connection.exec(CARRY_SESSIONS);
      if (old.get(HAS_STAGES)?.n === 1) connection.exec(CARRY_STAGES);
      connection
        .prepare(
          "INSERT INTO dead_letters SELECT * FROM old.dead_letters WHERE state = 'open' OR changed >= ?",
        )
        .run(closedSinceMicros);
      if (old.get(HAS_LETTER_HEADERS)?.n === 1) connection.exec(CARRY_LETTER_HEADERS);
    } catch (error) {
      throw sqliteFault(old.path, 'carry the state over from', error);
    }
  });
}
