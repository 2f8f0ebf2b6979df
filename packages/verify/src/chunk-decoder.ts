import { crc32, zstdDecompressSync } from 'node:zlib';
import { ByteCursor, Damage } from './damage.ts';
import { LIMITS } from './limits.ts';

const COMPRESSED = 4;
const PACK = 8;
const BLOCK_SERIES = 256;
const NUMBERS = 0;

/** The points of a chunk, column by column. */
export interface ChunkColumns {
  readonly count: number;
  readonly times: Float64Array;
  readonly offsets: Float64Array;
  readonly ordinals: Float64Array;
  /** The values of numbers; NaN for every other type. */
  readonly numbers: Float64Array;
}

/** What a pack holds of one series. */
export interface PackRun {
  readonly series: number;
  /** First point in the pack's columns, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Decodes a chunk from docs/formats/series.md alone. Everything that is not as written there is `Damage`. */
export function decodeChunk(blob: Uint8Array): ChunkColumns {
  const { flags, count, body } = openChunk(blob);
  if ((flags & PACK) !== 0) throw new Damage('a chunk of one series is a pack of many');
  return columnsOf(body, count, flags);
}

/** Decodes a pack, whose row has `key` in place of a series, likewise. */
export function decodePack(
  blob: Uint8Array,
  key: number,
): ChunkColumns & { readonly runs: readonly PackRun[] } {
  const { flags, count, body } = openChunk(blob);
  if ((flags & PACK) === 0) throw new Damage('a pack of many series is a chunk of one');
  if ((flags & 3) !== NUMBERS) throw new Damage('a pack holds something else than numbers');
  const length = body.varint();
  if (length < 1 || length > BLOCK_SERIES) throw new Damage(`a pack claims ${length} series`);
  const places = integerColumn(body, length);
  const counts = integerColumn(body, length);
  const first = (-1 - key) * BLOCK_SERIES;
  const runs: PackRun[] = [];
  let to = 0;
  for (let i = 0; i < length; i++) {
    const place = Number(places[i]);
    const from = to;
    to += Number(counts[i]);
    if (place < 0 || place >= BLOCK_SERIES || (i > 0 && place <= Number(places[i - 1])) || to <= from)
      throw new Damage('the series of a pack are out of order');
    runs.push({ series: first + place, from, to });
  }
  if (to !== count) throw new Damage(`the series of a pack have ${to} points of ${count}`);
  return { ...columnsOf(body, count, flags), runs };
}

function openChunk(blob: Uint8Array): { flags: number; count: number; body: ByteCursor } {
  const outer = new ByteCursor(blob);
  if (outer.byte() !== 1) throw new Damage('the version of a chunk is not 1');
  const flags = outer.byte();
  const checksum = outer.bytes.readUInt32LE(outer.skip(4));
  if (crc32(outer.bytes.subarray(6), crc32(outer.bytes.subarray(0, 2))) !== checksum)
    throw new Damage('the checksum of a chunk does not fit');
  const count = outer.varint();
  return { flags, count, body: (flags & COMPRESSED) === 0 ? outer : inflate(outer) };
}

function columnsOf(body: ByteCursor, count: number, flags: number): ChunkColumns {
  const times = integerColumn(body, count);
  const offsets = integerColumn(body, count);
  const ordinals = integerColumn(body, count);
  if ((flags & 3) === NUMBERS) {
    const numbers = numberColumn(body, count);
    if (body.at !== body.bytes.byteLength) throw new Damage('a chunk goes on behind its last value');
    return { count, times, offsets, ordinals, numbers };
  }
  return { count, times, offsets, ordinals, numbers: new Float64Array(count).fill(Number.NaN) };
}

function inflate(outer: ByteCursor): ByteCursor {
  const bytes = outer.varint();
  if (bytes > LIMITS.inflatedBytesMax.value) throw new Damage(`a chunk claims ${bytes} bytes`);
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(outer.bytes.subarray(outer.at), { maxOutputLength: Math.max(1, bytes) });
  } catch (cause) {
    throw new Damage(`a chunk cannot be decompressed: ${String(cause)}`);
  }
  if (plain.byteLength !== bytes)
    throw new Damage(`a chunk decompresses to ${plain.byteLength} bytes and not ${bytes}`);
  return new ByteCursor(plain);
}

function integerColumn(body: ByteCursor, count: number): Float64Array {
  const head = body.byte();
  const width = head & 7;
  const hasDeltas = (head & 8) !== 0;
  const scale = [1, 1_000, 1_000_000][(head >> 4) & 3];
  if (scale === undefined) throw new Damage('a column has an unknown scale');
  const values = new Float64Array(count);
  const first = hasDeltas ? body.zigzag() : 0;
  const kept = hasDeltas ? count - 1 : count;
  const least = kept > 0 ? body.zigzag() : 0;
  const planes = body.view(width * kept);
  let before = first;
  if (hasDeltas) values[0] = first * scale;
  for (let i = 0; i < kept; i++) {
    let value = least;
    for (let k = 0; k < width; k++) value += Number(planes[k * kept + i]) * 2 ** (8 * k);
    if (hasDeltas) {
      before += value;
      values[i + 1] = before * scale;
    } else values[i] = value * scale;
  }
  return values;
}

function numberColumn(body: ByteCursor, count: number): Float64Array {
  const form = body.byte();
  if (form === 0) return new Float64Array(count).fill(body.bytes.readDoubleLE(body.skip(8)));
  if (form === 1) return planesOfDoubles(body, count);
  if (form !== 2) throw new Damage(`a column of numbers has the unknown form ${form}`);
  const power = 10 ** body.byte();
  return integerColumn(body, count).map((value) => value / power);
}

function planesOfDoubles(body: ByteCursor, count: number): Float64Array {
  const mask = body.byte();
  const values = new Float64Array(count);
  const bytes = new Uint8Array(values.buffer);
  for (let k = 0; k < 8; k++) {
    if ((mask & (1 << k)) === 0) continue;
    const plane = body.view(count);
    let bits = 0;
    for (let i = 0; i < count; i++) {
      bits ^= Number(plane[i]);
      bytes[i * 8 + k] = bits;
    }
  }
  return values;
}
