import { type ByteReader, type ByteWriter, chunkDamaged } from './chunk-bytes.ts';

const SCALES = [1, 1_000, 1_000_000] as const;
const DELTAS = 0x08;

/** Anything indexed that holds numbers. */
export interface Numbers {
  readonly length: number;
  readonly [index: number]: number;
}

/** Largest absolute value an integer column holds. */
export const COLUMN_INTEGER_MAX = 2 ** 51;

/**
 * Writes an integer column: docs/formats/series.md. Picks scale, deltas or values, and the width, by size.
 * `values` are integers within ±2^51, at least one.
 */
export function writeIntegers(writer: ByteWriter, values: Numbers, canScale = false): void {
  const n = values.length;
  const scaleIndex = canScale ? scaleOf(values) : 0;
  const scale = Number(SCALES[scaleIndex]);
  let least = Infinity;
  let most = -Infinity;
  let leastDelta = Infinity;
  let mostDelta = -Infinity;
  let before = 0;
  for (let i = 0; i < n; i++) {
    const value = Number(values[i]);
    if (value < least) least = value;
    if (value > most) most = value;
    if (i > 0) {
      const delta = value - before;
      if (delta < leastDelta) leastDelta = delta;
      if (delta > mostDelta) mostDelta = delta;
    }
    before = value;
  }
  const plain = widthOf((most - least) / scale);
  const deltas = n === 1 ? 0 : widthOf((mostDelta - leastDelta) / scale);
  if (deltas < plain) {
    writer.byte(deltas | DELTAS | (scaleIndex << 4));
    writer.zigzag(Number(values[0]) / scale);
    if (n > 1) writer.zigzag(leastDelta / scale);
    writePlanes(writer, values, deltas, scale, leastDelta, 1);
  } else {
    writer.byte(plain | (scaleIndex << 4));
    writer.zigzag(least / scale);
    writePlanes(writer, values, plain, scale, least, 0);
  }
}

function scaleOf(values: Numbers): number {
  for (let index = SCALES.length - 1; index > 0; index--) {
    const scale = Number(SCALES[index]);
    let fits = true;
    for (let i = 0; i < values.length && fits; i++) fits = Number(values[i]) % scale === 0;
    if (fits) return index;
  }
  return 0;
}

function widthOf(range: number): number {
  let width = 0;
  for (let rest = range; rest >= 1; rest = Math.floor(rest / 256)) width++;
  return width;
}

/** `from` is 0 for values, 1 for deltas to the neighbour before. */
function writePlanes(
  writer: ByteWriter,
  values: Numbers,
  width: number,
  scale: number,
  least: number,
  from: number,
): void {
  if (width === 0) return;
  const count = values.length - from;
  const start = writer.take(width * count);
  const bytes = writer.bytes;
  let before = from === 1 ? Number(values[0]) : 0;
  for (let i = 0; i < count; i++) {
    const value = Number(values[i + from]);
    let rest = value - before - least;
    if (scale !== 1) rest /= scale;
    if (from === 1) before = value;
    for (let at = start + i, k = 0; k < width; k++, at += count) {
      const above = Math.floor(rest / 256);
      bytes[at] = rest - above * 256;
      rest = above;
    }
  }
}

/** Reads `count` integers of a column written by `writeIntegers` into `into`. */
export function readIntegers(reader: ByteReader, count: number, into: { [index: number]: number }): void {
  const head = reader.byte();
  const width = head & 0x07;
  const scale = SCALES[head >> 4];
  if (scale === undefined) throw chunkDamaged('it has an unknown scale');
  if ((head & DELTAS) === 0) {
    const least = reader.zigzag() * scale;
    const start = reader.take(width * count);
    for (let i = 0; i < count; i++) into[i] = least + plane(reader.bytes, start + i, count, width) * scale;
    return;
  }
  let value = reader.zigzag() * scale;
  into[0] = value;
  if (count === 1) return;
  const least = reader.zigzag() * scale;
  const kept = count - 1;
  const start = reader.take(width * kept);
  for (let i = 0; i < kept; i++) {
    value += least + plane(reader.bytes, start + i, kept, width) * scale;
    into[i + 1] = value;
  }
}

function plane(bytes: Uint8Array, start: number, stride: number, width: number): number {
  let value = 0;
  let factor = 1;
  for (let k = 0, at = start; k < width; k++, at += stride) {
    value += Number(bytes[at]) * factor;
    factor *= 256;
  }
  return value;
}
