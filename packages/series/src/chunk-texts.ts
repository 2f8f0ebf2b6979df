import { type ByteReader, type ByteWriter, chunkDamaged } from './chunk-bytes.ts';
import { readIntegers, writeIntegers } from './chunk-integers.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Writes 0 and 1 as bits, lowest first. */
export function writeBits(writer: ByteWriter, values: Float64Array): void {
  const start = writer.take(Math.ceil(values.length / 8));
  writer.bytes.fill(0, start, writer.length);
  for (let i = 0; i < values.length; i++) {
    const at = start + (i >> 3);
    if (values[i] !== 0) writer.bytes[at] = Number(writer.bytes[at]) | (1 << (i & 7));
  }
}

/** Reads `count` bits as 0 and 1. */
export function readBits(reader: ByteReader, count: number): Float64Array<ArrayBuffer> {
  const start = reader.take(Math.ceil(count / 8));
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = (Number(reader.bytes[start + (i >> 3)]) >> (i & 7)) & 1;
  return values;
}

/** Writes texts as a list of the distinct ones and places in it. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  const places = new Map<string, number>();
  const distinct: Uint8Array[] = [];
  const column = texts.map((text) => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, distinct.length);
    return distinct.push(encoder.encode(text)) - 1;
  });
  writer.varint(distinct.length);
  for (const bytes of distinct) writer.varint(bytes.byteLength);
  for (const bytes of distinct) writer.append(bytes);
  writeIntegers(writer, column);
}

/** Reads `count` texts written by `writeTexts`. */
export function readTexts(reader: ByteReader, count: number): string[] {
  const lengths: number[] = [];
  const distinctCount = reader.varint();
  if (distinctCount > count) throw chunkDamaged('it has more texts than points');
  for (let i = 0; i < distinctCount; i++) lengths.push(reader.varint());
  const distinct = lengths.map((length) => {
    const start = reader.take(length);
    try {
      return decoder.decode(reader.bytes.subarray(start, start + length));
    } catch (cause) {
      throw chunkDamaged('a text is not UTF-8', cause);
    }
  });
  const places = new Float64Array(count);
  readIntegers(reader, count, places);
  return Array.from(places, (place) => {
    const text = distinct[place];
    if (text === undefined) throw chunkDamaged('a text is missing');
    return text;
  });
}
