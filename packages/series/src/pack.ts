import type { ByteReader, ByteWriter } from './chunk-bytes.ts';
import { chunkDamaged } from './chunk-bytes.ts';
import { readIntegers, writeIntegers } from './chunk-integers.ts';
import { type ChunkPoints, slicePoints } from './chunk-points.ts';
import { TYPE_CODE } from './head.ts';
import { LIMITS } from './limits.ts';

/** Series of one block are neighbours by id; they share packs and rows of rollups: docs/formats/series.md. */
export const BLOCK_SERIES = 256;

/** Points of several series of one block, numbers all, in the order (series, time, offset, ordinal). */
export interface PackPoints {
  /** Ascending. */
  readonly series: readonly number[];
  /** By place in `series`: where its points end. */
  readonly ends: readonly number[];
  readonly points: ChunkPoints;
}

/** The block of a series. */
export function blockOf(series: number): number {
  return Math.floor(series / BLOCK_SERIES);
}

/** What stands in place of a series in the row of a pack. */
export function packKey(block: number): number {
  return -1 - block;
}

/** The block of a row's key, which is negative. */
export function blockOfKey(key: number): number {
  return -1 - key;
}

/** The points of one series in a pack, sharing its memory; undefined when it has none. */
export function pickSeries(pack: PackPoints, series: number): ChunkPoints | undefined {
  const place = pack.series.indexOf(series);
  if (place < 0) return undefined;
  return slicePoints(pack.points, pack.ends[place - 1] ?? 0, Number(pack.ends[place]));
}

/** The points of a pack by series, sharing its memory. */
export function* runsOfPack(pack: PackPoints): Generator<{ readonly series: number; points: ChunkPoints }> {
  let start = 0;
  for (const [place, series] of pack.series.entries()) {
    const end = Number(pack.ends[place]);
    yield { series, points: slicePoints(pack.points, start, end) };
    start = end;
  }
}

/** Gathers points of series of one block, ascending, until they make a pack. Its memory is used again after `clear`. */
export class PackBuilder {
  readonly #times = new Float64Array(LIMITS.chunkPointsMax.value);
  readonly #offsets = new Float64Array(LIMITS.chunkPointsMax.value);
  readonly #ordinals = new Uint16Array(LIMITS.chunkPointsMax.value);
  readonly #numbers = new Float64Array(LIMITS.chunkPointsMax.value);
  readonly #series: number[] = [];
  readonly #ends: number[] = [];
  #length = 0;

  /** Points so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether so many more points fit. */
  hasRoom(points: number): boolean {
    return this.#length + points <= LIMITS.chunkPointsMax.value;
  }

  /** Adds a series with its sorted points [start, end) of these columns; the caller asked `hasRoom`. */
  add(series: number, from: Omit<ChunkPoints, 'type' | 'texts'>, start: number, end: number): void {
    let at = this.#length;
    for (let i = start; i < end; i++, at++) {
      this.#times[at] = Number(from.times[i]);
      this.#offsets[at] = Number(from.offsets[i]);
      this.#ordinals[at] = Number(from.ordinals[i]);
      this.#numbers[at] = Number(from.numbers[i]);
    }
    this.#length = at;
    this.#series.push(series);
    this.#ends.push(at);
  }

  /** What was gathered, in memory that the next points overwrite. */
  pack(): PackPoints {
    const n = this.#length;
    return {
      series: this.#series,
      ends: this.#ends,
      points: {
        type: TYPE_CODE.number,
        times: this.#times.subarray(0, n),
        offsets: this.#offsets.subarray(0, n),
        ordinals: this.#ordinals.subarray(0, n),
        numbers: this.#numbers.subarray(0, n),
        texts: [],
      },
    };
  }

  /** Forgets everything. */
  clear(): void {
    this.#length = 0;
    this.#series.length = 0;
    this.#ends.length = 0;
  }
}

/** Writes which series a pack holds, and how many points of each. */
export function writePackHead(writer: ByteWriter, { series, ends }: PackPoints): void {
  const first = blockOf(Number(series[0])) * BLOCK_SERIES;
  writer.varint(series.length);
  writeIntegers(
    writer,
    series.map((id) => id - first),
  );
  writeIntegers(
    writer,
    ends.map((end, place) => end - (ends[place - 1] ?? 0)),
  );
}

/** Reads what `writePackHead` wrote, of a pack of `count` points. */
export function readPackHead(
  reader: ByteReader,
  block: number,
  count: number,
): Pick<PackPoints, 'series' | 'ends'> {
  const length = reader.varint();
  if (length < 1 || length > BLOCK_SERIES) throw chunkDamaged(`it claims ${length} series`);
  const places = new Float64Array(length);
  const counts = new Float64Array(length);
  readIntegers(reader, length, places);
  readIntegers(reader, length, counts);
  const ends: number[] = [];
  let end = 0;
  for (let i = 0; i < length; i++) {
    const place = Number(places[i]);
    const own = Number(counts[i]);
    if (place < 0 || place >= BLOCK_SERIES || (i > 0 && place <= Number(places[i - 1])) || own < 1)
      throw chunkDamaged('its series are out of order');
    end += own;
    ends.push(end);
  }
  if (end !== count) throw chunkDamaged(`its series have ${end} points of ${count}`);
  return { series: Array.from(places, (place) => block * BLOCK_SERIES + place), ends };
}
