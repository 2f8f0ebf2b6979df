import { crc32 } from 'node:zlib';
import { addSums, boundedSum } from './bounded-sum.ts';
import { unpack } from './chunk.ts';
import { ByteReader, chunkDamaged } from './chunk-bytes.ts';
import { readIntegers } from './chunk-integers.ts';
import { readNumbers } from './chunk-numbers.ts';
import { MinuteColumns } from './minute-columns.ts';

/** Width of the buckets kept, in microseconds: one minute and one hour. */
export const ROLLUP_STEPS = [60_000_000, 3_600_000_000] as const;

const MINUTE = ROLLUP_STEPS[0];
const VERSION = 1;
const HEADER_BYTES = 5;
// fixed by the format: a block of series in one seal stays far below, so more is damage
const ROWS_MAX = 2 ** 22;

/** Sums of one series over one stretch of time. `first` and `last` by time, then offset. */
export interface RollupRow {
  readonly series: number;
  readonly start: number;
  count: number;
  min: number;
  max: number;
  sum: number;
  first: number;
  last: number;
  firstTime: number;
  lastTime: number;
  firstOffset: number;
  lastOffset: number;
}

/** Adds `from` into `into`: the same series, any two stretches. */
export function addRow(into: RollupRow, from: RollupRow): void {
  into.count += from.count;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  into.sum = addSums(into.sum, from.sum);
  if (
    from.firstTime < into.firstTime ||
    (from.firstTime === into.firstTime && from.firstOffset < into.firstOffset)
  ) {
    into.first = from.first;
    into.firstTime = from.firstTime;
    into.firstOffset = from.firstOffset;
  }
  if (
    from.lastTime > into.lastTime ||
    (from.lastTime === into.lastTime && from.lastOffset >= into.lastOffset)
  ) {
    into.last = from.last;
    into.lastTime = from.lastTime;
    into.lastOffset = from.lastOffset;
  }
}

/** Rows of one series by start at `stepMicros`, those of one start added up, ascending. */
export function combineRows(rows: readonly RollupRow[], stepMicros: number): RollupRow[] {
  const byStart = new Map<number, RollupRow>();
  for (const row of rows) {
    const start = Math.floor(row.start / stepMicros) * stepMicros;
    const known = byStart.get(start);
    if (known) addRow(known, row);
    else byStart.set(start, { ...row, start });
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

/** Encodes rows, at least one: docs/formats/series.md. */
export function encodeRollup(rows: readonly RollupRow[]): Uint8Array<ArrayBuffer> {
  const columns = new MinuteColumns();
  for (const row of rows) columns.addRow(row);
  return columns.encode();
}

/** Decodes what `encodeRollup` made. Anything else fails with `chunk-damaged`. */
export function decodeRollup(blob: Uint8Array): RollupRow[] {
  if (blob.byteLength < HEADER_BYTES) throw chunkDamaged('it ends early');
  const stored = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(1, true);
  if (stored !== crc32(blob.subarray(HEADER_BYTES))) throw chunkDamaged('its checksum does not fit');
  if (blob[0] !== VERSION) throw chunkDamaged(`its version is ${blob[0]} and not ${VERSION}`);
  const outer = new ByteReader(blob, HEADER_BYTES);
  const n = outer.varint();
  if (n < 1 || n > ROWS_MAX) throw chunkDamaged(`it claims ${n} buckets`);
  const reader = unpack(outer);
  const integers = () => {
    const values = new Float64Array(n);
    readIntegers(reader, n, values);
    return values;
  };
  const numbers = () => {
    const values = new Float64Array(n);
    readNumbers(reader, values);
    return values;
  };
  const heads = [integers(), integers(), integers()];
  const doubles = [numbers(), numbers(), numbers(), numbers(), numbers()];
  const tails = [integers(), integers(), integers(), integers()];
  if (reader.at !== reader.bytes.byteLength) throw chunkDamaged('bytes follow its end');
  return Array.from({ length: n }, (_, i) => {
    const start = Number(heads[1]?.[i]) * MINUTE;
    return {
      series: Number(heads[0]?.[i]),
      start,
      count: Number(heads[2]?.[i]),
      min: Number(doubles[0]?.[i]),
      max: Number(doubles[1]?.[i]),
      sum: boundedSum(Number(doubles[2]?.[i])),
      first: Number(doubles[3]?.[i]),
      last: Number(doubles[4]?.[i]),
      firstTime: start + Number(tails[0]?.[i]),
      lastTime: start + Number(tails[1]?.[i]),
      firstOffset: Number(tails[2]?.[i]),
      lastOffset: Number(tails[3]?.[i]),
    };
  });
}
