import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter, chunkDamaged } from './chunk-bytes.ts';
import { readIntegers, writeIntegers } from './chunk-integers.ts';
import { readNumbers, writeNumbers } from './chunk-numbers.ts';
import type { ChunkPoints } from './chunk-points.ts';
import { readBits, readTexts, writeBits, writeTexts } from './chunk-texts.ts';
import { TYPE_CODE } from './head.ts';
import { LIMITS } from './limits.ts';
import { type PackPoints, readPackHead, writePackHead } from './pack.ts';

const VERSION = 1;
const COMPRESSED = 0x04;
const PACK = 0x08;
const HEADER_BYTES = 6;
// fixed by the format: a whole chunk of texts stays far below, so more is damage
const BODY_BYTES_MAX = 64 * 2 ** 20;
const ZSTD_FAST = { [constants.ZSTD_c_compressionLevel]: 1 };

const body = new ByteWriter();
const whole = new ByteWriter();

/**
 * Encodes sorted points of one series and type, at least one and at most `chunkPointsMax`: docs/formats/series.md.
 * Times and offsets are integers from 0 to 2^51. The caller owns the result.
 */
export function encodeChunk(points: ChunkPoints): Uint8Array<ArrayBuffer> {
  body.reset();
  writeBody(points);
  return seal(points.type, points.times.length);
}

/** Encodes points of several series of one block, at least one and at most `chunkPointsMax`, as `encodeChunk` does. */
export function encodePack(pack: PackPoints): Uint8Array<ArrayBuffer> {
  body.reset();
  writePackHead(body, pack);
  writeBody(pack.points);
  return seal(pack.points.type | PACK, pack.points.times.length);
}

function writeBody(points: ChunkPoints): void {
  writeIntegers(body, points.times, true);
  writeIntegers(body, points.offsets);
  writeIntegers(body, points.ordinals);
  if (points.type === TYPE_CODE.number) writeNumbers(body, points.numbers);
  else if (points.type === TYPE_CODE.boolean) writeBits(body, points.numbers);
  else writeTexts(body, points.texts);
}

/** Closes the body as a chunk of `n` points. */
function seal(flags: number, n: number): Uint8Array<ArrayBuffer> {
  const plain = body.bytes.subarray(0, body.length);
  const packed = n >= LIMITS.zstdPointsMin.value ? compress(plain) : plain;
  const isPacked = packed.byteLength < plain.byteLength;
  whole.reset();
  whole.byte(VERSION);
  whole.byte(flags | (isPacked ? COMPRESSED : 0));
  whole.take(4);
  whole.varint(n);
  if (isPacked) whole.varint(plain.byteLength);
  whole.append(isPacked ? packed : plain);
  const blob = whole.copy();
  new DataView(blob.buffer).setUint32(2, checksumOf(blob), true);
  return blob;
}

/** Columns into which one chunk after the other is decoded by somebody who keeps none of them. */
export class ChunkScratch {
  readonly times = new Float64Array(LIMITS.chunkPointsMax.value);
  readonly offsets = new Float64Array(LIMITS.chunkPointsMax.value);
  readonly ordinals = new Uint16Array(LIMITS.chunkPointsMax.value);
  readonly numbers = new Float64Array(LIMITS.chunkPointsMax.value);
}

/**
 * Decodes what `encodeChunk` made. Anything else fails with `chunk-damaged`. The points own their memory, or lie in
 * `scratch` until it is used again.
 */
export function decodeChunk(blob: Uint8Array, scratch?: ChunkScratch): ChunkPoints {
  const { flags, n, outer } = open(blob);
  if ((flags & PACK) !== 0) throw chunkDamaged('it is a pack of many series and not of one');
  return readBody((flags & COMPRESSED) === 0 ? outer : unpack(outer), flags & 0x03, n, scratch);
}

/** Decodes what `encodePack` made of series of `block`. Anything else fails with `chunk-damaged`. */
export function decodePack(blob: Uint8Array, block: number, scratch?: ChunkScratch): PackPoints {
  const { flags, n, outer } = open(blob);
  if ((flags & PACK) === 0) throw chunkDamaged('it is of one series and not a pack of many');
  const reader = (flags & COMPRESSED) === 0 ? outer : unpack(outer);
  return { ...readPackHead(reader, block, n), points: readBody(reader, flags & 0x03, n, scratch) };
}

function open(blob: Uint8Array): { readonly flags: number; readonly n: number; readonly outer: ByteReader } {
  if (blob.byteLength < HEADER_BYTES) throw chunkDamaged('it ends early');
  const stored = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(2, true);
  if (stored !== checksumOf(blob)) throw chunkDamaged('its checksum does not fit');
  if (blob[0] !== VERSION) throw chunkDamaged(`its version is ${blob[0]} and not ${VERSION}`);
  const outer = new ByteReader(blob, HEADER_BYTES);
  const n = outer.varint();
  if (n < 1 || n > LIMITS.chunkPointsMax.value) throw chunkDamaged(`it claims ${n} points`);
  return { flags: Number(blob[1]), n, outer };
}

function readBody(reader: ByteReader, type: number, n: number, scratch?: ChunkScratch): ChunkPoints {
  const times = scratch?.times.subarray(0, n) ?? new Float64Array(n);
  const offsets = scratch?.offsets.subarray(0, n) ?? new Float64Array(n);
  const ordinals = scratch?.ordinals.subarray(0, n) ?? new Uint16Array(n);
  readIntegers(reader, n, times);
  readIntegers(reader, n, offsets);
  readIntegers(reader, n, ordinals);
  let numbers: Float64Array = new Float64Array(0);
  let texts: readonly string[] = [];
  if (type === TYPE_CODE.number) {
    numbers = scratch?.numbers.subarray(0, n) ?? new Float64Array(n);
    readNumbers(reader, numbers);
  } else if (type === TYPE_CODE.boolean) numbers = readBits(reader, n);
  else texts = readTexts(reader, n);
  if (type === TYPE_CODE.integer) numbers = Float64Array.from(texts, Number);
  if (reader.at !== reader.bytes.byteLength) throw chunkDamaged('bytes follow its end');
  return { type, times, offsets, ordinals, numbers, texts };
}

/** Reads the length and the compressed rest behind it. */
export function unpack(outer: ByteReader): ByteReader {
  const length = outer.varint();
  if (length > BODY_BYTES_MAX) throw chunkDamaged(`its body claims ${length} bytes`);
  try {
    const packed = outer.bytes.subarray(outer.at);
    // one output buffer of the right size instead of many of 64 KiB
    const plain = zstdDecompressSync(packed, {
      maxOutputLength: Math.max(1, length),
      chunkSize: length + 64,
    });
    if (plain.byteLength !== length) throw chunkDamaged('its body has another length than it claims');
    return new ByteReader(plain);
  } catch (cause) {
    throw chunkDamaged('its body cannot be decompressed', cause);
  }
}

function compress(plain: Uint8Array): Uint8Array {
  return zstdCompressSync(plain, { params: ZSTD_FAST, chunkSize: plain.byteLength + 128 });
}

function checksumOf(blob: Uint8Array): number {
  return crc32(blob.subarray(HEADER_BYTES), crc32(blob.subarray(0, 2)));
}
