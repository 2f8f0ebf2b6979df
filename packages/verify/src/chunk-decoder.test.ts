import assert from 'node:assert/strict';
import { globSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { crc32, zstdCompressSync } from 'node:zlib';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import { SeededRandom } from '@skerry/kernel/testing';
import { openSqliteStore } from '@skerry/series/sqlite';
import { aSeal, NOON, type SamplePoint, StepClock } from '@skerry/series/testing';
import { decodeChunk, decodePack } from './chunk-decoder.ts';
import { Damage } from './damage.ts';

/** Writes points of series 1 with the store and gives back its chunks' bytes. */
async function chunksOf(points: readonly SamplePoint[]): Promise<Uint8Array[]> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-chunks-'));
  const needs = { clock: new StepClock(), disk: nodeDisk(), logger: silentLogger, meter: createMeter() };
  {
    await using store = await openSqliteStore(
      { folder: folder.path, retentionClass: 'default' },
      { ...needs, failpoint: noFailpoints, breathe: async () => undefined },
    );
    await store.load();
    const series = [{ id: 1, tenant: 't', project: 'p', device: 'd', metric: 'n' }];
    await store.seal(aSeal(1, points, { series, from: 0, position: 1e9, telemetryPosition: 1e9 }));
  }
  const [path] = globSync(join(folder.path, 'default', '2*.db'));
  using file = new DatabaseSync(String(path), { readOnly: true });
  return file
    .prepare('SELECT body FROM chunks ORDER BY t0, id')
    .all()
    .map(({ body }) => body as Uint8Array);
}

const SHAPES: Readonly<Record<string, (i: number, random: SeededRandom) => number>> = {
  alike: () => 42,
  counting: (i) => i,
  decimals: (i) => (i % 977) / 100,
  negative: (i) => -i * 1.5,
  'wide marks': (_, random) => random.int(2 ** 32 - 1),
  doubles: (_, random) => (random.int(2 ** 30) - 2 ** 29) / 7,
  extremes: (i) => [Number.MAX_VALUE, -0, Number.MIN_VALUE, 2 ** 53 - 1, -(2 ** 53) + 1][i % 5] ?? 0,
};

for (const [shape, valueAt] of Object.entries(SHAPES)) {
  test(`decodeChunk gives back what the store was given: ${shape}`, async () => {
    const random = new SeededRandom(7);
    for (const count of [1, 2, 31, 32, 300, 9_000]) {
      let time = NOON;
      const points: SamplePoint[] = Array.from({ length: count }, (_, i) => {
        time += count % 2 === 0 ? 1_000_000 : random.int(90_000_000);
        return { series: 1, time, value: valueAt(i, random), offset: 3 * i + random.int(2), ordinal: i % 5 };
      });
      const columns = (await chunksOf(points)).map(decodeChunk);
      const found = columns.flatMap(({ times, offsets, ordinals, numbers }) =>
        Array.from(times, (at, i) => [at, offsets[i], ordinals[i], numbers[i]]),
      );
      assert.deepEqual(
        found,
        points.map((point) => [point.time, point.offset, point.ordinal, point.value]),
      );
    }
  });
}

test('decodeChunk finds every flipped bit and every cut', async () => {
  const points = Array.from({ length: 40 }, (_, i) => ({
    series: 1,
    time: NOON + i,
    value: i,
    offset: i,
    ordinal: 0,
  }));
  const [chunk] = await chunksOf(points);
  assert.ok(chunk);
  for (let bit = 0; bit < chunk.byteLength * 8; bit++) {
    const flipped = Uint8Array.from(chunk);
    flipped[bit >> 3] = Number(flipped[bit >> 3]) ^ (1 << (bit & 7));
    assert.throws(() => decodeChunk(flipped), Damage);
  }
  for (let bytes = 0; bytes < chunk.byteLength; bytes++)
    assert.throws(() => decodeChunk(chunk.subarray(0, bytes)), Damage);
});

test('decodePack gives every series its own points, and finds every flipped bit and every cut', async () => {
  const points = Array.from({ length: 120 }, (_, i) => ({
    series: 512 + 7 * (i % 30),
    time: NOON + Math.floor(i / 30) * 1_000,
    value: i / 8,
    offset: i,
    ordinal: i % 3,
  }));
  const [pack] = await chunksOf(points);
  assert.ok(pack);
  const { times, offsets, ordinals, numbers, runs } = decodePack(pack, -3);
  const found = runs.flatMap(({ series, from, to }) =>
    Array.from({ length: to - from }, (_, k) => ({
      series,
      time: times[from + k],
      value: numbers[from + k],
      offset: offsets[from + k],
      ordinal: ordinals[from + k],
    })),
  );
  assert.deepEqual(
    found,
    points.toSorted((a, b) => a.series - b.series || a.time - b.time),
  );
  assert.throws(() => decodeChunk(pack), Damage);
  for (let bit = 0; bit < pack.byteLength * 8; bit++) {
    const flipped = Uint8Array.from(pack);
    flipped[bit >> 3] = Number(flipped[bit >> 3]) ^ (1 << (bit & 7));
    assert.throws(() => decodePack(flipped, -3), Damage);
  }
  for (let bytes = 0; bytes < pack.byteLength; bytes++)
    assert.throws(() => decodePack(pack.subarray(0, bytes), -3), Damage);
});

const PACK_OF_NUMBERS = 0x08;
const COMPRESSED = 0x04;
/** Two points alike: times, offsets and ordinals 1, the numbers 0. */
const TWO_POINTS = `${'0002'.repeat(3)}00${'00'.repeat(8)}`;

/** A chunk of two points by docs/formats/series.md, whose body is written by hand. */
function aChunk(flags: number, body: Uint8Array): Uint8Array {
  const chunk = Buffer.concat([Uint8Array.of(1, flags, 0, 0, 0, 0, 2), body]);
  chunk.writeUInt32LE(crc32(chunk.subarray(6), crc32(chunk.subarray(0, 2))), 2);
  return chunk;
}

/** A pack of two points; `series` is the number of its series and two columns. */
function aPack(series: string, flags = PACK_OF_NUMBERS): Uint8Array {
  return aChunk(flags, Buffer.from(series + TWO_POINTS, 'hex'));
}

function saying(words: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Damage && words.test(error.message);
}

test('decodePack refuses series that are out of their block, out of order or without points, each by itself', () => {
  const runs = decodePack(aPack('020100030501000101'), -1).runs;
  assert.deepEqual(runs, [
    { series: 3, from: 0, to: 1 },
    { series: 5, from: 1, to: 2 },
  ]);
  assert.deepEqual(decodePack(aPack('0100000004'), -2).runs, [{ series: 256, from: 0, to: 2 }]);
  assert.equal(decodePack(aPack('02010000ff01000101'), -1).runs[1]?.series, 255);
  const outOfOrder = {
    'one series twice': '020100030301000101',
    descending: '020100050301000101',
    'below the block': '020101000101000101',
    'above the block': '0202000000000101000101',
    'only one, above the block': '010080040004',
    'only one, below the block': '0100010004',
    'a series without points': '020100030501000200',
  };
  for (const [what, series] of Object.entries(outOfOrder))
    assert.throws(() => decodePack(aPack(series), -1), saying(/are out of order/), what);
  assert.throws(() => decodePack(aPack('020100030501000102'), -1), saying(/have 3 points of 2/));
  assert.throws(() => decodePack(aPack('00'), -1), saying(/claims 0 series/));
  assert.throws(() => decodePack(aPack('8102'), -1), saying(/claims 257 series/));
  assert.throws(() => decodePack(aPack('0100000004', PACK_OF_NUMBERS | 3), -1), saying(/something else/));
});

test('decodeChunk refuses a body of another length than it claims, and bytes behind its last value', () => {
  const body = Buffer.from(TWO_POINTS, 'hex');
  const claiming = (bytes: number): Uint8Array =>
    aChunk(COMPRESSED, Buffer.concat([Uint8Array.of(bytes), zstdCompressSync(body)]));
  assert.equal(decodeChunk(claiming(body.byteLength)).count, 2);
  for (const bytes of [0, body.byteLength - 1, body.byteLength + 1])
    assert.throws(() => decodeChunk(claiming(bytes)), saying(/decompresse[ds]/), `${bytes} bytes`);
  assert.throws(
    () => decodeChunk(aChunk(0, Buffer.concat([body, Uint8Array.of(0)]))),
    saying(/goes on behind/),
  );
});
