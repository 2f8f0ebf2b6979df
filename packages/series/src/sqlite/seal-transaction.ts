import type { FailpointHook } from '@skerry/kernel';
import { isNumeric } from '../chunk-points.ts';
import { cutPoints, headRuns } from '../head-runs.ts';
import { addMinutes, type RollupRow } from '../rollup.ts';
import type { Seal } from '../store.ts';
import type { Turn } from '../turn.ts';
import { encodeVerdicts } from '../verdict-runs.ts';
import { writeChunk } from './chunk-rows.ts';
import type { DayFile, DayState } from './day-file.ts';
import { writeDeadLetters } from './dead-letter-rows.ts';
import type { DeviceRows } from './device-rows.ts';

/** What a committed seal leaves to do. */
export interface SealResult {
  readonly state: DayState;
  readonly chunks: number;
  /** Buckets of one minute of its numeric points, by series. */
  readonly minutes: RollupRow[];
}

/** Writes one seal as one transaction of `file`, in slices. When it fails, nothing of it is there. `onCommit` is called in the tick of the commit. */
export async function writeSeal(
  file: DayFile,
  seal: Seal,
  before: DayState,
  devices: DeviceRows,
  turn: Turn,
  failpoint: FailpointHook,
  onCommit: (result: SealResult) => void,
): Promise<void> {
  const state: DayState = {
    ...before,
    journalId: seal.journalId,
    seal: seal.number,
    position: seal.position,
    telemetryPosition: seal.telemetryPosition,
    logMicros: seal.logTimeMicros,
    isMerged: false,
  };
  file.begin();
  try {
    for (const one of seal.series) {
      file.run(
        'INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?)',
        one.id,
        one.tenant,
        one.project,
        one.device,
        one.metric,
      );
      if (turn.isDue()) await turn.take();
    }
    if (seal.series.length > 0) await turn.take();
    const { chunks, minutes, firstChunk } = await writePoints(file, seal, turn);
    await devices.write(file, seal, turn);
    if (turn.isDue()) await turn.take();
    writeDeadLetters(file, seal);
    file.run(
      'INSERT INTO seals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      seal.number,
      seal.from,
      seal.position,
      seal.telemetryPosition,
      seal.points.rows,
      seal.logTimeMicros,
      firstChunk,
      firstChunk + chunks,
      encodeVerdicts(seal.verdicts),
    );
    file.setState(state);
    failpoint('seal-before-commit');
    file.commit();
    devices.committed();
    onCommit({ state, chunks, minutes });
  } catch (error) {
    file.rollback();
    devices.rolledBack();
    throw error;
  }
}

async function writePoints(
  file: DayFile,
  seal: Seal,
  turn: Turn,
): Promise<{ chunks: number; minutes: RollupRow[]; firstChunk: number }> {
  const firstChunk = Number(file.get('SELECT max(id) AS id FROM chunks')?.id ?? 0) + 1;
  const minutes: RollupRow[] = [];
  let chunks = 0;
  for (const run of headRuns(seal.points)) {
    const place = { series: run.series, level: 0, seal: seal.number };
    for (const points of cutPoints(run.points)) {
      file.guard('write', () => writeChunk(file, place, points));
      chunks++;
    }
    if (isNumeric(run.points.type)) addMinutes(minutes, run.series, run.points);
    if (turn.isDue()) await turn.take();
  }
  return { chunks, minutes, firstChunk };
}
