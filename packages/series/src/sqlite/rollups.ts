import type { FailpointHook } from '@skerry/kernel';
import { isNumeric } from '../chunk-points.ts';
import { blockOf, blockOfKey, runsOfPack } from '../pack.ts';
import { combineRows, decodeRollup, encodeRollup, ROLLUP_STEPS, type RollupRow } from '../rollup.ts';
import type { Turn } from '../turn.ts';
import { readChunk, readPack } from './chunk-rows.ts';
import type { DayFile, SealRow } from './day-file.ts';
import type { RollupFile } from './rollup-file.ts';
import { type BlockMinutes, SealMinutes } from './seal-minutes.ts';
import { sqliteFault, storeDamaged } from './sqlite-fault.ts';
import type { Row } from './store-file.ts';

/** Rows of a block from which they are folded into the rows of its series. */
export const FOLD_ROWS = 128;

const DAY_MICROS = 86_400_000_000;

/** The minutes of a seal again, from the chunks that it wrote. */
export async function minutesOfSeal(
  file: DayFile,
  seal: SealRow,
  turn: Turn,
): Promise<readonly BlockMinutes[]> {
  const minutes = new SealMinutes();
  for (let id = seal.firstChunk; id < seal.endChunk; id++) {
    const row = file.get('SELECT series, type, seal, body FROM chunks WHERE id = ?', id);
    if (!row || Number(row.seal) !== seal.number) {
      throw storeDamaged(file.path, `chunk ${id} of seal ${seal.number} is missing`);
    }
    if (!isNumeric(Number(row.type))) continue;
    const key = Number(row.series);
    const runs =
      key < 0
        ? runsOfPack(readPack(file.path, row.body, blockOfKey(key)))
        : [{ series: key, points: readChunk(file.path, row.body) }];
    for (const { series, points } of runs) minutes.add(series, points, 0, points.times.length);
    if (turn.isDue()) await turn.take();
  }
  return minutes.finish();
}

/** Adds a seal's minutes to the rollups, and says in the same transaction that it is applied. `onCommit` is called in the tick of the commit. */
export async function applySeal(
  file: RollupFile,
  number: number,
  minutes: readonly BlockMinutes[],
  turn: Turn,
  failpoint: FailpointHook,
  onCommit: (blocks: readonly number[]) => void,
): Promise<void> {
  const blocks: number[] = [];
  file.begin();
  try {
    for (const { block, body } of minutes) {
      file.run('INSERT INTO partials (block, seal, body) VALUES (?, ?, ?)', block, number, body);
      blocks.push(block);
      if (turn.isDue()) await turn.take();
    }
    file.run('UPDATE state SET applied = ? WHERE id = 1', number);
    failpoint('rollup-before-commit');
    file.commit();
    onCommit(blocks);
  } catch (error) {
    file.rollback();
    throw error;
  }
}

/** Folds all partial rows of a block into the rows of its series. Sums stay the same. */
export async function foldBlock(file: RollupFile, block: number, turn: Turn): Promise<void> {
  file.begin();
  try {
    const rows: RollupRow[] = [];
    let last = 0;
    for (const row of file.all('SELECT id, body FROM partials WHERE block = ? ORDER BY id', block)) {
      for (const one of decodeBody(file.path, row)) rows.push(one);
      last = Number(row.id);
      if (turn.isDue()) await turn.take();
    }
    for (const [series, own] of byKey(rows, (row) => row.series)) {
      for (const step of ROLLUP_STEPS) foldSeries(file, series, step, own);
      if (turn.isDue()) await turn.take();
    }
    file.run('DELETE FROM partials WHERE block = ? AND id <= ?', block, last);
    file.commit();
  } catch (error) {
    file.rollback();
    throw error;
  }
}

function foldSeries(file: RollupFile, series: number, step: number, rows: readonly RollupRow[]): void {
  for (const [day, own] of byKey(rows, (row) => Math.floor(row.start / DAY_MICROS))) {
    const known = file.get(
      'SELECT body FROM rollups WHERE series = ? AND step = ? AND day = ?',
      series,
      step,
      day,
    );
    const all = combineRows([...(known ? decodeBody(file.path, known) : []), ...own], step);
    file.run('INSERT OR REPLACE INTO rollups VALUES (?, ?, ?, ?)', series, step, day, encodeRollup(all));
  }
}

/** Rollup rows of a series that start in [from, to): of `step` where folded, of one minute where not yet. Not added up. */
export function readRollups(
  file: RollupFile,
  series: number,
  step: number,
  fromMicros: number,
  toMicros: number,
): RollupRow[] {
  const snapshot = file.snapshot();
  try {
    const folded = snapshot.all(
      'SELECT body FROM rollups WHERE series = ? AND step = ? AND day >= ? AND day <= ?',
      series,
      step,
      Math.floor(fromMicros / DAY_MICROS),
      Math.floor(toMicros / DAY_MICROS),
    );
    const partial = snapshot.all('SELECT body FROM partials WHERE block = ?', blockOf(series));
    return [...folded, ...partial]
      .flatMap((row) => decodeBody(file.path, row))
      .filter((row) => row.series === series && row.start >= fromMicros && row.start < toMicros);
  } finally {
    file.release(snapshot);
  }
}

function decodeBody(path: string, row: Row): RollupRow[] {
  try {
    return decodeRollup(row.body as Uint8Array); // a BLOB column is given as bytes
  } catch (error) {
    throw sqliteFault(path, 'read rollups', error);
  }
}

function byKey<T>(rows: readonly T[], keyOf: (row: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
