import { type ByteReader, type ByteWriter, chunkDamaged } from './chunk-bytes.ts';

const SCALES = [1, 1_000, 1_000_000] as const;
const DELTAS = 0x08;
// fixed by arithmetic: 24 bits fit into an integer that can be shifted
const NARROW_BYTES = 3;

/** Anything indexed that holds numbers. */
export interface Numbers {
  readonly length: number;
  readonly [index: number]: number;
}

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
    for (let i = 0; i < values.length && fits; i++)
      fits = Math.floor(Number(values[i]) / scale) * scale === values[i]; // exact, and % of doubles is slow
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
  if (width <= NARROW_BYTES) {
    writeNarrow(bytes, start, values, width, scale, least, from);
    return;
  }
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

/** As above for what fits into three bytes: shifts instead of divisions. */
function writeNarrow(
  bytes: Uint8Array,
  start: number,
  values: Numbers,
  width: number,
  scale: number,
  least: number,
  from: number,
): void {
  const count = values.length - from;
  let before = from === 1 ? Number(values[0]) : 0;
  for (let i = 0; i < count; i++) {
    const value = Number(values[i + from]);
    const rest = ((value - before - least) / scale) | 0;
    if (from === 1) before = value;
    const at = start + i;
    bytes[at] = rest;
    if (width > 1) bytes[at + count] = rest >>> 8;
    if (width > 2) bytes[at + 2 * count] = rest >>> 16;
  }
}

/** Reads `count` integers of a column written by `writeIntegers` into `into`. */
export function readIntegers(reader: ByteReader, count: number, into: Float64Array | Uint16Array): void {
  const head = reader.byte();
  const width = head & 0x07;
  const scale = SCALES[head >> 4];
  if (scale === undefined) throw chunkDamaged('it has an unknown scale');
  const isDeltas = (head & DELTAS) !== 0;
  const first = reader.zigzag() * scale;
  if (isDeltas && count === 1) {
    into[0] = first;
    return;
  }
  const least = isDeltas ? reader.zigzag() * scale : first;
  const kept = isDeltas ? count - 1 : count;
  if (width === 0) {
    for (let i = 0, value = first; i < count; i++, value += isDeltas ? least : 0) into[i] = value;
    return;
  }
  const values = readPlanes(reader, kept, width);
  if (isDeltas) {
    let value = first;
    into[0] = value;
    for (let i = 0; i < kept; i++) {
      value += least + Number(values[i]) * scale;
      into[i + 1] = value;
    }
  } else {
    for (let i = 0; i < kept; i++) into[i] = least + Number(values[i]) * scale;
  }
}

let planes = new Float64Array(1024);

/** The sums of the planes, in memory that the next call uses again. */
function readPlanes(reader: ByteReader, count: number, width: number): Float64Array {
  if (planes.length < count) planes = new Float64Array(count * 2);
  const values = planes;
  const bytes = reader.bytes;
  const start = reader.take(width * count);
  if (width <= NARROW_BYTES) {
    const second = start + count;
    const third = second + count;
    for (let i = 0; i < count; i++) {
      let value = Number(bytes[start + i]);
      if (width > 1) value |= Number(bytes[second + i]) << 8;
      if (width > 2) value |= Number(bytes[third + i]) << 16;
      values[i] = value;
    }
    return values;
  }
  values.fill(0, 0, count);
  for (let k = 0, factor = 1; k < width; k++, factor *= 256) {
    const at = start + k * count;
    for (let i = 0; i < count; i++) values[i] = Number(values[i]) + Number(bytes[at + i]) * factor;
  }
  return values;
}
