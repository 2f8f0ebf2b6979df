import { isHuge, joinSums, SCALE } from '../bounded-sum.ts';
import { type HeadView, TYPE_CODE } from '../head.ts';
import { LIMITS } from '../limits.ts';
import { headText } from '../shared-head.ts';
import { dayOf } from './partitions.ts';

const MINUTE = 60_000_000;
/** Above every id of a series. */
const SERIES = 2 ** 22;

/** What is kept of a series and minute; `head` and `tail` are its first and last point as points compare. */
export const SUM_COLUMNS = [
  'series',
  'minute',
  'count',
  'min',
  'max',
  'sum',
  'headSecs',
  'headPosition',
  'headOrdinal',
  'headValue',
  'tailSecs',
  'tailPosition',
  'tailOrdinal',
  'tailValue',
] as const;

/** One more cell holds the sum of huge values, scaled. */
const WIDTH = SUM_COLUMNS.length + 1;
const SUM = SUM_COLUMNS.indexOf('sum');
const HUGE_SUM = SUM_COLUMNS.length;
const HEAD = SUM_COLUMNS.indexOf('headSecs');
const TAIL = SUM_COLUMNS.indexOf('tailSecs');

/**
 * Sums by series and minute of event time over the points of seals that follow each other, so that the rollups need not
 * read those points again.
 */
export class MinuteSums {
  /** The seal behind which they begin. */
  readonly after: number;
  rows = 0;
  #isWhole = true;
  #month = '';
  #cells = new Float64Array(WIDTH * 64);
  /** Rows by minute and series, and the newest one of each series. */
  readonly #places = new Map<number, number>();
  #newest = new Int32Array(64).fill(-1);

  constructor(after: number) {
    this.after = after;
  }

  /**
   * False when they cannot stand for the points: too many minutes, receipts of two months, or a value that is not a
   * number, which PostgreSQL orders in a way of its own.
   */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Adds the points of the next seal. */
  add({ columns, rows }: HeadView, receivedMicros: number): void {
    const month = dayOf(receivedMicros).slice(0, 7);
    if (this.#month === '') this.#month = month;
    if (this.#month !== month) this.#isWhole = false;
    const { type, value, time, series, offset, ordinal } = columns;
    for (let row = 0; row < rows && this.#isWhole; row++) {
      let number = Number(value[row]);
      if (type[row] === TYPE_CODE.integer) number = Number(headText(columns, number));
      else if (type[row] !== TYPE_CODE.number) continue;
      if (Number.isNaN(number)) this.#isWhole = false;
      else
        this.#add(Number(series[row]), Number(time[row]), number, Number(offset[row]), Number(ordinal[row]));
    }
    if (!this.#isWhole) this.#forget();
  }

  /** A column of all rows, by its place in `SUM_COLUMNS`. */
  column(at: number): number[] {
    const cell = (row: number, place: number) => Number(this.#cells[row * WIDTH + place]);
    return Array.from({ length: this.rows }, (_, row) =>
      at === SUM ? joinSums(cell(row, SUM), cell(row, HUGE_SUM)) : cell(row, at),
    );
  }

  #add(series: number, micros: number, value: number, offset: number, ordinal: number): void {
    const minute = Math.floor(micros / MINUTE);
    const at = this.#rowOf(series, minute) * WIDTH;
    if (at < 0) return;
    const cells = this.#cells;
    const secs = micros / 1e6;
    const count = Number(cells[at + 2]);
    cells[at + 2] = count + 1;
    if (count === 0 || value < Number(cells[at + 3])) cells[at + 3] = value;
    if (count === 0 || value > Number(cells[at + 4])) cells[at + 4] = value;
    if (isHuge(value)) cells[at + HUGE_SUM] = Number(cells[at + HUGE_SUM]) + value * SCALE;
    else cells[at + SUM] = Number(cells[at + SUM]) + value;
    if (count === 0 || this.#order(at + HEAD, secs, offset, ordinal) < 0)
      this.#put(at + HEAD, secs, offset, ordinal, value);
    if (count === 0 || this.#order(at + TAIL, secs, offset, ordinal) > 0)
      this.#put(at + TAIL, secs, offset, ordinal, value);
  }

  /** Below zero for a point before the one that is kept at `at`. */
  #order(at: number, secs: number, offset: number, ordinal: number): number {
    const cells = this.#cells;
    return secs - Number(cells[at]) || offset - Number(cells[at + 1]) || ordinal - Number(cells[at + 2]);
  }

  #put(at: number, secs: number, offset: number, ordinal: number, value: number): void {
    const cells = this.#cells;
    cells[at] = secs;
    cells[at + 1] = offset;
    cells[at + 2] = ordinal;
    cells[at + 3] = value;
  }

  /** -1 when there are too many. */
  #rowOf(series: number, minute: number): number {
    const newest = series < this.#newest.length ? Number(this.#newest[series]) : -1;
    if (newest >= 0 && this.#cells[newest * WIDTH + 1] === minute) return newest;
    const key = minute * SERIES + series;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.rows >= LIMITS.rollSumsMax.value) {
      this.#isWhole = false;
      return -1;
    }
    const row = this.rows++;
    this.#places.set(key, row);
    if ((row + 1) * WIDTH > this.#cells.length) {
      const cells = new Float64Array(this.#cells.length * 2);
      cells.set(this.#cells);
      this.#cells = cells;
    }
    this.#cells[row * WIDTH] = series;
    this.#cells[row * WIDTH + 1] = minute;
    if (newest < 0 || Number(this.#cells[newest * WIDTH + 1]) < minute) this.#noteNewest(series, row);
    return row;
  }

  #noteNewest(series: number, row: number): void {
    if (series >= this.#newest.length) {
      const newest = new Int32Array(Math.max(series + 1, this.#newest.length * 2)).fill(-1);
      newest.set(this.#newest);
      this.#newest = newest;
    }
    this.#newest[series] = row;
  }

  #forget(): void {
    this.rows = 0;
    this.#cells = new Float64Array(0);
    this.#newest = new Int32Array(0);
    this.#places.clear();
  }
}
