import { type ByteReader, type ByteWriter, chunkDamaged } from './chunk-bytes.ts';
import { readIntegers, writeIntegers } from './chunk-integers.ts';

const MODE_ALIKE = 0;
const MODE_PLANES = 1;
const MODE_SCALED = 2;
// fixed by the format: as many powers of ten as POWERS has
const DIGITS_MAX = 9;
// fixed by the format: differences stay exact in an integer column
const SCALED_MAX = 2 ** 46;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;

let scratch = new Float64Array(1024);

/** Writes a number column: docs/formats/series.md. Keeps the bits of every double. */
export function writeNumbers(writer: ByteWriter, values: Float64Array): void {
  const n = values.length;
  const digits = digitsOf(values);
  if (digits >= 0) {
    const first = Number(values[0]);
    let isAlike = true;
    for (let i = 1; i < n && isAlike; i++) isAlike = values[i] === first;
    if (isAlike) {
      writeAlike(writer, first);
      return;
    }
    writer.byte(MODE_SCALED);
    writer.byte(digits);
    writeIntegers(writer, scratch.subarray(0, n));
    return;
  }
  const words = new Uint32Array(values.buffer, values.byteOffset, n * 2);
  let varied = 0;
  let variedHigh = 0;
  for (let i = 2; i < n * 2; i += 2) {
    varied |= Number(words[i]) ^ Number(words[i - 2]);
    variedHigh |= Number(words[i + 1]) ^ Number(words[i - 1]);
  }
  if (varied === 0 && variedHigh === 0) writeAlike(writer, Number(values[0]), words);
  else writePlanes(writer, words, varied | Number(words[0]), variedHigh | Number(words[1]));
}

function writeAlike(writer: ByteWriter, value: number, words?: Uint32Array): void {
  writer.byte(MODE_ALIKE);
  const start = writer.take(8);
  const view = new DataView(writer.bytes.buffer, start, 8);
  if (words) {
    view.setUint32(0, Number(words[0]), true);
    view.setUint32(4, Number(words[1]), true);
  } else {
    view.setFloat64(0, value, true);
  }
}

/**
 * The least number of decimal digits with which every value is an integer over a power of ten, exactly, and those
 * integers in `scratch`; -1 when there is none that pays.
 */
function digitsOf(values: Float64Array): number {
  const n = values.length;
  if (scratch.length < n) scratch = new Float64Array(n * 2);
  let digits = 0;
  for (let i = 0; i < n; i++) {
    const value = Number(values[i]);
    let scaled = Math.round(value * Number(POWERS[digits]));
    while (scaled / Number(POWERS[digits]) !== value) {
      if (++digits > DIGITS_MAX) return -1;
      scaled = Math.round(value * Number(POWERS[digits]));
    }
    if (!(Math.abs(scaled) < SCALED_MAX) || (value === 0 && Object.is(value, -0))) return -1;
  }
  const power = Number(POWERS[digits]);
  for (let i = 0; i < n; i++) {
    const value = Number(values[i]);
    const scaled = Math.round(value * power);
    if (scaled / power !== value || Math.abs(scaled) >= SCALED_MAX) return -1;
    scratch[i] = scaled;
  }
  return digits;
}

function writePlanes(writer: ByteWriter, words: Uint32Array, low: number, high: number): void {
  const n = words.length / 2;
  let mask = 0;
  for (let k = 0; k < 8; k++) if ((((k < 4 ? low : high) >>> ((k & 3) * 8)) & 0xff) !== 0) mask |= 1 << k;
  writer.byte(MODE_PLANES);
  writer.byte(mask);
  for (let k = 0; k < 8; k++) {
    if ((mask & (1 << k)) === 0) continue;
    const start = writer.take(n);
    const bytes = writer.bytes;
    const shift = (k & 3) * 8;
    let before = 0;
    for (let i = 0, at = k < 4 ? 0 : 1; i < n; i++, at += 2) {
      const word = Number(words[at]);
      bytes[start + i] = (word ^ before) >>> shift;
      before = word;
    }
  }
}

/** Reads doubles of a column written by `writeNumbers` into all of `values`. */
export function readNumbers(reader: ByteReader, values: Float64Array): void {
  const count = values.length;
  const mode = reader.byte();
  if (mode === MODE_ALIKE) {
    const start = reader.take(8);
    const bytes = reader.bytes;
    // filled as bits: a NaN keeps its payload only when no double passes through a variable
    const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 8);
    const low = view.getUint32(0, true);
    const high = view.getUint32(4, true);
    for (let i = 0; i < count * 2; i += 2) {
      words[i] = low;
      words[i + 1] = high;
    }
  } else if (mode === MODE_SCALED) {
    const power = POWERS[reader.byte()];
    if (power === undefined) throw chunkDamaged('it has too many digits');
    readIntegers(reader, count, values);
    if (power !== 1) for (let i = 0; i < count; i++) values[i] = Number(values[i]) / power;
  } else if (mode === MODE_PLANES) {
    values.fill(0);
    readPlanes(reader, new Uint32Array(values.buffer, values.byteOffset, count * 2));
  } else {
    throw chunkDamaged('it has an unknown kind of numbers');
  }
}

function readPlanes(reader: ByteReader, words: Uint32Array): void {
  const n = words.length / 2;
  const mask = reader.byte();
  const bytes = reader.bytes;
  for (let k = 0; k < 8; k++) {
    if ((mask & (1 << k)) === 0) continue;
    const start = reader.take(n);
    const shift = (k & 3) * 8;
    for (let i = 0, at = k < 4 ? 0 : 1; i < n; i++, at += 2) {
      words[at] = Number(words[at]) | (Number(bytes[start + i]) << shift);
    }
  }
  for (let at = 2; at < n * 2; at++) words[at] = Number(words[at]) ^ Number(words[at - 2]);
}
