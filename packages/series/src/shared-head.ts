import assert from 'node:assert/strict';
import type { PointValue } from '@skerry/model';
import { type Head, type HeadColumns, type HeadView, TYPE_CODE } from './head.ts';
import { LIMITS } from './limits.ts';

const PLACE = 2 ** 20;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A head over shared memory for `rowsMax` rows (31 bytes each) and `textBytesMax` bytes of texts and exact integers.
 * One writer; readers on other threads read rows below the count they were given.
 */
export function createHead(rowsMax: number, textBytesMax: number): Head {
  return new SharedHead(rowsMax, textBytesMax);
}

/** The value in `row`. */
export function headValue(columns: HeadColumns, row: number): PointValue {
  const type = columns.type[row];
  const value = Number(columns.value[row]);
  if (type === TYPE_CODE.number) return value;
  if (type === TYPE_CODE.boolean) return value !== 0;
  const text = headText(columns, value);
  return type === TYPE_CODE.integer ? BigInt(text) : text;
}

/** The text, or the decimal digits of the exact integer, at `place`, a value of `HeadColumns.value`. */
export function headText(columns: HeadColumns, place: number): string {
  const start = Math.floor(place / PLACE);
  return decoder.decode(columns.text.subarray(start, start + (place % PLACE)));
}

/** Bytes of text that `value` takes in a head. */
export function textBytesOf(value: PointValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return typeof value === 'bigint' ? value.toString().length : 0;
}

/** A view of the rows that `head` holds now, to be sealed as `sealNumber`. */
export function viewOf(head: Head, sealNumber: number): HeadView {
  return { sealNumber, rows: head.rows, columns: head.columns };
}

class SharedHead implements Head {
  readonly columns: HeadColumns;
  readonly rowsMax: number;
  readonly #textBytesMax: number;
  rows = 0;
  textBytes = 0;

  constructor(rowsMax: number, textBytesMax: number) {
    this.rowsMax = rowsMax;
    this.#textBytesMax = textBytesMax;
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    this.columns = {
      series: new Int32Array(shared(rowsMax * 4)),
      time: new Float64Array(shared(rowsMax * 8)),
      value: new Float64Array(shared(rowsMax * 8)),
      type: new Uint8Array(shared(rowsMax)),
      offset: new Float64Array(shared(rowsMax * 8)),
      ordinal: new Uint16Array(shared(rowsMax * 2)),
      text: new Uint8Array(shared(textBytesMax)),
    };
  }

  hasRoom(points: number, textBytes: number): boolean {
    return this.rows + points <= this.rowsMax && this.textBytes + textBytes <= this.#textBytesMax;
  }

  append(series: number, timeMicros: number, value: PointValue, offset: number, ordinal: number): void {
    const columns = this.columns;
    const row = this.rows;
    columns.series[row] = series;
    columns.time[row] = timeMicros;
    columns.offset[row] = offset;
    columns.ordinal[row] = ordinal;
    if (typeof value === 'number') {
      columns.type[row] = TYPE_CODE.number;
      columns.value[row] = value;
    } else if (typeof value === 'boolean') {
      columns.type[row] = TYPE_CODE.boolean;
      columns.value[row] = value ? 1 : 0;
    } else {
      columns.type[row] = typeof value === 'string' ? TYPE_CODE.text : TYPE_CODE.integer;
      columns.value[row] = this.#keepText(String(value));
    }
    this.rows = row + 1;
  }

  appendNumbers(
    series: Int32Array,
    values: Float64Array,
    start: number,
    end: number,
    timeMicros: number,
    offset: number,
  ): void {
    const columns = this.columns;
    let row = this.rows;
    for (let i = start; i < end; i++, row++) {
      columns.series[row] = Number(series[i]);
      columns.time[row] = timeMicros;
      columns.value[row] = Number(values[i]);
      columns.type[row] = TYPE_CODE.number;
      columns.offset[row] = offset;
      columns.ordinal[row] = i;
    }
    this.rows = row;
  }

  clear(): void {
    this.rows = 0;
    this.textBytes = 0;
  }

  #keepText(text: string): number {
    const start = this.textBytes;
    const { read, written } = encoder.encodeInto(text, this.columns.text.subarray(start));
    if (read !== text.length || written > LIMITS.headTextBytesMax.value) {
      const wanted = Buffer.byteLength(text);
      const room = Math.min(LIMITS.headTextBytesMax.value, this.#textBytesMax - start);
      assert.fail(`a text of ${wanted} bytes is to be kept in the head and ${room} fit`);
    }
    this.textBytes = start + written;
    return start * PLACE + written;
  }
}
