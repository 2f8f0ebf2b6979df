import type { AggregateFunction } from '@skerry/model';
import { QuantileSketch } from './quantile-sketch.ts';

const SHARES: Readonly<Partial<Record<AggregateFunction, number>>> = { p50: 0.5, p95: 0.95, p99: 0.99 };

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

  /** Adds a value; of several with one event time the later in the log is the last. The function takes it out again. */
  add(value: number, micros: number): () => void {
    const { count, sum, min, max, first, firstMicros, last, lastMicros } = this;
    const forget = this.sketch?.add(value);
    this.count++;
    this.sum += value;
    if (value < min) this.min = value;
    if (value > max) this.max = value;
    if (micros < firstMicros) {
      this.first = value;
      this.firstMicros = micros;
    }
    if (micros >= lastMicros) {
      this.last = value;
      this.lastMicros = micros;
    }
    return () => {
      forget?.();
      Object.assign(this, { count, sum, min, max, first, firstMicros, last, lastMicros });
    };
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
