import type { PointValue } from '@skerry/model';
import { type HeadView, TYPE_CODE } from '../head.ts';
import { headValue } from '../shared-head.ts';

/** The newest point of a series with what orders it among equals in time. */
export interface NewestPoint {
  readonly series: number;
  readonly timeMicros: number;
  readonly offset: number;
  readonly ordinal: number;
  readonly value: PointValue;
}

/** The newest point of each series of one source since the last fold, by the pipeline's series id, as columns. */
export class LatestBook {
  /** Series whose newest point changed since the last fold. */
  dirty = new Set<number>();
  #times = new Float64Array(64).fill(-Infinity);
  #offsets = new Float64Array(64);
  #ordinals = new Uint16Array(64);
  #numbers = new Float64Array(64);
  /** Values that are no numbers. */
  readonly #others = new Map<number, Exclude<PointValue, number>>();

  /** Takes a point that is stored. `isFolded`: the tables have it. */
  restore(point: NewestPoint, isFolded: boolean): void {
    const { series, timeMicros, offset, ordinal, value } = point;
    this.#reserve(series);
    if (!this.#isNewer(series, timeMicros, offset, ordinal)) return;
    this.#times[series] = timeMicros;
    this.#offsets[series] = offset;
    this.#ordinals[series] = ordinal;
    this.#keep(series, value);
    if (!isFolded) this.dirty.add(series);
  }

  /** Takes the points of a seal that is durable. */
  apply({ columns, rows }: HeadView): void {
    for (let row = 0; row < rows; row++) {
      const series = Number(columns.series[row]);
      const time = Number(columns.time[row]);
      if (series >= this.#times.length) this.#reserve(series);
      const known = Number(this.#times[series]);
      if (time < known) continue;
      const offset = Number(columns.offset[row]);
      const ordinal = Number(columns.ordinal[row]);
      if (time === known && !this.#isNewer(series, time, offset, ordinal)) continue;
      this.#times[series] = time;
      this.#offsets[series] = offset;
      this.#ordinals[series] = ordinal;
      if (columns.type[row] === TYPE_CODE.number) {
        this.#numbers[series] = Number(columns.value[row]);
        if (this.#others.size > 0) this.#others.delete(series);
      } else this.#keep(series, headValue(columns, row));
      this.dirty.add(series);
    }
  }

  /** The newest point of a series; undefined when none is known. */
  of(series: number): NewestPoint | undefined {
    const timeMicros = this.#times[series];
    if (timeMicros === undefined || timeMicros === -Infinity) return undefined;
    return {
      series,
      timeMicros,
      offset: Number(this.#offsets[series]),
      ordinal: Number(this.#ordinals[series]),
      value: this.#others.get(series) ?? Number(this.#numbers[series]),
    };
  }

  /** The newest points of all series, by series. */
  all(): NewestPoint[] {
    const found: NewestPoint[] = [];
    for (let series = 0; series < this.#times.length; series++) {
      const point = this.of(series);
      if (point) found.push(point);
    }
    return found;
  }

  #keep(series: number, value: PointValue): void {
    if (typeof value === 'number') {
      this.#numbers[series] = value;
      this.#others.delete(series);
    } else this.#others.set(series, value);
  }

  #isNewer(series: number, time: number, offset: number, ordinal: number): boolean {
    const step =
      time - Number(this.#times[series]) ||
      offset - Number(this.#offsets[series]) ||
      ordinal - Number(this.#ordinals[series]);
    return step > 0;
  }

  #reserve(series: number): void {
    let rows = this.#times.length;
    if (series < rows) return;
    while (series >= rows) rows *= 2;
    const times = new Float64Array(rows).fill(-Infinity);
    times.set(this.#times);
    const offsets = new Float64Array(rows);
    offsets.set(this.#offsets);
    const ordinals = new Uint16Array(rows);
    ordinals.set(this.#ordinals);
    const numbers = new Float64Array(rows);
    numbers.set(this.#numbers);
    this.#times = times;
    this.#offsets = offsets;
    this.#ordinals = ordinals;
    this.#numbers = numbers;
  }
}
