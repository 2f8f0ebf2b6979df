import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { isHuge, joinSums, SCALE } from './bounded-sum.ts';
import { ByteWriter } from './chunk-bytes.ts';
import { writeIntegers } from './chunk-integers.ts';
import { writeNumbers } from './chunk-numbers.ts';
import type { ChunkPoints } from './chunk-points.ts';
import type { RollupRow } from './rollup.ts';

const MINUTE = 60_000_000;
const VERSION = 1;
const HEADER_BYTES = 5;
const ZSTD_FAST = { [constants.ZSTD_c_compressionLevel]: 1 };

const writer = new ByteWriter();

/** Sums over stretches of time as columns that grow: the same as rows of `RollupRow`, without an object for each. */
export class MinuteColumns {
  /** Rows so far. */
  rows = 0;
  #series = new Float64Array(512);
  /** Minutes since 1970. */
  #minutes = new Float64Array(512);
  #counts = new Float64Array(512);
  #mins = new Float64Array(512);
  #maxs = new Float64Array(512);
  #sums = new Float64Array(512);
  #firsts = new Float64Array(512);
  #lasts = new Float64Array(512);
  /** From the start, microseconds. */
  #firstTimes = new Float64Array(512);
  #lastTimes = new Float64Array(512);
  #firstOffsets = new Float64Array(512);
  #lastOffsets = new Float64Array(512);

  /** Adds the buckets of one minute of the sorted points [start, end) of a series. */
  addPoints(
    series: number,
    from: Pick<ChunkPoints, 'times' | 'numbers' | 'offsets'>,
    start: number,
    end: number,
  ): void {
    const { times, numbers, offsets } = from;
    for (let i = start; i < end; ) {
      const firstTime = Number(times[i]);
      const minute = Math.floor(firstTime / MINUTE);
      const until = (minute + 1) * MINUTE;
      const first = i;
      const value = Number(numbers[i]);
      let [min, max, sum, huge] = [value, value, 0, 0];
      for (; i < end && Number(times[i]) < until; i++) {
        const one = Number(numbers[i]);
        if (one < min) min = one;
        if (one > max) max = one;
        if (isHuge(one)) huge += one * SCALE;
        else sum += one;
      }
      const row = this.#next();
      this.#series[row] = series;
      this.#minutes[row] = minute;
      this.#counts[row] = i - first;
      this.#mins[row] = min;
      this.#maxs[row] = max;
      this.#sums[row] = joinSums(sum, huge);
      this.#firsts[row] = value;
      this.#lasts[row] = Number(numbers[i - 1]);
      this.#firstTimes[row] = firstTime - minute * MINUTE;
      this.#lastTimes[row] = Number(times[i - 1]) - minute * MINUTE;
      this.#firstOffsets[row] = Number(offsets[first]);
      this.#lastOffsets[row] = Number(offsets[i - 1]);
    }
  }

  /** Adds a row as it is. */
  addRow(from: RollupRow): void {
    const row = this.#next();
    this.#series[row] = from.series;
    this.#minutes[row] = from.start / MINUTE;
    this.#counts[row] = from.count;
    this.#mins[row] = from.min;
    this.#maxs[row] = from.max;
    this.#sums[row] = from.sum;
    this.#firsts[row] = from.first;
    this.#lasts[row] = from.last;
    this.#firstTimes[row] = from.firstTime - from.start;
    this.#lastTimes[row] = from.lastTime - from.start;
    this.#firstOffsets[row] = from.firstOffset;
    this.#lastOffsets[row] = from.lastOffset;
  }

  /** Forgets all rows and keeps the memory. */
  clear(): void {
    this.rows = 0;
  }

  /** Encodes all rows, at least one, as the body of rollups: docs/formats/series.md. */
  encode(): Uint8Array<ArrayBuffer> {
    const n = this.rows;
    writer.reset();
    for (const column of [this.#series, this.#minutes, this.#counts])
      writeIntegers(writer, column.subarray(0, n));
    for (const column of [this.#mins, this.#maxs, this.#sums, this.#firsts, this.#lasts])
      writeNumbers(writer, column.subarray(0, n));
    for (const column of [this.#firstTimes, this.#lastTimes, this.#firstOffsets, this.#lastOffsets])
      writeIntegers(writer, column.subarray(0, n));
    const plainBytes = writer.length;
    const plain = writer.bytes.subarray(0, plainBytes);
    const packed = zstdCompressSync(plain, { params: ZSTD_FAST, chunkSize: plainBytes + 128 });
    writer.reset();
    writer.byte(VERSION);
    writer.take(4);
    writer.varint(n);
    writer.varint(plainBytes);
    writer.append(packed);
    const blob = writer.copy();
    new DataView(blob.buffer).setUint32(1, crc32(blob.subarray(HEADER_BYTES)), true);
    return blob;
  }

  #next(): number {
    const row = this.rows++;
    if (row >= this.#series.length) this.#grow();
    return row;
  }

  #grow(): void {
    const grown = (column: Float64Array<ArrayBuffer>) => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.#series = grown(this.#series);
    this.#minutes = grown(this.#minutes);
    this.#counts = grown(this.#counts);
    this.#mins = grown(this.#mins);
    this.#maxs = grown(this.#maxs);
    this.#sums = grown(this.#sums);
    this.#firsts = grown(this.#firsts);
    this.#lasts = grown(this.#lasts);
    this.#firstTimes = grown(this.#firstTimes);
    this.#lastTimes = grown(this.#lastTimes);
    this.#firstOffsets = grown(this.#firstOffsets);
    this.#lastOffsets = grown(this.#lastOffsets);
  }
}
