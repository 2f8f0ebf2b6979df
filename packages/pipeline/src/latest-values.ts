import type { PointValue } from '@skerry/model';
import type { LatestPoint } from '@skerry/series';

/** Newest value per series by event time, in columns; a later arrival of the same time wins. */
export class LatestValues {
  #times = new Float64Array(1024).fill(Number.NEGATIVE_INFINITY);
  #numbers = new Float64Array(1024);
  /** Values that are not numbers. */
  readonly #others = new Map<number, PointValue>();

  /** Takes a value when none newer is known. */
  note(series: number, timeMicros: number, value: PointValue): void {
    if (series >= this.#times.length) this.#grow(series + 1);
    if (timeMicros < Number(this.#times[series])) return;
    this.#times[series] = timeMicros;
    if (typeof value === 'number') {
      this.#numbers[series] = value;
      if (this.#others.size > 0) this.#others.delete(series);
    } else this.#others.set(series, value);
  }

  /** As `note` for the values [start, end), all of one time; `series` and `values` by the same index. */
  noteNumbers(
    series: Int32Array,
    values: Float64Array,
    start: number,
    end: number,
    timeMicros: number,
  ): void {
    for (let i = start; i < end; i++) {
      const id = Number(series[i]);
      if (id >= this.#times.length) this.#grow(id + 1);
      if (timeMicros < Number(this.#times[id])) continue;
      this.#times[id] = timeMicros;
      this.#numbers[id] = Number(values[i]);
      if (this.#others.size > 0) this.#others.delete(id);
    }
  }

  /** The newest point of a series, or undefined before the first. */
  get(series: number): LatestPoint | undefined {
    const timeMicros = this.#times[series] ?? Number.NEGATIVE_INFINITY;
    if (timeMicros === Number.NEGATIVE_INFINITY) return undefined;
    return { series, timeMicros, value: this.#others.get(series) ?? Number(this.#numbers[series]) };
  }

  #grow(count: number): void {
    const length = Math.max(count, this.#times.length * 2);
    const times = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    times.set(this.#times);
    this.#times = times;
    const numbers = new Float64Array(length);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
