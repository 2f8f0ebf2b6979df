import assert from 'node:assert/strict';
import { type HeadView, TYPE_CODE } from '../head.ts';
import { LIMITS } from '../limits.ts';
import { headText } from '../shared-head.ts';
import { FRAME_BYTES } from './copy-in.ts';
import { PG_EPOCH_MICROS, storable } from './postgres-values.ts';

/** Columns of a COPY whose points are numbers, all of them, and of one with every type. */
const PLAIN = ['time', 'series_id', 'value', 'source', 'position', 'ordinal', 'received'];
const TYPED = [...PLAIN, 'text', 'flag', 'exact'];

// fixed by the format: widths and lengths of the columns of one plain row
const PLAIN_BYTES = 2 + 12 + 8 + 12 + 6 + 12 + 6 + 12;
const TYPED_BYTES = PLAIN_BYTES + 12;
const TWO32 = 2 ** 32;
const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;
const encoder = new TextEncoder();

/** The points of one seal, what their rows have in common, and the global id of each of its series. */
export interface SealedPoints {
  readonly view: HeadView;
  readonly source: number;
  /** Microseconds since 1970. */
  readonly receivedMicros: number;
  /** By the pipeline's series id. */
  readonly seriesIds: Int32Array;
}

/** The columns that `pointRows` writes for heads, in order. */
export function pointColumns(views: readonly HeadView[]): readonly string[] {
  return views.every(isPlain) ? PLAIN : TYPED;
}

/** How rows follow each other inside a head. */
export type RowOrder = 'series' | 'head';

/**
 * The rows of heads as messages of a binary COPY, about `copyChunkBytes` each, straight from their columns; those of one
 * head series by series, each in the order of the head, so that rows which stand beside each other in the table and its
 * index come behind each other: the server needs a third less time, and a series is read from fewer pages. A message is
 * the taker's; the next one has its own memory.
 */
export function* pointRows(
  seals: readonly SealedPoints[],
  order: RowOrder = 'series',
): Generator<Uint8Array> {
  const isAllPlain = seals.every(({ view }) => isPlain(view));
  for (const points of seals) {
    const writer = new RowWriter(points, isAllPlain, order === 'series' ? bySeries(points.view) : undefined);
    while (writer.isMore) yield writer.message();
  }
}

function isPlain({ columns, rows }: HeadView): boolean {
  const { type } = columns;
  for (let row = 0; row < rows; row++) if (type[row] !== TYPE_CODE.number) return false;
  return true;
}

/** Numbers of the rows, by series and then as they are: a counting sort by parts of the id, the lowest first. */
function bySeries({ columns, rows }: HeadView): Int32Array {
  const { series } = columns;
  let order: Int32Array = new Int32Array(rows);
  let most = 0;
  for (let row = 0; row < rows; row++) {
    order[row] = row;
    most = Math.max(most, Number(series[row]));
  }
  for (let shift = 0; most >> shift > 0; shift += DIGIT_BITS) order = byDigit(order, series, shift);
  return order;
}

/** The same rows by one part of the id of their series, and then as they are. */
function byDigit(rows: Int32Array, series: HeadView['columns']['series'], shift: number): Int32Array {
  const digitOf = (row: number) => (Number(series[row]) >> shift) & (DIGITS - 1);
  const places = new Int32Array(DIGITS + 1);
  for (const row of rows) places[digitOf(row) + 1] = Number(places[digitOf(row) + 1]) + 1;
  for (let digit = 1; digit < DIGITS; digit++)
    places[digit] = Number(places[digit]) + Number(places[digit - 1]);
  const sorted = new Int32Array(rows.length);
  for (const row of rows) {
    const place = Number(places[digitOf(row)]);
    sorted[place] = row;
    places[digitOf(row)] = place + 1;
  }
  return sorted;
}

class RowWriter {
  readonly #order: Int32Array | undefined;
  #next = 0;
  readonly #view: HeadView;
  readonly #points: SealedPoints;
  readonly #isPlain: boolean;
  readonly #receivedMicros: number;
  #bytes = new Uint8Array(0);
  #data = new DataView(this.#bytes.buffer);
  #at = 0;

  /** `order`: numbers of rows; those of the head as they are without it. */
  constructor(points: SealedPoints, isPlainCopy: boolean, order: Int32Array | undefined) {
    this.#order = order;
    this.#view = points.view;
    this.#points = points;
    this.#isPlain = isPlainCopy;
    this.#receivedMicros = points.receivedMicros - PG_EPOCH_MICROS;
  }

  get isMore(): boolean {
    return this.#next < this.#view.rows;
  }

  /** The next rows. */
  message(): Uint8Array {
    const { rows } = this.#view;
    const limit = LIMITS.copyChunkBytes.value;
    const rest = FRAME_BYTES + (rows - this.#next) * (this.#isPlain ? PLAIN_BYTES : TYPED_BYTES);
    this.#bytes = new Uint8Array(Math.min(rest, limit));
    this.#data = new DataView(this.#bytes.buffer);
    this.#at = FRAME_BYTES;
    while (this.#next < rows && this.#at + TYPED_BYTES <= limit) {
      const row = this.#order ? Number(this.#order[this.#next]) : this.#next;
      if (!this.#isPlain) this.#typedRow(row);
      else this.#plainRow(row, PLAIN.length, true);
      this.#next++;
    }
    return this.#bytes.subarray(0, this.#at);
  }

  #plainRow(row: number, fields: number, isNumber: boolean): void {
    const { columns } = this.#view;
    const data = this.#data;
    let at = this.#at;
    data.setUint16(at, fields);
    at = put8(data, at + 2, Number(columns.time[row]) - PG_EPOCH_MICROS);
    data.setUint32(at, 4);
    data.setInt32(at + 4, this.#seriesOf(row));
    at += 8;
    if (isNumber) {
      data.setUint32(at, 8);
      data.setFloat64(at + 4, Number(columns.value[row]));
      at += 12;
    } else {
      data.setInt32(at, -1);
      at += 4;
    }
    data.setUint32(at, 2);
    data.setInt16(at + 4, this.#points.source);
    at = put8(data, at + 6, Number(columns.offset[row]));
    data.setUint32(at, 2);
    data.setInt16(at + 4, Number(columns.ordinal[row]));
    this.#at = put8(data, at + 6, this.#receivedMicros);
  }

  #seriesOf(row: number): number {
    const series = Number(this.#view.columns.series[row]);
    const id = Number(this.#points.seriesIds[series]);
    assert(id > 0, `series ${series} was to have a definition before its first point`);
    return id;
  }

  #typedRow(row: number): void {
    const { columns } = this.#view;
    const type = columns.type[row];
    if (type === TYPE_CODE.integer) {
      this.#integerRow(row);
      return;
    }
    if (type === TYPE_CODE.text) {
      const text = encoder.encode(storable(headText(columns, Number(columns.value[row]))));
      this.#ensure(TYPED_BYTES + text.byteLength);
      this.#plainRow(row, TYPED.length, false);
      this.#data.setUint32(this.#at, text.byteLength);
      this.#bytes.set(text, this.#at + 4);
      this.#at += 4 + text.byteLength;
      this.#nulls(2);
      return;
    }
    this.#ensure(TYPED_BYTES + 1);
    this.#plainRow(row, TYPED.length, type === TYPE_CODE.number);
    if (type === TYPE_CODE.number) {
      this.#nulls(3);
      return;
    }
    this.#nulls(1);
    this.#data.setUint32(this.#at, 1);
    this.#bytes[this.#at + 4] = columns.value[row] === 0 ? 0 : 1;
    this.#at += 5;
    this.#nulls(1);
  }

  /** An exact integer stands in `exact`, and rounded in `value`, so that sums and extremes of SQL hold it too. */
  #integerRow(row: number): void {
    const digits = headText(this.#view.columns, Number(this.#view.columns.value[row]));
    const exact = numericOf(digits);
    this.#ensure(TYPED_BYTES + exact.byteLength);
    this.#plainRow(row, TYPED.length, true);
    // the value is the fourth field: 2 bytes of count, time, series
    const value = this.#at - (PLAIN_BYTES - 2 - 12 - 8);
    this.#data.setFloat64(value + 4, Number(digits));
    this.#nulls(2);
    this.#data.setUint32(this.#at, exact.byteLength);
    this.#bytes.set(exact, this.#at + 4);
    this.#at += 4 + exact.byteLength;
  }

  #nulls(count: number): void {
    for (let i = 0; i < count; i++, this.#at += 4) this.#data.setInt32(this.#at, -1);
  }

  #ensure(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#at + bytes, this.#bytes.byteLength * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#data = new DataView(grown.buffer);
  }
}

/** Writes a length of 8 and an integer of 64 bits; returns where it ends. */
function put8(data: DataView, at: number, value: number): number {
  const high = Math.floor(value / TWO32);
  data.setUint32(at, 8);
  data.setInt32(at + 4, high);
  data.setUint32(at + 8, value - high * TWO32);
  return at + 12;
}

/** Decimal digits of an integer as a binary `numeric`: count, weight, sign, scale, and digits to the base 10,000. */
export function numericOf(digits: string): Uint8Array<ArrayBuffer> {
  const isNegative = digits.startsWith('-');
  const plain = isNegative ? digits.slice(1) : digits;
  const padded = plain.padStart(Math.ceil(plain.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4)));
  const bytes = new Uint8Array(8 + groups.length * 2);
  const data = new DataView(bytes.buffer);
  data.setInt16(0, groups.length);
  data.setInt16(2, groups.length - 1);
  data.setUint16(4, isNegative ? 0x4000 : 0);
  for (const [i, group] of groups.entries()) data.setInt16(8 + i * 2, group);
  return bytes;
}
