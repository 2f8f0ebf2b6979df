import type { Seal, StageRow } from '../store.ts';
import { checkStage, stageChecksum } from './row-checksums.ts';
import type { StoreFile } from './store-file.ts';

const TABLE =
  'CREATE TABLE IF NOT EXISTS stages(id INTEGER PRIMARY KEY, pipeline TEXT, part TEXT, checksum INTEGER, body TEXT)';
const INDEX = 'CREATE UNIQUE INDEX IF NOT EXISTS stages_part ON stages(pipeline, part)';

/** Copies the table of the file attached as `old`, where it has one: files of stores without pipelines have none. */
export const CARRY_STAGES = `${TABLE}; ${INDEX}; INSERT INTO stages SELECT * FROM old.stages;`;

const UPSERT = `INSERT INTO stages (pipeline, part, checksum, body) VALUES (?, ?, ?, ?)
  ON CONFLICT (pipeline, part) DO UPDATE SET checksum = excluded.checksum, body = excluded.body`;

/** Whether a file has the table. */
export const HAS_STAGES = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'stages'";

/** What rows are read from. */
type Readable = Pick<StoreFile, 'get' | 'all' | 'path'>;

/** Writes the rows that a seal changes; inside its transaction. The table is made with the first. */
export function writeStages(file: StoreFile, { stages = [] }: Pick<Seal, 'stages'>): void {
  if (stages.length === 0) return;
  file.run(TABLE);
  file.run(INDEX);
  for (const { pipeline, part, body } of stages) {
    if (body === undefined) file.run('DELETE FROM stages WHERE pipeline = ? AND part = ?', pipeline, part);
    else file.run(UPSERT, pipeline, part, stageChecksum(pipeline, part, body), body);
  }
}

/** All rows, in the order in which they were made. Fails with `store-damaged` when one does not fit its checksum. */
export function readStages(file: Readable): StageRow[] {
  if (Number(file.get(HAS_STAGES)?.n) === 0) return [];
  return file.all('SELECT * FROM stages ORDER BY id').map((row) => {
    checkStage(file.path, row);
    return { pipeline: String(row.pipeline), part: String(row.part), body: String(row.body) };
  });
}
