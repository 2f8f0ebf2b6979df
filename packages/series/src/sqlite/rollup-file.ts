import { storeDamaged } from './sqlite-fault.ts';
import { makeStoreFile, StoreFile } from './store-file.ts';

const APPLICATION_ID = 0x534b5352;

const SCHEMA = `
CREATE TABLE state(id INTEGER PRIMARY KEY, journal_id TEXT, applied INTEGER);
CREATE TABLE partials(id INTEGER PRIMARY KEY, block INTEGER, seal INTEGER, body BLOB);
CREATE INDEX partials_block ON partials(block, id);
CREATE TABLE rollups(series INTEGER, step INTEGER, day INTEGER, body BLOB);
CREATE UNIQUE INDEX rollups_series ON rollups(series, step, day);
CREATE TABLE gone(series INTEGER PRIMARY KEY, until INTEGER);
`;

/** The rollup file of one month of receipt. */
export class RollupFile extends StoreFile {
  /** `yyyy-mm`, UTC. */
  readonly month: string;

  constructor(path: string, month: string, fileBytesMax: number) {
    super(path, { applicationId: APPLICATION_ID, fileBytesMax });
    this.month = month;
  }

  /** Journal and number of the last seal in the rollups. */
  state(): { readonly journalId: string; readonly applied: number } {
    const row = this.get('SELECT journal_id, applied FROM state WHERE id = 1');
    if (!row) throw storeDamaged(this.path, 'its state is missing');
    return { journalId: String(row.journal_id), applied: Number(row.applied) };
  }
}

/** Makes the rollup file of a month at `path`, whole, with what `old` holds for all months carried over. */
export function makeRollupFile(path: string, old: RollupFile | undefined, journalId: string): void {
  makeStoreFile(path, APPLICATION_ID, SCHEMA, old?.path, (connection) => {
    if (old) {
      connection.exec('INSERT INTO state SELECT * FROM old.state; INSERT INTO gone SELECT * FROM old.gone;');
    } else {
      connection.prepare('INSERT INTO state VALUES (1, ?, 0)').run(journalId);
    }
  });
}
