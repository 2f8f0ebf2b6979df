import type { PointValue } from '@skerry/model';
import { LIMITS } from './limits.ts';

/** A place between rows of the live feed: behind the point `ordinal` of the journal record `offset`; -1 is before its first point. */
export interface LivePlace {
  readonly offset: number;
  readonly ordinal: number;
}

/**
 * The newest points in the order in which they became visible. A row's place is the journal record that caused it:
 * the record itself, or the replay of a dead letter. Rows are numbered without end; the last `liveRowsMax` are held.
 */
export class LiveRing {
  readonly #rowsMax: number;
  readonly #series: Int32Array;
  readonly #times: Float64Array;
  readonly #numbers: Float64Array;
  readonly #causes: Float64Array;
  readonly #ordinals: Uint16Array;
  /** Values that are not numbers, by slot; empty until the first one comes. */
  #others: (PointValue | undefined)[] = [];
  /** Number after the newest row. */
  end = 0;
  /** Where this feed began: what lies before was given by the process before it. */
  readonly first: LivePlace;
  /** Place up to which nothing is held: rows behind it are complete. */
  #beforeOffset: number;
  #beforeOrdinal: number;

  constructor(before: LivePlace, rowsMax: number = LIMITS.liveRowsMax.value) {
    this.first = before;
    this.#beforeOffset = before.offset;
    this.#beforeOrdinal = before.ordinal;
    this.#rowsMax = rowsMax;
    this.#series = new Int32Array(rowsMax);
    this.#times = new Float64Array(rowsMax);
    this.#numbers = new Float64Array(rowsMax);
    this.#causes = new Float64Array(rowsMax);
    this.#ordinals = new Uint16Array(rowsMax);
  }

  /** Number of the oldest row held. */
  get start(): number {
    return Math.max(0, this.end - this.#rowsMax);
  }

  /** Place of the newest row that is gone, or where the feed began. */
  get before(): LivePlace {
    return { offset: this.#beforeOffset, ordinal: this.#beforeOrdinal };
  }

  /** Adds a row. */
  add(series: number, timeMicros: number, value: PointValue, cause: number, ordinal: number): void {
    const slot = this.end % this.#rowsMax;
    if (this.end >= this.#rowsMax) {
      this.#beforeOffset = Number(this.#causes[slot]);
      this.#beforeOrdinal = Number(this.#ordinals[slot]);
    }
    this.#series[slot] = series;
    this.#times[slot] = timeMicros;
    this.#causes[slot] = cause;
    this.#ordinals[slot] = ordinal;
    if (typeof value === 'number') {
      this.#numbers[slot] = value;
      if (this.#others.length > 0) this.#others[slot] = undefined;
    } else {
      if (this.#others.length === 0) this.#others = new Array(this.#rowsMax).fill(undefined);
      this.#others[slot] = value;
    }
    this.end++;
  }

  /** As `add` for the values [start, end) of one record, whose ordinals are their indexes. */
  addNumbers(
    series: Int32Array,
    values: Float64Array,
    start: number,
    end: number,
    timeMicros: number,
    cause: number,
  ): void {
    const rowsMax = this.#rowsMax;
    const hasOthers = this.#others.length > 0;
    let row = this.end;
    let slot = row % rowsMax;
    for (let i = start; i < end; i++, row++) {
      if (row >= rowsMax) {
        this.#beforeOffset = Number(this.#causes[slot]);
        this.#beforeOrdinal = Number(this.#ordinals[slot]);
      }
      this.#series[slot] = Number(series[i]);
      this.#times[slot] = timeMicros;
      this.#numbers[slot] = Number(values[i]);
      this.#causes[slot] = cause;
      this.#ordinals[slot] = i;
      if (hasOthers) this.#others[slot] = undefined;
      if (++slot === rowsMax) slot = 0;
    }
    this.end = row;
  }

  seriesOf(row: number): number {
    return Number(this.#series[row % this.#rowsMax]);
  }

  timeOf(row: number): number {
    return Number(this.#times[row % this.#rowsMax]);
  }

  valueOf(row: number): PointValue {
    const slot = row % this.#rowsMax;
    return this.#others[slot] ?? Number(this.#numbers[slot]);
  }

  placeOf(row: number): LivePlace {
    const slot = row % this.#rowsMax;
    return { offset: Number(this.#causes[slot]), ordinal: Number(this.#ordinals[slot]) };
  }

  /** Number of the first row held behind `place`. */
  rowBehind(place: LivePlace): number {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (comparePlaces(this.placeOf(middle), place) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Negative when `a` is before `b`. */
export function comparePlaces(a: LivePlace, b: LivePlace): number {
  return a.offset - b.offset || a.ordinal - b.ordinal;
}
