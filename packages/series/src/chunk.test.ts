import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, zstdCompressSync } from 'node:zlib';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { decodeChunk, decodePack, encodeChunk, encodePack, unpack } from './chunk.ts';
import { ByteReader, ByteWriter } from './chunk-bytes.ts';
import { type ChunkPoints, comparePoints, joinPoints, slicePoints, sortPoints } from './chunk-points.ts';
import { SeriesError } from './errors.ts';
import { TYPE_CODE } from './head.ts';
import { LIMITS } from './limits.ts';

interface Row {
  readonly time: number;
  readonly offset: number;
  readonly ordinal: number;
  readonly bits: bigint;
  readonly text: string;
}

const bits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.integer({ min: -5000, max: 5000 }).map((tenths) => bitsOf(tenths / 10)),
  fc.constantFrom(
    bitsOf(-0),
    bitsOf(0),
    bitsOf(Number.NaN),
    bitsOf(Infinity),
    0x7ff0000000000001n,
    bitsOf(5e-324),
  ),
  fc.double({ noNaN: true }).map(bitsOf),
);

const row = fc.record({
  time: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 51 }),
    fc.integer({ min: 0, max: 100 }).map((second) => 1.7e15 + second * 1e6),
  ),
  offset: fc.oneof(fc.integer({ min: 0, max: 2 ** 51 }), fc.integer({ min: 0, max: 300 })),
  ordinal: fc.integer({ min: 0, max: 65_535 }),
  bits,
  text: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('on', 'off', '\ufeffx', '')),
});

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}

function pointsOf(type: number, rows: readonly Row[]): ChunkPoints {
  const integers = rows.map((one) => (one.bits - 2n ** 63n).toString());
  const doubles = new Float64Array(BigUint64Array.from(rows, (one) => one.bits).buffer);
  return sortPoints({
    type,
    times: Float64Array.from(rows, (one) => one.time),
    offsets: Float64Array.from(rows, (one) => one.offset),
    ordinals: Uint16Array.from(rows, (one) => one.ordinal),
    numbers:
      type === TYPE_CODE.number
        ? doubles
        : type === TYPE_CODE.boolean
          ? Float64Array.from(rows, (one) => Number(one.bits % 2n))
          : type === TYPE_CODE.integer
            ? Float64Array.from(integers, Number)
            : new Float64Array(0),
    texts: type === TYPE_CODE.text ? rows.map((one) => one.text) : type === TYPE_CODE.integer ? integers : [],
  });
}

function assertSame(actual: ChunkPoints, expected: ChunkPoints): void {
  assert.equal(actual.type, expected.type);
  assert.deepEqual([...actual.times], [...expected.times]);
  assert.deepEqual([...actual.offsets], [...expected.offsets]);
  assert.deepEqual([...actual.ordinals], [...expected.ordinals]);
  const words = (one: ChunkPoints) => [
    ...new BigUint64Array(one.numbers.buffer, one.numbers.byteOffset, one.numbers.length),
  ];
  assert.deepEqual(words(actual), words(expected));
  assert.deepEqual(actual.texts, expected.texts);
}

for (const [name, type] of Object.entries(TYPE_CODE)) {
  test(`encodeChunk and decodeChunk keep every bit of points of type ${name}`, () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 120 }), (rows) => {
        const points = pointsOf(type, rows);
        assertSame(decodeChunk(encodeChunk(points)), points);
      }),
      { numRuns: 300 },
    );
  });
}

test('decodeChunk answers every truncation and every flipped byte with chunk-damaged', () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(0, 1, 2, 3),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (rows, type, place, flip) => {
        const blob = encodeChunk(pointsOf(type, rows));
        const isDamaged = (error: unknown) => error instanceof SeriesError && error.code === 'chunk-damaged';
        assert.throws(() => decodeChunk(blob.subarray(0, place % blob.byteLength)), isDamaged);
        const flipped = blob.slice();
        flipped[place % blob.byteLength] = Number(flipped[place % blob.byteLength]) ^ flip;
        assert.throws(() => decodeChunk(flipped), isDamaged);
      },
    ),
    { numRuns: 300 },
  );
});

test('encodeChunk keeps an hour at 1 Hz of jittered full-precision doubles in 12 bytes a point', () => {
  let state = 7;
  const random = () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const n = 3600;
  const points: ChunkPoints = {
    type: TYPE_CODE.number,
    times: Float64Array.from({ length: n }, (_, i) => 1.7e15 + i * 1e6 + Math.floor(random() * 4000)),
    offsets: Float64Array.from({ length: n }, (_, i) => 5000 * i + Math.floor(random() * 200)),
    ordinals: new Uint16Array(n),
    numbers: Float64Array.from({ length: n }, (_, i) => 20 + 5 * Math.sin(i / 900) + random()),
    texts: [],
  };
  assert.ok(encodeChunk(points).byteLength / n <= 12, `${encodeChunk(points).byteLength / n} bytes a point`);
  const tenths = { ...points, numbers: points.numbers.map((value) => Math.round(value * 10) / 10) };
  assert.ok(encodeChunk(tenths).byteLength / n <= 6, `${encodeChunk(tenths).byteLength / n} bytes a point`);
});

test('joinPoints puts the points of several runs in one order', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 60 }), fc.nat(), (rows, place) => {
      const points = pointsOf(TYPE_CODE.integer, rows);
      const cut = 1 + (place % (rows.length - 1));
      const joined = joinPoints([slicePoints(points, cut, rows.length), slicePoints(points, 0, cut)]);
      for (let i = 1; i < rows.length; i++) assert.ok(comparePoints(joined, i - 1, joined, i) <= 0);
      assert.deepEqual([...joined.texts].sort(), [...points.texts].sort());
    }),
  );
});

/** `n` points a second apart whose texts compress well. */
function aTextRun(n: number): ChunkPoints {
  return {
    type: TYPE_CODE.text,
    times: Float64Array.from({ length: n }, (_, i) => 1.7e15 + i * 1e6),
    offsets: Float64Array.from({ length: n }, (_, i) => i),
    ordinals: new Uint16Array(n),
    numbers: new Float64Array(0),
    texts: Array.from({ length: n }, (_, i) => `state ${i} of many that are much alike`),
  };
}

/** The chunk with bytes from `at` on replaced and a checksum that fits. */
function forged(blob: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = blob.slice();
  copy.set(bytes, at);
  return resealed(copy);
}

function resealed(blob: Uint8Array<ArrayBuffer>): Uint8Array {
  new DataView(blob.buffer).setUint32(2, crc32(blob.subarray(6), crc32(blob.subarray(0, 2))), true);
  return blob;
}

/** What stands in a chunk behind its number of points: a length, and a body of `bytes` zeros compressed. */
function claiming(length: number, bytes: number): ByteReader {
  const writer = new ByteWriter();
  writer.varint(length);
  writer.append(zstdCompressSync(new Uint8Array(bytes)));
  return new ByteReader(writer.copy());
}

test('encodeChunk compresses from the 32nd point on, where that makes it smaller', () => {
  const least = LIMITS.zstdPointsMin.value;
  const [few, many] = [encodeChunk(aTextRun(least - 1)), encodeChunk(aTextRun(least))];
  assert.deepEqual([few[1], many[1]], [TYPE_CODE.text, TYPE_CODE.text | 4]);
  assert.ok(many.byteLength < few.byteLength / 2);
  const short = { ...aTextRun(least), texts: Array<string>(least).fill('') };
  assert.equal(encodeChunk(short)[1], TYPE_CODE.text, 'compressing gains nothing');
  for (const points of [aTextRun(least - 1), aTextRun(least), short])
    assertSame(decodeChunk(encodeChunk(points)), points);
});

test('decodeChunk refuses what fits its checksum and is no chunk of one series of this version', () => {
  const blob = encodeChunk(aTextRun(2));
  assertSame(decodeChunk(forged(blob, 0, 1)), aTextRun(2));
  const pack = encodePack({ series: [5], ends: [2], points: aTextRun(2) });
  const faults: Record<string, [Uint8Array, string]> = {
    version: [forged(blob, 0, 2), 'its version is 2 and not 1'],
    pack: [pack, 'it is a pack of many series and not of one'],
    none: [forged(blob, 6, 0), 'it claims 0 points'],
    'too many': [
      resealed(Uint8Array.of(...blob.subarray(0, 6), 0x81, 0x40, ...blob.subarray(7))),
      'it claims 8193 points',
    ],
    longer: [resealed(Uint8Array.of(...blob, 0)), 'bytes follow its end'],
    shorter: [blob.subarray(0, 5), 'it ends early'],
  };
  for (const [what, [bytes, reason]] of Object.entries(faults))
    assert.throws(() => decodeChunk(bytes), { code: 'chunk-damaged', facts: { reason } }, what);
  assert.throws(() => decodePack(blob, 0), hasCode('chunk-damaged'));
  const whole = aTextRun(LIMITS.chunkPointsMax.value);
  assert.equal(decodeChunk(encodeChunk(whole)).times.length, 8192);
});

test('unpack gives a body of the length it claims, and refuses one of another or beyond 64 MiB', () => {
  assert.deepEqual(unpack(claiming(1000, 1000)).bytes, Buffer.alloc(1000));
  for (const length of [0, 999, 1001])
    assert.throws(() => unpack(claiming(length, 1000)), hasCode('chunk-damaged'));
  assert.throws(() => unpack(claiming(2 ** 26 + 1, 1000)), {
    facts: { reason: `its body claims ${2 ** 26 + 1} bytes` },
  });
});
