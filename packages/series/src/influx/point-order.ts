import type { HeadColumns } from '../head.ts';
import { slotsOf } from './point-time.ts';

/** Points of one series and time in one seal, so far. */
interface Run {
  /** Offset of the first record among them. */
  readonly first: number;
  offset: number;
  /** How many points of the record at `offset` came before the last one. */
  nth: number;
}

interface SeriesRuns {
  newest: number;
  run: Run;
  row: number;
  /** Runs of earlier times, once one of them was asked for again. */
  others: Map<number, Run> | undefined;
}

/**
 * Tells points of one seal apart that have one series and one time, where their nanoseconds do not: several of one record,
 * and records so far apart that the order of the time begins again. Rows are asked for in their order.
 */
export class PointOrder {
  readonly #columns: HeadColumns;
  readonly #previous: Int32Array;
  #series: (SeriesRuns | undefined)[] = [];

  constructor(columns: HeadColumns, rows: number) {
    this.#columns = columns;
    this.#previous = new Int32Array(rows);
  }

  /** Another seal begins with the next row. */
  begin(): void {
    this.#series = [];
  }

  /** Empty for nearly every point, else what tells it from the others: `lap`, or `lap.nth`. */
  markOf(row: number): string {
    const { series, time, offset: offsets } = this.#columns;
    const id = Number(series[row]);
    const micros = Number(time[row]);
    const offset = Number(offsets[row]);
    const known = this.#series[id];
    this.#previous[row] = known?.row ?? -1;
    if (!known) {
      this.#series[id] = { newest: micros, run: beginRun(offset), row, others: undefined };
      return '';
    }
    if (micros > known.newest) {
      known.others?.set(known.newest, known.run);
      known.newest = micros;
      known.run = beginRun(offset);
      known.row = row;
      return '';
    }
    if (micros === known.newest) {
      known.row = row;
      return goOn(known.run, micros, offset);
    }
    known.others ??= this.#earlier(known);
    known.row = row;
    const run = known.others.get(micros);
    if (run) return goOn(run, micros, offset);
    known.others.set(micros, beginRun(offset));
    return '';
  }

  /** Runs of all times before the newest, read again once. */
  #earlier({ newest, row }: SeriesRuns): Map<number, Run> {
    const { time, offset } = this.#columns;
    const rows: number[] = [];
    for (let at = row; at >= 0; at = Number(this.#previous[at])) rows.push(at);
    const runs = new Map<number, Run>();
    for (const at of rows.reverse()) {
      const micros = Number(time[at]);
      const run = runs.get(micros);
      if (micros === newest) continue;
      if (run) goOn(run, micros, Number(offset[at]));
      else runs.set(micros, beginRun(Number(offset[at])));
    }
    return runs;
  }
}

function beginRun(offset: number): Run {
  return { first: offset, offset, nth: 0 };
}

function goOn(run: Run, micros: number, offset: number): string {
  run.nth = offset === run.offset ? run.nth + 1 : 0;
  run.offset = offset;
  const lap = Math.floor((offset - run.first) / (slotsOf(micros) / 2));
  if (run.nth > 0) return `${lap}.${run.nth}`;
  return lap === 0 ? '' : String(lap);
}
