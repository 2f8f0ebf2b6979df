import type { FailpointHook } from '@skerry/kernel';
import type { SeriesDefinition } from '@skerry/model';
import type { Seal } from '../store.ts';
import type { Turn } from '../turn.ts';
import { encodeVerdicts } from '../verdict-runs.ts';
import type { DayFile, DayState } from './day-file.ts';
import { writeDeadLetters } from './dead-letter-rows.ts';
import type { DeviceRows } from './device-rows.ts';
import type { BlockMinutes } from './seal-minutes.ts';
import { SealPoints } from './seal-points.ts';
import { writeSessions } from './session-rows.ts';
import { writeStages } from './stage-rows.ts';

const SERIES_AT_ONCE = 64;
const INSERT_ONE = 'INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?)';
const INSERT_MANY = INSERT_ONE + ', (?, ?, ?, ?, ?)'.repeat(SERIES_AT_ONCE - 1);

/** What a committed seal leaves to do. */
export interface SealResult {
  readonly state: DayState;
  readonly chunks: number;
  /** Buckets of one minute of its numeric points. */
  readonly minutes: readonly BlockMinutes[];
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
    await writeSeries(file, seal, turn);
    if (seal.series.length > 0) await turn.take();
    const firstChunk = Number(file.get('SELECT max(id) AS id FROM chunks')?.id ?? 0) + 1;
    const points = new SealPoints(file, seal);
    await points.write(turn);
    const { chunks } = points;
    await devices.write(file, seal, turn);
    if (turn.isDue()) await turn.take();
    writeDeadLetters(file, seal);
    writeStages(file, seal);
    writeSessions(file, seal.sessions);
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
    onCommit({ state, chunks, minutes: points.minutes });
  } catch (error) {
    file.rollback();
    devices.rolledBack();
    throw error;
  }
}

/** New series, many to a statement: a call costs more than a row. */
async function writeSeries(file: DayFile, { series }: Pick<Seal, 'series'>, turn: Turn): Promise<void> {
  let start = 0;
  for (; start + SERIES_AT_ONCE <= series.length; start += SERIES_AT_ONCE) {
    file.run(INSERT_MANY, ...series.slice(start, start + SERIES_AT_ONCE).flatMap(valuesOf));
    if (turn.isDue()) await turn.take();
  }
  for (const one of series.slice(start)) file.run(INSERT_ONE, ...valuesOf(one));
}

function valuesOf({ id, tenant, project, device, metric }: SeriesDefinition): (number | string)[] {
  return [id, tenant, project, device, metric];
}
