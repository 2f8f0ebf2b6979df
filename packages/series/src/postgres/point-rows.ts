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

/**
 * The rows of heads as messages of a binary COPY, about `copyChunkBytes` each, straight from their columns. A message is
 * the taker's; the next one has its own memory.
 */
export function* pointRows(seals: readonly SealedPoints[]): Generator<Uint8Array> {
  const isAllPlain = seals.every(({ view }) => isPlain(view));
  for (const points of seals) {
    const writer = new RowWriter(points, isAllPlain);
    for (let row = 0; row < points.view.rows; row = writer.row) yield writer.message(row);
  }
}

function isPlain({ columns, rows }: HeadView): boolean {
  const { type } = columns;
  for (let row = 0; row < rows; row++) if (type[row] !== TYPE_CODE.number) return false;
  return true;
}

class RowWriter {
  row = 0;
  readonly #view: HeadView;
  readonly #points: SealedPoints;
  readonly #isPlain: boolean;
  readonly #receivedMicros: number;
  #bytes = new Uint8Array(0);
  #data = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(points: SealedPoints, isPlainCopy: boolean) {
    this.#view = points.view;
    this.#points = points;
    this.#isPlain = isPlainCopy;
    this.#receivedMicros = points.receivedMicros - PG_EPOCH_MICROS;
  }

  /** The message that begins with `row`. */
  message(row: number): Uint8Array {
    const { rows } = this.#view;
    const limit = LIMITS.copyChunkBytes.value;
    const rest = FRAME_BYTES + (rows - row) * (this.#isPlain ? PLAIN_BYTES : TYPED_BYTES);
    this.#bytes = new Uint8Array(Math.min(rest, limit));
    this.#data = new DataView(this.#bytes.buffer);
    this.#at = FRAME_BYTES;
    this.row = row;
    while (this.row < rows && this.#at + TYPED_BYTES <= limit) {
      if (!this.#isPlain) this.#typedRow(this.row);
      else this.#plainRow(this.row, PLAIN.length, true);
      this.row++;
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
