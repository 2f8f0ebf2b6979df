import type { PointValue } from '@skerry/model';
import { type ChunkPoints, valueAt } from '../chunk-points.ts';

// fixed by memory: 35 bytes a point make 20 MiB; the keys below leave 20 bits for the place of a point
const ROWS = 2 ** 19;
const PLACE = 2 ** 20;
/** Offsets that are tried at first, and at least and at most. */
const RANGE_FIRST = 2 ** 18;
const RANGE_LEAST = 2 ** 10;
const RANGE_MOST = 2 ** 31;

/** Points of one series; all columns have one length. */
export interface SeriesPoints {
  readonly series: number;
  readonly times: Float64Array;
  readonly values: readonly PointValue[];
  readonly offsets: Float64Array;
  readonly ordinals: Uint16Array;
}

/**
 * All points whose offset lies in [`from`, `to`), in bounded memory. Chunks hold points of long ranges of offsets; who
 * walks along the offsets would decode each of them for every step, were there no window of many steps.
 * `begin`, then `add` all chunks that may hold an offset in the window, then `finish`; while points are added `to` moves
 * down when there are more than the window holds.
 */
export class PointWindow {
  from = 0;
  to = 0;
  readonly #capacity: number;
  readonly #offsets: Float64Array;
  readonly #times: Float64Array;
  readonly #series: Int32Array;
  readonly #ordinals: Uint16Array;
  #values: PointValue[] = [];
  /** Offset from `from` and place of each point, ascending. */
  #keys: Float64Array = new Float64Array(0);
  #range = RANGE_FIRST;
  #length = 0;

  /** `capacity`: points held, at most 2^19. */
  constructor(capacity: number = ROWS) {
    this.#capacity = capacity;
    this.#offsets = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#series = new Int32Array(capacity);
    this.#ordinals = new Uint16Array(capacity);
  }

  /** Whether points of this offset are here. */
  covers(offset: number): boolean {
    return offset >= this.from && offset < this.to;
  }

  /** Empties the window and opens it at `from`, as wide as the last one turned out to be. */
  begin(from: number): void {
    this.from = from;
    this.to = from + this.#range;
    this.#length = 0;
    this.#values = [];
    this.#keys = new Float64Array(0);
  }

  /** Takes the points of a chunk that lie in the window. False when one offset alone has more points than fit. */
  add(series: number, points: ChunkPoints): boolean {
    for (let i = 0; i < points.offsets.length; i++) {
      const offset = Number(points.offsets[i]);
      if (!this.covers(offset)) continue;
      if (this.#length === this.#capacity) {
        if (!this.#narrow()) return false;
        if (!this.covers(offset)) continue;
      }
      const at = this.#length++;
      this.#offsets[at] = offset;
      this.#times[at] = Number(points.times[i]);
      this.#series[at] = series;
      this.#ordinals[at] = Number(points.ordinals[i]);
      this.#values[at] = valueAt(points, i);
    }
    return true;
  }

  /** Gives up what was added: nothing is covered. */
  clear(): void {
    this.to = this.from;
    this.#length = 0;
  }

  /** Everything was added: from now on `slice` gives points. */
  finish(): void {
    const range = this.to - this.from;
    this.#keys = this.#sortedKeys();
    this.#range = this.#length < this.#capacity / 4 ? Math.min(RANGE_MOST, 2 * range) : range;
    this.#range = Math.max(RANGE_LEAST, this.#range);
  }

  /** Copies of the points whose offset lies in [from, to), which lies in the window, by series. */
  slice(from: number, to: number): SeriesPoints[] {
    const bySeries = new Map<number, number[]>();
    for (let k = this.#firstKey(from); k < this.#keys.length; k++) {
      const key = Number(this.#keys[k]);
      if (key >= (to - this.from) * PLACE) break;
      const at = key % PLACE;
      const series = Number(this.#series[at]);
      const known = bySeries.get(series);
      if (known) known.push(at);
      else bySeries.set(series, [at]);
    }
    return [...bySeries].map(([series, rows]) => ({
      series,
      times: Float64Array.from(rows, (at) => Number(this.#times[at])),
      values: rows.map((at) => this.#values[at] ?? 0),
      offsets: Float64Array.from(rows, (at) => Number(this.#offsets[at])),
      ordinals: Uint16Array.from(rows, (at) => Number(this.#ordinals[at])),
    }));
  }

  /** Keeps the lower half of the offsets. False when that is one offset. */
  #narrow(): boolean {
    const middle = Number(this.#sortedKeys()[this.#length >>> 1]);
    const to = this.from + Math.max(1, Math.floor(middle / PLACE));
    let kept = 0;
    for (let at = 0; at < this.#length; at++) {
      if (Number(this.#offsets[at]) >= to) continue;
      this.#offsets[kept] = Number(this.#offsets[at]);
      this.#times[kept] = Number(this.#times[at]);
      this.#series[kept] = Number(this.#series[at]);
      this.#ordinals[kept] = Number(this.#ordinals[at]);
      this.#values[kept] = this.#values[at] ?? 0;
      kept++;
    }
    this.to = to;
    const isNarrower = kept < this.#length;
    this.#length = kept;
    this.#values.length = kept;
    return isNarrower;
  }

  #sortedKeys(): Float64Array {
    const keys = new Float64Array(this.#length);
    for (let at = 0; at < keys.length; at++) keys[at] = (Number(this.#offsets[at]) - this.from) * PLACE + at;
    return keys.sort();
  }

  #firstKey(offset: number): number {
    const wanted = (offset - this.from) * PLACE;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Number(this.#keys[middle]) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
