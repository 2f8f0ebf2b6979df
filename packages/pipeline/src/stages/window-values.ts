import type { AggregateFunction } from '@skerry/model';
import { QuantileSketch } from './quantile-sketch.ts';

const SHARES: Readonly<Partial<Record<AggregateFunction, number>>> = { p50: 0.5, p95: 0.95, p99: 0.99 };

/** What one record changed, so that it can be taken back. */
export interface StageUndo {
  readonly values: ValuesLog;
  /** Taken back one by one, the newest first. */
  readonly steps: (() => void)[];
}

const NUMBERS = 8;

/** Numbers of window values as they were before they were changed: a column, since a closure for each costs more than the change. */
export class ValuesLog {
  readonly #targets: WindowValues[] = [];
  #numbers = new Float64Array(64 * NUMBERS);
  #count = 0;

  /** Remembers the numbers of now. */
  save(values: WindowValues): void {
    const at = this.#count * NUMBERS;
    if (at === this.#numbers.length) {
      const larger = new Float64Array(at * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const numbers = this.#numbers;
    numbers[at] = values.count;
    numbers[at + 1] = values.sum;
    numbers[at + 2] = values.min;
    numbers[at + 3] = values.max;
    numbers[at + 4] = values.first;
    numbers[at + 5] = values.firstMicros;
    numbers[at + 6] = values.last;
    numbers[at + 7] = values.lastMicros;
    this.#targets[this.#count++] = values;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
  }

  /** Puts all numbers back, the newest first, and forgets them. */
  rollBack(): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const at = i * NUMBERS;
      const values = this.#targets[i];
      if (!values) continue;
      const [count, sum, min, max, first, firstMicros, last, lastMicros] = this.#numbers.subarray(
        at,
        at + NUMBERS,
      );
      Object.assign(values, { count, sum, min, max, first, firstMicros, last, lastMicros });
    }
    this.#count = 0;
  }
}

/** What is known of the values of one metric in one window. */
export class WindowValues {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  first = 0;
  firstMicros = Number.POSITIVE_INFINITY;
  last = 0;
  lastMicros = Number.NEGATIVE_INFINITY;
  readonly sketch: QuantileSketch | undefined;

  constructor(sketch: QuantileSketch | undefined) {
    this.sketch = sketch;
  }

  /** Adds a value, undoably; of several with one event time the later in the log is the last. */
  add(value: number, micros: number, undo: StageUndo): void {
    undo.values.save(this);
    if (this.sketch) undo.steps.push(this.sketch.add(value));
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (micros < this.firstMicros) {
      this.first = value;
      this.firstMicros = micros;
    }
    if (micros >= this.lastMicros) {
      this.last = value;
      this.lastMicros = micros;
    }
  }

  /** The result of a function; not finite when the sum is beyond a double. */
  result(name: AggregateFunction): number {
    const share = SHARES[name];
    if (share !== undefined) return this.#quantile(share);
    if (name === 'mean') return this.sum / this.count;
    // the functions that are left are members of this name
    return this[name as 'count' | 'sum' | 'min' | 'max' | 'first' | 'last'];
  }

  #quantile(share: number): number {
    return Math.min(this.max, Math.max(this.min, this.sketch?.quantile(share) ?? this.last));
  }

  /** Its state as the seal carries it. */
  pack(): PackedValues {
    const { count, sum, min, max, first, firstMicros, last, lastMicros, sketch } = this;
    const numbers = [count, sum, min, max, first, firstMicros, last, lastMicros].map(packNumber);
    return sketch ? [numbers, sketch.entries()] : [numbers];
  }

  /** The state that `pack` gave. */
  static unpack([numbers, entries]: PackedValues): WindowValues {
    const values = new WindowValues(entries && new QuantileSketch(entries));
    const [count, sum, min, max, first, firstMicros, last, lastMicros] = numbers.map(Number);
    return Object.assign(values, { count, sum, min, max, first, firstMicros, last, lastMicros });
  }
}

/** Numbers of one metric in one window as JSON can hold them, and the buckets of its sketch. */
export type PackedValues = readonly [
  numbers: readonly (number | string)[],
  entries?: readonly (readonly [number, number])[],
];

/** JSON knows neither -0 nor infinity; `Number` reads both back. */
function packNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : Object.is(value, -0)
      ? '-0'
      : String(value);
}
